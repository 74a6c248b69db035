import { createHash, randomBytes } from 'node:crypto'
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = join(import.meta.dirname, '..')
const WEB = join(ROOT, 'packages/web')
const DIST = join(WEB, 'dist')
/** Of what the app was made. */
const SOURCES = '.sources.sha256'

/**
 * Makes the web app's files, `packages/web/dist`, unless its sources are those they were made of.
 *
 * @param onBuilding told before it begins, which takes some seconds
 */
export async function buildWeb(onBuilding: () => void = () => {}): Promise<string> {
  const sources = hashOfSources()
  if (builtFrom() === sources) return DIST
  onBuilding()
  const fresh = `${DIST}.${randomBytes(4).toString('hex')}`
  try {
    await build({ root: WEB, configFile: join(WEB, 'vite.config.ts'), logLevel: 'warn', build: { outDir: fresh } })
    writeFileSync(join(fresh, SOURCES), sources)
    // Whoever is served from there misses the old files for a moment only.
    if (existsSync(DIST)) renameSync(DIST, `${fresh}.old`)
    renameSync(fresh, DIST)
  } finally {
    for (const left of [fresh, `${fresh}.old`]) rmSync(left, { recursive: true, force: true })
  }
  return DIST
}

function builtFrom(): string | undefined {
  const file = join(DIST, SOURCES)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  const patterns = [
    'packages/web/{package.json,index.html,vite.config.ts,src/**/*,public/**/*}',
    'packages/protocol/{package.json,src/**/*.ts}',
    'scripts/build-web.ts',
    'package-lock.json',
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

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildWeb())
