import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { prune } from './prune-declarations.ts'

/** What declarations may import: the published package depends on it. */
const KNOWN = /^(?:zod|node:.+)$/
const run = promisify(execFile)

/**
 * The declaration files of the published package: what the compiler says of our parts, without what nobody can reach, and with
 * relative paths where our packages have names.
 */
export async function declarations(root: string, into: string): Promise<void> {
  const emitted = realpathSync(mkdtempSync(join(tmpdir(), 'skein-declarations-')))
  try {
    await emit(root, emitted)
    const files = prune({
      roots: { 'index.d.ts': 'packages/skein/src/index.d.ts', 'plugin-api.d.ts': 'packages/plugin-api/src/index.d.ts' },
      read: (path) => readFileSync(join(emitted, path), 'utf8'),
      resolve: (specifier, from) => resolve(root, specifier, from),
      external: (specifier, from) => {
        if (!KNOWN.test(specifier))
          throw new Error(
            `the declarations of the package would need '${specifier}', which ${from} imports: name the type it is about`,
          )
      },
    })
    for (const [path, text] of files) {
      const file = join(into, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
  } finally {
    rmSync(emitted, { recursive: true, force: true })
  }
}

async function emit(root: string, out: string): Promise<void> {
  const parts = '{packages/{protocol,plugin-api,engine,skein},plugins/*}/package.json'
  const paths: Record<string, string[]> = {}
  for (const path of globSync(parts, { cwd: root })) {
    const { name, exports = {} } = manifestAt(join(root, path))
    for (const [door, entry] of Object.entries(exports)) {
      const file = join(root, dirname(path), entry)
      if (existsSync(file)) paths[name + door.slice(1)] = [file]
    }
  }
  const config = join(out, 'tsconfig.json')
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        // `npm run types` has checked them.
        noCheck: true,
        rootDir: root,
        outDir: out,
        typeRoots: [join(root, 'node_modules/@types')],
        // Through node_modules they would be somebody else's, of which nothing is emitted.
        paths,
      },
      include: [],
      files: Object.values(paths).flat(),
    }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, '-p', config], { cwd: root, maxBuffer: 64 * 1024 * 1024 })
}

/** The declaration file that an import means; undefined: a package of somebody else's. */
function resolve(root: string, specifier: string, from: string): string | undefined {
  if (specifier.startsWith('.')) return declarationOf(join(dirname(from), specifier))
  const [, name, rest] = /^(@skein\/[^/]+|skein)(?:\/(.+))?$/.exec(specifier) ?? []
  if (name === undefined) return undefined
  const manifest = realpathSync(join(root, 'node_modules', name, 'package.json'))
  const entry = manifestAt(manifest).exports?.[rest === undefined ? '.' : `./${rest}`]
  if (entry === undefined) throw new Error(`${from} imports '${specifier}', which is not exported`)
  return declarationOf(relative(root, join(dirname(manifest), entry)))
}

function declarationOf(source: string): string {
  return source.replace(/\.ts$/, '.d.ts')
}

function manifestAt(path: string): { name: string; exports?: Record<string, string> } {
  return JSON.parse(readFileSync(path, 'utf8')) as { name: string; exports?: Record<string, string> }
}
