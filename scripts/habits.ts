import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lineAt } from './source-text.ts'
import { filesBelow, type Part, type Problem, readSources, type SourceFile } from './source-tree.ts'

const LONGEST_FILE = 350

interface Habit {
  readonly pattern: RegExp
  readonly text: string
}

const everywhere: readonly Habit[] = [
  {
    pattern: /\bas\s+any\b|:\s*any\b|<any\b/g,
    text: '`any` turns the types off: use `unknown` and parse, or the real type',
  },
]

const inProducts: readonly Habit[] = [
  {
    pattern: /\.\.\.\s*process\s*\.\s*env\b/g,
    text: 'the whole environment is handed on: name the variables, it may hold secrets',
  },
]

/** Habits that neither the compiler nor Biome sees. */
export function checkHabits(parts: readonly Part[]): Problem[] {
  return parts.flatMap((part) =>
    part.files.flatMap((file) => {
      const isProduct = part.folder !== 'testkit' && !file.isTest
      return [...everywhere, ...(isProduct ? inProducts : [])].flatMap((habit) => found(habit, file.path, file.code))
    }),
  )
}

/** Paths of the machine that somebody worked on. */
export function checkMachinePaths(root: string): Problem[] {
  const habit = { pattern: /(?<![\w.~$})\]*-])\/work\//g, text: 'a path of one machine' }
  return filesBelow(root, '.')
    .filter((path) => !/\.(?:png|jpg|gif|webp|ico|woff2?|gz|tgz|zip)$/.test(path) && path !== 'package-lock.json')
    .flatMap((path) => found(habit, path, readFileSync(join(root, path), 'utf8')))
}

/** Files that are asked what their second idea is. */
export function longFiles(root: string): Problem[] {
  const folders = ['packages', 'plugins', 'testkit', 'e2e', 'bench', 'scripts']
  return folders
    .flatMap((folder) => readSources(root, folder))
    .map((file) => ({ file, lines: lineCount(file) }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ file, lines }) => ({ file: file.path, line: lines, text: `${lines} lines: what is its second idea?` }))
}

function lineCount({ text }: SourceFile): number {
  return lineAt(text, text.length - 1)
}

function found({ pattern, text }: Habit, file: string, searched: string): Problem[] {
  return [...searched.matchAll(pattern)].map(({ index }) => ({ file, line: lineAt(searched, index), text }))
}
