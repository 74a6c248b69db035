import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { SkeinError } from '@skein/plugin-api'
import { parseJsonc } from './jsonc.ts'

/** What of a devcontainer.json makes a container of Skein's. */
export interface Devcontainer {
  /** Absolute. */
  file: string
  image: string | undefined
  build: { dockerfile: string; context: string; target: string | undefined; args: Record<string, string> } | undefined
  user: string | undefined
  environment: Record<string, string>
  forwardPorts: number[]
  /** Properties that change nothing here, for the person. */
  ignored: string[]
}

const HONOURED = new Set([
  ...['image', 'build', 'dockerFile', 'context', 'remoteUser', 'containerUser', 'containerEnv', 'forwardPorts'],
  // Of no consequence, or about an editor.
  ...['$schema', 'name', 'customizations', 'portsAttributes', 'otherPortsAttributes', 'workspaceFolder', 'init'],
  ...['updateRemoteUserUID', 'hostRequirements', 'shutdownAction', 'overrideCommand'],
])
const PLACES = ['.devcontainer/devcontainer.json', '.devcontainer.json']

/** Reads the file that `path` names, or the one in that folder. Throws `invalid` or `not_found`; what it says stays within the project. */
export async function readDevcontainer(project: string, path: string): Promise<Devcontainer> {
  const root = await realpath(project)
  const file = await find(root, path)
  const config = await parse(file, relative(root, file))
  const name = relative(root, file)
  if ('dockerComposeFile' in config)
    throw invalid(name, 'it is about several containers (`dockerComposeFile`)', 'Name an image or a Dockerfile in it.')
  const image = text(config, 'image', name)
  const build = await buildOf(config, root, file)
  if (!image && !build) throw invalid(name, 'it names neither `image` nor `build.dockerfile`', 'Add one of them.')
  const { environment, left } = variables(config.containerEnv, name)
  return {
    file,
    image: build ? undefined : image,
    build,
    user: text(config, 'remoteUser', name) ?? text(config, 'containerUser', name),
    environment,
    forwardPorts: Array.isArray(config.forwardPorts)
      ? config.forwardPorts.map(Number).filter((port) => Number.isInteger(port) && port > 0 && port < 65_536)
      : [],
    ignored: [...Object.keys(config).filter((property) => !HONOURED.has(property)), ...left],
  }
}

async function find(root: string, path: string): Promise<string> {
  const named = resolve(root, path)
  for (const candidate of [named, ...PLACES.map((place) => join(named, place)), join(named, 'devcontainer.json')]) {
    const found = await stat(candidate).catch(() => undefined)
    if (found?.isFile()) return inside(root, candidate)
  }
  throw new SkeinError('not_found', `reading the devcontainer: ${path} is not in the repository`, {
    next: `Give its path below the repository, as ${PLACES[0]}.`,
  })
}

async function parse(file: string, name: string): Promise<Record<string, unknown>> {
  const content = await readFile(file, 'utf8')
  try {
    const config = parseJsonc(content)
    if (typeof config === 'object' && config !== null && !Array.isArray(config))
      return config as Record<string, unknown>
  } catch (error) {
    throw invalid(name, `it is no JSON: ${error instanceof Error ? error.message : error}`, 'Mend it.')
  }
  throw invalid(name, 'it is no JSON object', 'See https://containers.dev for what may stand in it.')
}

async function buildOf(
  config: Record<string, unknown>,
  root: string,
  file: string,
): Promise<Devcontainer['build'] | undefined> {
  const name = relative(root, file)
  const build = (config.build ?? {}) as Record<string, unknown>
  const dockerfile = text(build, 'dockerfile', name) ?? text(config, 'dockerFile', name)
  if (!dockerfile) return undefined
  const folder = dirname(file)
  const given = (build.args ?? {}) as Record<string, unknown>
  return {
    dockerfile: await inside(root, resolve(folder, dockerfile)),
    context: await inside(root, resolve(folder, text(build, 'context', name) ?? text(config, 'context', name) ?? '.')),
    target: text(build, 'target', name),
    args: Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)])),
  }
}

/** What stands in a repository leads nowhere else, links included. */
async function inside(root: string, path: string): Promise<string> {
  const real = await realpath(path).catch(() => {
    throw new SkeinError('not_found', `reading the devcontainer: ${relative(root, path)} does not exist`, {
      next: 'Paths in it are relative to its own folder.',
    })
  })
  if (real === root || real.startsWith(root + sep)) return real
  throw new SkeinError('invalid', `reading the devcontainer: ${relative(root, path)} is outside of the repository`, {
    next: 'Skein builds from nothing but the repository.',
  })
}

/** Variables of this computer are not handed to a container, so values that are made of them are left out. */
function variables(given: unknown, name: string): { environment: Record<string, string>; left: string[] } {
  if (given === undefined) return { environment: {}, left: [] }
  if (typeof given !== 'object' || given === null) throw invalid(name, '`containerEnv` is no object', 'Mend it.')
  const entries = Object.entries(given).map(([key, value]) => [key, String(value)] as const)
  const plain = entries.filter(([key, value]) => !value.includes('${') && /^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
  const left = entries.filter((entry) => !plain.includes(entry)).map(([key]) => `containerEnv.${key}`)
  return { environment: Object.fromEntries(plain), left }
}

function text(from: Record<string, unknown>, property: string, name: string): string | undefined {
  const value = from[property]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string' && !value.startsWith('-')) return value
  throw invalid(name, `\`${property}\` is ${JSON.stringify(value)}`, 'It is to be a text.')
}

function invalid(name: string, what: string, next: string): SkeinError {
  return new SkeinError('invalid', `reading ${name}: ${what}`, { next })
}
