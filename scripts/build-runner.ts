import { createHash, randomBytes } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = join(import.meta.dirname, '..')
const RUNNER = join(ROOT, 'packages/runner')
const BUNDLE = join(RUNNER, 'dist/runner.cjs')
/** Of what the bundle was made. */
const SOURCES = join(RUNNER, 'dist/runner.sources.sha256')

/**
 * Makes the runner's one file, `packages/runner/dist/runner.cjs`, unless its sources are those it was made of. Several processes
 * may do it at once.
 */
export async function buildRunner(): Promise<{ path: string; sha256: string }> {
  const sources = hashOfSources()
  if (existsSync(BUNDLE) && existsSync(SOURCES) && readFileSync(SOURCES, 'utf8') === sources) return bundle()
  mkdirSync(join(RUNNER, 'dist'), { recursive: true })
  const temporary = `${BUNDLE}.${randomBytes(4).toString('hex')}`
  await build({
    entryPoints: [join(RUNNER, 'src/main.ts')],
    outfile: temporary,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['@lydell/node-pty'],
    define: { 'import.meta.url': 'ownUrl' },
    banner: { js: "const ownUrl = require('node:url').pathToFileURL(__filename).href;" },
    // Less to parse at each start; names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  renameSync(temporary, BUNDLE)
  writeFileSync(`${temporary}.sources`, sources)
  renameSync(`${temporary}.sources`, SOURCES)
  return bundle()
}

function bundle(): { path: string; sha256: string } {
  return { path: BUNDLE, sha256: createHash('sha256').update(readFileSync(BUNDLE)).digest('hex') }
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  const patterns = [
    'packages/{runner,protocol}/{package.json,src/**/*.ts}',
    'scripts/build-runner.ts',
    'package-lock.json',
  ]
  for (const file of globSync(patterns, { cwd: ROOT, exclude: (name) => name.endsWith('.test.ts') }).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { path, sha256 } = await buildRunner()
  console.log(`${path} ${sha256}`)
}
