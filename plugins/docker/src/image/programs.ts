import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { copyFile, link, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { SkeinError } from '@skein/plugin-api'
import { onPath } from '../engine/find.ts'

/** Packages of npm's registry that the image is made of; `{platform}` is `linux-x64` or `linux-arm64`. */
export const PACKAGES = {
  node: 'node-{platform}@24.9.0',
  npm: 'npm@11.19.1',
  claude: '@anthropic-ai/claude-code-{platform}@2.1.329',
} as const

export type ProgramName = keyof typeof PACKAGES

/** A program for the image: a package's archive, or an executable of this computer. */
export interface Program {
  name: ProgramName
  /** In the context's folder. */
  file: string
  archive: boolean
  /** Of its content. */
  sha256: string
}

const FETCH_MS = 600_000

export interface ProgramOptions {
  /** Where packages are kept between builds. */
  cache: string
  /** Of the image, as docker has it: `linux/amd64`. */
  platform: string
  /** Executables to take instead of the packages. */
  given: { node?: string; claude?: string }
  progress: (line: string) => void
  signal: AbortSignal
}

/** Puts them into the build's folder. npm fetches what is not in the cache, with the registry and credentials that it is configured with. */
export async function gatherPrograms(folder: string, options: ProgramOptions): Promise<Program[]> {
  const programs: Program[] = []
  for (const name of Object.keys(PACKAGES) as ProgramName[]) {
    const own = name === 'npm' ? undefined : options.given[name]
    // npm is of use with the Node it belongs to, and is fetched with it.
    if (name === 'npm' && options.given.node) continue
    const source = own ?? (await packageArchive(name, options))
    const file = own ? name : `${name}.tgz`
    if (!existsSync(source))
      throw new SkeinError('not_found', `building the image: there is no file ${source}`, { next: 'Check the path.' })
    await link(source, join(folder, file)).catch(() => copyFile(source, join(folder, file)))
    programs.push({ name, file, archive: !own, sha256: await sha256Of(source) })
  }
  return programs
}

async function packageArchive(name: ProgramName, options: ProgramOptions): Promise<string> {
  const wanted = PACKAGES[name].replace('{platform}', npmPlatform(options.platform))
  await mkdir(options.cache, { recursive: true, mode: 0o700 })
  const kept = join(
    options.cache,
    `${wanted
      .replace(/^@/, '')
      .replace('/', '-')
      .replace(/@([^@]*)$/, '-$1')}.tgz`,
  )
  if (existsSync(kept)) return kept
  const npm = onPath('npm')
  if (!npm)
    throw new SkeinError('missing', `building the image: npm, which fetches ${wanted}, is not on PATH`, {
      next: 'Install npm, or name executables with --node and --claude.',
    })
  options.progress(`fetching ${wanted}`)
  try {
    await promisify(execFile)(npm, ['pack', wanted, '--pack-destination', options.cache, '--silent'], {
      cwd: options.cache,
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(FETCH_MS)]),
    })
  } catch (error) {
    if (options.signal.aborted) throw new SkeinError('cancelled', 'building the image: cancelled', { cause: error })
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new SkeinError('unavailable', `building the image: npm could not fetch ${wanted}\n${said.slice(-1000)}`, {
      next: 'See whether `npm ping` works; or name executables with --node and --claude.',
      cause: error,
    })
  }
  if (existsSync(kept)) return kept
  throw new SkeinError('internal', `building the image: npm put ${wanted} elsewhere than at ${kept}`)
}

function npmPlatform(platform: string): string {
  const known: Record<string, string> = { 'linux/amd64': 'linux-x64', 'linux/arm64': 'linux-arm64' }
  const found = known[platform]
  if (found) return found
  throw new SkeinError('invalid', `building the image: Skein has none for ${platform}`, {
    next: 'Use an engine on x64 or arm64.',
  })
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
