import { type MachineRecord, type MachineSpec, type ProviderContext, SkeinError } from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'
import { engineError } from '../engine/failure.ts'
import { ensureGate, gateVariables, isNameTaken } from '../network/gate.ts'
import { ensureOuterNetwork } from '../network/networks.ts'
import type { ContainerSettings } from '../settings.ts'
import { archive } from './archive.ts'
import { createArguments, TOOLS_PLACE } from './arguments.ts'
import { type ContainerDetails, detailsOf, recordFor } from './details.ts'
import { ownImage, type ReadyImage, readyImage } from './image.ts'
import { DETAILS_LABEL, KEY_LABEL, labels, type MachineNames, namesFor } from './names.ts'
import { type ImageProbe, probeImage } from './probe.ts'
import { inspectContainer } from './state.ts'
import { ensureTools } from './tools.ts'

/** Of an image whose user has no home. */
const OWN_HOME = '/home/skein'
const LEAST_NODE = 20
const USUAL_PROCESSORS = 2

/**
 * Makes a machine, or finds the one that was made for the key before: every part has a name that follows from owner and key, and labels from
 * its first moment, so that a kill at any point leaves what the next call goes on with, or what `list` finds.
 */
export async function createContainer(
  engine: ContainerEngine,
  spec: MachineSpec,
  settings: ContainerSettings,
  context: ProviderContext,
): Promise<MachineRecord> {
  const names = namesFor(spec.owner, spec.key)
  const { signal } = context
  const before = await finished(engine, names, spec, signal)
  if (before) return before
  const { processors } = await engine.info(signal)
  const image = await readyImage(engine, settings, spec.workspace?.project.path, context)
  const { user, probe } = await userOf(engine, image, settings, context)
  const home = probe.hasHome ? probe.home : OWN_HOME
  const tools = await toolsFor(engine, image, probe, settings, context)
  await makeVolume(engine, names, spec, signal)
  const environment = environmentFor(settings, image, tools)
  const details: Omit<ContainerDetails, 'engine'> = {
    key: spec.key,
    image: image.name,
    user,
    home,
    memory: settings.memory,
    network: settings.network,
    environment,
    forwardPorts: image.forwardPorts,
    ...(probe.hasHome ? {} : { homeOf: { uid: probe.uid, gid: probe.gid } }),
  }
  const plan = {
    names,
    owner: spec.owner,
    key: spec.key,
    image: image.id,
    user,
    home,
    settings,
    cpus: settings.cpus ?? Math.min(USUAL_PROCESSORS, processors),
    namesByGate: settings.network === 'allow-list',
    environment: { ...environment, HOME: home },
    tools,
    hostname: hostname(spec.workspace?.name ?? names.container),
    details: JSON.stringify({ ...details, name: nameFor(spec) }),
  }
  const doing = `making the container ${names.container}`
  context.progress(`making a container of ${image.name}`)
  const attempt = async () => {
    const network = await networkFor(engine, { names, spec, settings, image, probe }, context)
    return engine.attempt(doing, createArguments({ ...plan, network }), { signal })
  }
  let made = await attempt()
  // The end of the last machine before took the network along.
  if (made.code !== 0 && /network \S+ not found/i.test(made.stderr)) made = await attempt()
  if (made.code !== 0 && !isNameTaken(made.stderr))
    throw engineError({ doing, program: engine.program, code: made.code, stderr: made.stderr })
  const record = await finished(engine, names, spec, signal)
  if (record) return record
  throw new SkeinError('conflict', `${doing}: somebody removed it`, { next: 'Try again.' })
}

/** Goes on with a container that was made; undefined: there is none. One that ran before is left as it is. */
async function finished(
  engine: ContainerEngine,
  names: MachineNames,
  spec: MachineSpec,
  signal: AbortSignal,
): Promise<MachineRecord | undefined> {
  const found = await inspectContainer(engine, names.container, signal)
  if (!found) return undefined
  if (found.labels[KEY_LABEL] !== spec.key)
    throw new SkeinError('conflict', `the container ${names.container} is not Skein’s`, {
      next: 'Rename or remove it.',
    })
  const identity = { id: names.container, name: nameFor(spec), owner: spec.owner, key: spec.key }
  const record = recordFor(identity, engine.address, found.labels[DETAILS_LABEL] ?? '')
  if (found.state.status !== 'created') return record
  const { home, homeOf } = detailsOf(record)
  if (home && homeOf) await makeHome(engine, names, home, homeOf, signal)
  await engine.run(`starting the container ${names.container}`, ['start', names.container], { signal })
  return record
}

