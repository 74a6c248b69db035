import { createHash } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { type ProviderContext, SkeinError } from '@skein/plugin-api'
import { parseMetadata } from '../devcontainer/metadata.ts'
import { buildWithOfficialCli, officialCli } from '../devcontainer/official-cli.ts'
import { type Devcontainer, readDevcontainer } from '../devcontainer/read.ts'
import type { ContainerEngine } from '../engine/engine.ts'
import { agentImage } from '../image/version.ts'
import type { ContainerSettings } from '../settings.ts'

const BUILD_MS = 60 * 60_000
const PULL_MS = 60 * 60_000

/** The image of a machine, here, and what it or its devcontainer.json asks for. */
export interface ReadyImage {
  name: string
  id: string
  /** Who it says that processes run as; undefined: root. */
  user: string | undefined
  path: string
  environment: Record<string, string>
  forwardPorts: number[]
}

/** Finds, pulls or builds the image that the settings mean. */
export async function readyImage(
  engine: ContainerEngine,
  settings: ContainerSettings,
  project: string | undefined,
  context: ProviderContext,
): Promise<ReadyImage> {
  if (settings.devcontainer)
    return ofDevcontainer(engine, await readOf(settings.devcontainer, project), project, context)
  if (settings.dockerfile) return build(engine, await dockerfileOf(settings.dockerfile, project), context)
  const name = settings.image ?? agentImage()
  const here = await inspect(engine, name, context.signal)
  if (here) return here
  if (name === agentImage())
    throw new SkeinError('missing', `making a container: Skein’s own image ${name} is not here`, {
      next: 'Run `skein image build`, or name another image with the setting `image`.',
    })
  return pull(engine, name, context)
}

/** What says whether a machine would be made of another image now: its id, or what it would be built from. */
export async function imageNow(
  engine: ContainerEngine,
  settings: ContainerSettings,
  project: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (settings.devcontainer) return hashOf((await readOf(settings.devcontainer, project)).file)
  if (settings.dockerfile) return hashOf((await dockerfileOf(settings.dockerfile, project)).dockerfile)
  const name = settings.image ?? agentImage()
  return (await inspect(engine, name, signal))?.id ?? name
}

async function hashOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

/** Whether Skein's own image is here. */
export async function ownImage(engine: ContainerEngine, signal: AbortSignal): Promise<ReadyImage | undefined> {
  return inspect(engine, agentImage(), signal)
}

async function readOf(path: string, project: string | undefined): Promise<Devcontainer> {
  return readDevcontainer(needed(project, 'devcontainer'), path)
}

async function ofDevcontainer(
  engine: ContainerEngine,
  devcontainer: Devcontainer,
  project: string | undefined,
  context: ProviderContext,
): Promise<ReadyImage> {
  const root = needed(project, 'devcontainer')
  const cli = officialCli()
  const ignored = devcontainer.ignored.filter((property) => !(cli && property === 'features'))
  if (ignored.length > 0) context.progress(`devcontainer.json: not used here: ${ignored.join(', ')}`)
  const image = await (async () => {
    if (cli) {
      const name = nameFor(devcontainer.file)
      await buildWithOfficialCli(
        { cli, engine, project: root, file: devcontainer.file, image: name },
        context.progress,
        context.signal,
      )
      return present(engine, name, context.signal)
    }
    if (devcontainer.build) return build(engine, devcontainer.build, context)
    const name = devcontainer.image ?? ''
    return (await inspect(engine, name, context.signal)) ?? pull(engine, name, context)
  })()
  return {
    ...image,
    user: devcontainer.user ?? image.user,
    environment: { ...image.environment, ...devcontainer.environment },
    forwardPorts: devcontainer.forwardPorts,
  }
}

async function dockerfileOf(path: string, project: string | undefined): Promise<NonNullable<Devcontainer['build']>> {
  const root = await realpath(needed(project, 'dockerfile'))
  const dockerfile = await realpath(resolve(root, path)).catch(() => undefined)
  if (!dockerfile?.startsWith(root + sep) || !(await stat(dockerfile)).isFile())
    throw new SkeinError('not_found', `building the image: ${path} is no file of the repository`, {
      next: 'Give the path of a Dockerfile below the repository.',
    })
  return { dockerfile, context: root, target: undefined, args: {} }
}

/** Unchanged layers come from the engine's cache, so building again is quick. */
async function build(
  engine: ContainerEngine,
  { dockerfile, context: folder, target, args }: NonNullable<Devcontainer['build']>,
  context: ProviderContext,
): Promise<ReadyImage> {
  const name = nameFor(dockerfile)
  const shown = relative(folder, dockerfile)
  context.progress(`building the image of ${shown}`)
  const given = Object.entries(args).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`])
  await engine.run(
    `building the image of ${shown}`,
    ['build', '--tag', name, '--file', dockerfile, ...(target ? ['--target', target] : []), ...given, folder],
    { signal: context.signal, timeoutMs: BUILD_MS, onLine: context.progress },
  )
  return present(engine, name, context.signal)
}

async function pull(engine: ContainerEngine, name: string, context: ProviderContext): Promise<ReadyImage> {
  context.progress(`pulling ${name}`)
  await engine.run(`pulling the image ${name}`, ['pull', name], {
    signal: context.signal,
    timeoutMs: PULL_MS,
    onLine: context.progress,
  })
  return present(engine, name, context.signal)
}

async function present(engine: ContainerEngine, name: string, signal: AbortSignal): Promise<ReadyImage> {
  const image = await inspect(engine, name, signal)
  if (image) return image
  throw new SkeinError('not_found', `making a container: the image ${name} is gone again`, { next: 'Try again.' })
}

interface InspectedImage {
  Id: string
  Config?: { User?: string; Env?: string[]; Labels?: Record<string, string> | null }
}

async function inspect(engine: ContainerEngine, name: string, signal: AbortSignal): Promise<ReadyImage | undefined> {
  const doing = `looking for the image ${name}`
  const said = await engine.attempt(doing, ['image', 'inspect', '--', name], { signal })
  if (said.code !== 0) {
    if (/no such image|image not known|failed to find image/i.test(said.stderr)) return undefined
    await engine.run(doing, ['image', 'inspect', '--', name], { signal })
  }
  const [image] = JSON.parse(said.stdout) as InspectedImage[]
  if (!image) return undefined
  const { User, Env, Labels } = image.Config ?? {}
  const metadata = parseMetadata(Labels?.['devcontainer.metadata'])
  const path = Env?.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length)
  return {
    name,
    id: image.Id,
    user: metadata.user ?? (isRoot(User) ? undefined : User),
    path: path ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    environment: metadata.environment,
    forwardPorts: [],
  }
}

function isRoot(user: string | undefined): boolean {
  return user === undefined || /^(root|0)?(:.*)?$/.test(user)
}

function nameFor(file: string): string {
  return `skein/project:${createHash('sha256').update(file).digest('hex').slice(0, 16)}`
}

function needed(project: string | undefined, setting: string): string {
  if (project) return project
  throw new SkeinError('invalid', `the setting \`${setting}\` needs a clone of the project on this computer`, {
    next: 'Set `image` instead.',
  })
}
