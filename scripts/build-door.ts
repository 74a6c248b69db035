import { createHash, randomBytes } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = join(import.meta.dirname, '..')
const PLUGIN = join(ROOT, 'plugins/fly')
const BUNDLE = join(PLUGIN, 'dist/door.cjs')
/** Of what the bundle was made. */
const SOURCES = join(PLUGIN, 'dist/door.sources.sha256')

/** Makes the one file that runs inside Fly machines, `plugins/fly/dist/door.cjs`, unless its sources are those it was made of. */
export async function buildDoor(): Promise<{ path: string; sha256: string }> {
  const sources = hashOfSources()
  if (existsSync(BUNDLE) && existsSync(SOURCES) && readFileSync(SOURCES, 'utf8') === sources) return bundle()
  mkdirSync(join(PLUGIN, 'dist'), { recursive: true })
  const temporary = `${BUNDLE}.${randomBytes(4).toString('hex')}`
  await build({
    entryPoints: [join(PLUGIN, 'src/inside/main.ts')],
    outfile: temporary,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // ws takes them where they are there.
    external: ['bufferutil', 'utf-8-validate'],
    minify: true,
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
    'plugins/fly/{package.json,src/{inside,door,logs}/**/*.ts}',
    'scripts/build-door.ts',
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
  const { path, sha256 } = await buildDoor()
  console.log(`${path} ${sha256}`)
}