/** Throws where it would be root. */
async function userOf(
  engine: ContainerEngine,
  image: ReadyImage,
  settings: ContainerSettings,
  context: ProviderContext,
): Promise<{ user: string; probe: ImageProbe }> {
  const user = settings.user ?? image.user ?? (settings.allowRoot ? '0:0' : '1000:1000')
  const probe = await probeImage(engine, image, user, context)
  if (probe.uid === 0 && !settings.allowRoot)
    throw new SkeinError('invalid', `making a container: agents would run as root (user ${user})`, {
      next: 'Set `user` to another user of the image, or a number like 1000; `allowRoot` if it must be.',
    })
  return { user, probe }
}

async function toolsFor(
  engine: ContainerEngine,
  image: ReadyImage,
  probe: ImageProbe,
  settings: ContainerSettings,
  context: ProviderContext,
): Promise<string | undefined> {
  const complete = probe.hasClaude && (probe.nodeMajor ?? 0) >= LEAST_NODE
  if (complete || !settings.tools) return undefined
  const own = await ownImage(engine, context.signal)
  if (own && own.id !== image.id) return ensureTools(engine, own, context)
  context.progress(`${image.name} has no claude; Skein’s own image could lend it (\`skein image build\`)`)
  return undefined
}

async function makeVolume(
  engine: ContainerEngine,
  names: MachineNames,
  spec: MachineSpec,
  signal: AbortSignal,
): Promise<void> {
  const doing = `making the volume ${names.volume}`
  const args = ['volume', 'create', ...labels(spec.owner, spec.key), names.volume]
  const made = await engine.attempt(doing, args, { signal })
  // Podman does not take one that is there.
  if (made.code !== 0 && !/already exists/i.test(made.stderr)) await engine.run(doing, args, { signal })
}

async function networkFor(
  engine: ContainerEngine,
  {
    names,
    spec,
    settings,
    image,
    probe,
  }: {
    names: MachineNames
    spec: MachineSpec
    settings: ContainerSettings
    image: ReadyImage
    probe: ImageProbe
  },
  { signal }: ProviderContext,
): Promise<string> {
  if (settings.network === 'none') return 'none'
  const outer = await ensureOuterNetwork(engine, spec.owner, signal)
  if (settings.network === 'all') return outer
  const own = await ownImage(engine, signal)
  const gateImage = own?.id ?? ((probe.nodeMajor ?? 0) >= LEAST_NODE ? image.id : undefined)
  if (!gateImage)
    throw new SkeinError('missing', 'making a container with an allow-list: its gate needs an image with Node', {
      next: 'Run `skein image build`.',
    })
  const { owner, key } = spec
  return ensureGate(engine, { names, owner, key, image: gateImage, allow: settings.allow, outerNetwork: outer }, signal)
}

/** The image's own PATH, because a login shell would set Debian's and lose what the image put there. */
function environmentFor(
  settings: ContainerSettings,
  image: ReadyImage,
  tools: string | undefined,
): Record<string, string> {
  const own = settings.env.map((entry) => {
    const at = entry.indexOf('=')
    return [entry.slice(0, at), entry.slice(at + 1)] as const
  })
  return {
    PATH: tools ? `${image.path}:${TOOLS_PLACE}/bin` : image.path,
    ...image.environment,
    ...Object.fromEntries(own),
    ...(settings.network === 'allow-list' ? gateVariables() : {}),
  }
}

/** The engine makes it as root's; its owner is set from outside, because nobody inside may. */
async function makeHome(
  engine: ContainerEngine,
  names: MachineNames,
  home: string,
  { uid, gid }: { uid: number; gid: number },
  signal: AbortSignal,
): Promise<void> {
  const [, ...parts] = home.split('/')
  const name = `${parts.at(-1)}/`
  const folder = `/${parts.slice(0, -1).join('/')}`
  await engine.run(`making the home ${home}`, ['cp', '-', `${names.container}:${folder}`], {
    signal,
    input: archive([{ name, mode: 0o700, uid, gid }]),
  })
}

function nameFor(spec: MachineSpec): string {
  return spec.name || spec.workspace?.name || namesFor(spec.owner, spec.key).container
}

/** As names of hosts may be. */
function hostname(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
  return plain === '' ? 'skein' : plain
}
