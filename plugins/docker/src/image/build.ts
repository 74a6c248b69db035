import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContainerEngine } from '../engine/engine.ts'
import { findEngine } from '../engine/find.ts'
import { debianBase } from './debian-base.ts'
import { dockerfile } from './dockerfile.ts'
import { gatherPrograms } from './programs.ts'
import { agentImage } from './version.ts'

/** Of what an image was made, so that the same is not made twice. */
const CONTENT_LABEL = 'dev.skein.image'
export const DEFAULT_BASE = 'debian:bookworm-slim'
const BUILD_MS = 60 * 60_000

export interface ImageOptions {
  /** `$SKEIN_HOME`; packages are kept below. */
  home: string
  tag?: string
  /** `linux/amd64`; the engine's own unless given. */
  platform?: string
  /** The base image. */
  from?: string
  /** Make the base with debootstrap instead. */
  debootstrap?: boolean
  engine?: 'docker' | 'podman'
  /** Executables of this computer instead of npm's packages. */
  node?: string
  claude?: string
  /** Debian packages instead of the usual ones. */
  debian?: readonly string[]
  /** Build also what is there. */
  force?: boolean
  progress: (line: string) => void
  signal: AbortSignal
}

export interface BuiltImage {
  tag: string
  id: string
  /** False: it was there. */
  built: boolean
  bytes: number
}

/** Builds Skein's own image: a Debian with git, claude, Node and what agents use, and a user who is not root. */
export async function buildImage(options: ImageOptions): Promise<BuiltImage> {
  const { progress, signal } = options
  const engine = findEngine({ engine: options.engine })
  const { platform = (await engine.info(signal)).platform } = options
  const tag = options.tag ?? agentImage()
  const scratch = join(options.home, 'docker')
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(scratch, 'image-'))
  try {
    const from = options.debootstrap ? await debianBase(engine, progress, signal) : (options.from ?? DEFAULT_BASE)
    const given = {
      ...(options.node ? { node: options.node } : {}),
      ...(options.claude ? { claude: options.claude } : {}),
    }
    const cache = join(scratch, 'packages')
    const programs = await gatherPrograms(folder, { cache, platform, given, progress, signal })
    const text = dockerfile({ from, programs, ...(options.debian ? { debian: options.debian } : {}) })
    const content = createHash('sha256')
      .update(text)
      .update(programs.map(({ sha256 }) => sha256).join())
      .update((await lookUp(engine, from, signal))?.id ?? '')
      .digest('hex')
    const before = await lookUp(engine, tag, signal)
    if (before?.content === content && !options.force) return { tag, id: before.id, built: false, bytes: before.bytes }
    await writeFile(join(folder, 'Dockerfile'), text)
    progress(`building ${tag} from ${from}`)
    await engine.run(
      `building the image ${tag}`,
      [
        'build',
        ...(options.platform ? ['--platform', options.platform] : []),
        '--tag',
        tag,
        '--label',
        `${CONTENT_LABEL}=${content}`,
        ...(options.force ? ['--no-cache'] : []),
        folder,
      ],
      { signal, timeoutMs: BUILD_MS, onLine: progress },
    )
    const { id = '', bytes = 0 } = (await lookUp(engine, tag, signal)) ?? {}
    return { tag, id, built: true, bytes }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function lookUp(
  engine: ContainerEngine,
  name: string,
  signal: AbortSignal,
): Promise<{ id: string; content: string | undefined; bytes: number } | undefined> {
  const said = await engine.attempt(`looking for ${name}`, ['image', 'inspect', '--', name], { signal })
  if (said.code !== 0) return undefined
  const [image] = JSON.parse(said.stdout) as {
    Id: string
    Size?: number
    Config?: { Labels?: Record<string, string> }
  }[]
  if (!image) return undefined
  return { id: image.Id, content: image.Config?.Labels?.[CONTENT_LABEL], bytes: image.Size ?? 0 }
}
