import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildDoor } from './build-door.ts'
import { buildRunner } from './build-runner.ts'
import { buildWeb } from './build-web.ts'
import { bundle } from './package/bundle.ts'
import { declarations } from './package/declarations.ts'
import { licences } from './package/licences.ts'
import { manifest } from './package/manifest.ts'

const ROOT = join(import.meta.dirname, '..')
const OUT = join(ROOT, 'dist/package')
/** Of what the package was made. */
const SOURCES = '.sources.sha256'
const run = promisify(execFile)

export interface Package {
  /** What the tarball holds. */
  folder: string
  tarball: string
}

/**
 * Makes the package that is published, `skein`: library, command line, runner, web app and declarations, as a folder and as the
 * tarball that `npm pack` makes of it. Does nothing when its sources are those it was made of.
 */
export async function pack(say: (what: string) => void = () => {}): Promise<Package> {
  const sources = hashOfSources()
  const stamp = join(OUT, SOURCES)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return found()
  const fresh = `${OUT}.${randomBytes(4).toString('hex')}`
  const folder = join(fresh, 'skein')
  const dist = join(folder, 'dist')
  mkdirSync(dist, { recursive: true })
  try {
    say('bundles and declarations')
    const [{ packages, files }, , runner, door, web] = await Promise.all([
      bundle(ROOT, dist),
      declarations(ROOT, join(dist, 'types')),
      buildRunner(),
      buildDoor(),
      buildWeb(() => say('the web app')),
    ])
    cpSync(runner.path, join(dist, 'runner.cjs'))
    cpSync(door.path, join(dist, 'door.cjs'))
    cpSync(web, join(dist, 'web'), { recursive: true, filter: (path) => !basename(path).startsWith('.sources') })
    for (const file of files) cpSync(join(ROOT, file), join(dist, basename(file)))
    for (const file of ['LICENSE', 'CHANGELOG.md', 'packages/skein/README.md']) {
      cpSync(join(ROOT, file), join(folder, basename(file)))
    }
    writeFileSync(join(dist, 'LICENSES.txt'), licences(ROOT, packages))
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(ROOT), null, 2)}\n`)
    say('the tarball')
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', fresh], { cwd: folder })
    writeFileSync(join(fresh, SOURCES), sources)
    if (existsSync(OUT)) renameSync(OUT, `${fresh}.old`)
    renameSync(fresh, OUT)
  } finally {
    for (const left of [fresh, `${fresh}.old`]) rmSync(left, { recursive: true, force: true })
  }
  return found()
}

function found(): Package {
  const [tarball] = globSync('*.tgz', { cwd: OUT })
  if (tarball === undefined) throw new Error(`there is no tarball in ${OUT}; remove that folder and try again`)
  return { folder: join(OUT, 'skein'), tarball: join(OUT, tarball) }
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  const patterns = [
    '{packages,plugins}/*/{package.json,README.md,index.html,vite.config.ts,src/**/*,public/**/*}',
    'testkit/{package.json,src/**/*}',
    'scripts/{pack,build-*}.ts',
    'scripts/package/*.ts',
    '{package-lock.json,LICENSE,CHANGELOG.md,tsconfig.json}',
  ]
  const files = globSync(patterns, {
    cwd: ROOT,
    withFileTypes: true,
    exclude: (entry) => /\.test\.tsx?$/.test(entry.name),
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.sort())
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { tarball } = await pack((what) => console.error(`skein: making ${what}`))
  console.log(tarball)
}
