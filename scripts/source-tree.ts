import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { codeOf } from './source-text.ts'

/** Something to put right, at a line of a file (relative to the repository). */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly text: string
}

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  /** The text without what is not code; see `codeOf`. */
  readonly code: string
  /** A test, or what only tests use: `*.test.ts`, and everything in a folder `test`, `testing` or `fixtures`. */
  readonly isTest: boolean
}

/** A workspace of npm: a folder with a package.json and source files. */
export interface Part {
  readonly folder: string
  readonly name: string
  readonly manifest: string
  readonly dependencies: readonly string[]
  readonly devDependencies: readonly string[]
  readonly files: readonly SourceFile[]
}

const Names = z.record(z.string(), z.string()).default({})
const Manifest = z.object({
  name: z.string(),
  dependencies: Names,
  optionalDependencies: Names,
  peerDependencies: Names,
  devDependencies: Names,
})

/** All parts of the repository at `root`, by its folders `packages/*`, `plugins/*` and `testkit`. */
export function readParts(root: string): Part[] {
  const below = (folder: string) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : []
  return [...below('packages'), ...below('plugins'), 'testkit']
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => readPart(root, folder))
}

/** Names that the root's package.json has as development dependencies: tests and testkit may use them undeclared. */
export function readDevelopmentDependencies(root: string): string[] {
  return Object.keys(Manifest.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).devDependencies)
}

/** The paths of all files below a folder, in order, without what is installed or built. */
export function filesBelow(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .flatMap((entry) => {
      const path = folder === '.' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : filesBelow(root, path)
      return entry.isFile() ? [path] : []
    })
}

/** The TypeScript files below a folder. */
export function readSources(root: string, folder: string): SourceFile[] {
  return filesBelow(root, folder)
    .filter((path) => /\.(?:ts|tsx|mts)$/.test(path))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, code: codeOf(text), isTest: isTest(path) }
    })
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$|\/(?:test|testing|fixtures)\//.test(path)
}

const LEFT_OUT = new Set(['node_modules', 'dist', 'coverage', '.git'])

function readPart(root: string, folder: string): Part {
  const manifest = readFileSync(join(root, folder, 'package.json'), 'utf8')
  const { name, dependencies, optionalDependencies, peerDependencies, devDependencies } = Manifest.parse(
    JSON.parse(manifest),
  )
  return {
    folder,
    name,
    manifest,
    dependencies: Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }),
    devDependencies: Object.keys(devDependencies),
    files: readSources(root, folder),
  }
}
