import { type MachineSetting, SkeinError } from '@skein/plugin-api'

export type NetworkPolicy = 'all' | 'none' | 'allow-list'

/** What a person says of a container. */
export interface ContainerSettings {
  engine: 'docker' | 'podman' | undefined
  host: string | undefined
  context: string | undefined
  image: string | undefined
  dockerfile: string | undefined
  devcontainer: string | undefined
  user: string | undefined
  allowRoot: boolean
  /** As the engine's `--memory` takes it. */
  memory: string
  /** Undefined: two, or as many as there are. */
  cpus: number | undefined
  pids: number
  network: NetworkPolicy
  /** `host`, `*.host`, `host:port`. */
  allow: string[]
  /** `NAME=value`; shown by `docker inspect`, so not for secrets. */
  env: string[]
  /** A folder of the engine's computer, shown read-only. */
  cache: string | undefined
  /** Whether Skein's own image lends its programs to another one. */
  tools: boolean
}

/** The same, for forms and flags. */
export const settings: readonly MachineSetting[] = [
  { name: 'image', type: 'text', about: 'the image (default: Skein’s own, made by `skein image build`)' },
  { name: 'dockerfile', type: 'text', about: 'build the image from this file of the repository' },
  { name: 'devcontainer', type: 'text', about: 'take it from this devcontainer.json of the repository' },
  { name: 'user', type: 'text', about: 'the user that agents run as; not root' },
  { name: 'allowRoot', type: 'flag', about: 'let agents run as root inside', default: false },
  { name: 'memory', type: 'text', about: 'the most memory, as 512m or 4g', default: '4g' },
  { name: 'cpus', type: 'number', about: 'the most processors (default: 2)' },
  { name: 'pids', type: 'number', about: 'the most processes', default: 512 },
  {
    name: 'network',
    type: 'text',
    about: 'what agents can reach',
    default: 'all',
    choices: ['all', 'none', 'allow-list'],
  },
  { name: 'allow', type: 'list', about: 'with allow-list: host, *.host or host:port (the model’s API is added)' },
  { name: 'env', type: 'list', about: 'further variables, NAME=value; not for secrets' },
  { name: 'cache', type: 'text', about: 'a folder of this computer, shown read-only as /var/cache/skein' },
  { name: 'tools', type: 'flag', about: 'lend claude and Node to an image that lacks them', default: true },
  {
    name: 'engine',
    type: 'text',
    about: 'docker or podman (default: what is installed)',
    choices: ['docker', 'podman'],
  },
  { name: 'host', type: 'text', about: 'the engine’s address (default: DOCKER_HOST)' },
  { name: 'context', type: 'text', about: 'the docker context (default: the current one)' },
]

const SIZE = /^\d+(\.\d+)?[bkmg]?$/i
const ALLOWED = /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*=/

/** Throws `invalid`, with the setting's name. */
export function parseSettings(given: Record<string, unknown>): ContainerSettings {
  const unknown = Object.keys(given).filter((name) => !settings.some((setting) => setting.name === name))
  if (unknown.length > 0)
    throw wrong(unknown.join(', '), 'is no setting of containers', settings.map(({ name }) => name).join(', '))
  const parsed: ContainerSettings = {
    engine: choice(given, 'engine', ['docker', 'podman']),
    host: text(given, 'host'),
    context: text(given, 'context'),
    image: text(given, 'image'),
    dockerfile: text(given, 'dockerfile'),
    devcontainer: text(given, 'devcontainer'),
    user: text(given, 'user'),
    allowRoot: flag(given, 'allowRoot', false),
    memory: text(given, 'memory') ?? '4g',
    cpus: given.cpus === undefined || given.cpus === '' ? undefined : positive(given, 'cpus', 2),
    pids: positive(given, 'pids', 512),
    network: choice(given, 'network', ['all', 'none', 'allow-list']) ?? 'all',
    allow: list(given, 'allow'),
    env: list(given, 'env'),
    cache: text(given, 'cache'),
    tools: flag(given, 'tools', true),
  }
  check(parsed)
  return parsed
}

function check({ memory, pids, allow, env, cache, image, dockerfile, devcontainer, network }: ContainerSettings): void {
  if (!SIZE.test(memory)) throw wrong('memory', `is ${JSON.stringify(memory)}`, 'a size like 512m or 4g')
  if (!Number.isInteger(pids)) throw wrong('pids', `is ${pids}`, 'a whole number')
  for (const entry of allow)
    if (!ALLOWED.test(entry)) throw wrong('allow', `has ${JSON.stringify(entry)}`, 'host, *.host or host:port')
  if (allow.length > 0 && network !== 'allow-list')
    throw wrong('allow', `is given, and network is ${network}`, 'network=allow-list')
  for (const entry of env)
    if (!VARIABLE.test(entry)) throw wrong('env', `has ${JSON.stringify(entry.split('=')[0])}`, 'NAME=value')
  if (cache !== undefined && (!cache.startsWith('/') || cache.includes(',')))
    throw wrong('cache', `is ${JSON.stringify(cache)}`, 'an absolute path without commas')
  const sources = Object.entries({ image, dockerfile, devcontainer }).filter(([, value]) => value !== undefined)
  if (sources.length > 1)
    throw wrong(sources.map(([name]) => name).join(' and '), 'are given together', 'one of them: each says which image')
}

function text(given: Record<string, unknown>, name: string): string | undefined {
  const value = given[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.startsWith('-')) throw wrong(name, `is ${JSON.stringify(value)}`, 'a text')
  return value
}

function choice<T extends string>(given: Record<string, unknown>, name: string, choices: readonly T[]): T | undefined {
  const value = text(given, name)
  const known = choices.find((one) => one === value)
  if (value !== undefined && known === undefined)
    throw wrong(name, `is ${JSON.stringify(value)}`, `one of ${choices.join(', ')}`)
  return known
}

function flag(given: Record<string, unknown>, name: string, otherwise: boolean): boolean {
  const value = given[name]
  if (value === undefined || value === null || value === '') return otherwise
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw wrong(name, `is ${JSON.stringify(value)}`, 'true or false')
}

function positive(given: Record<string, unknown>, name: string, otherwise: number): number {
  const value = given[name]
  if (value === undefined || value === null || value === '') return otherwise
  const number = typeof value === 'string' ? Number(value) : value
  if (typeof number !== 'number' || !(number > 0) || !Number.isFinite(number))
    throw wrong(name, `is ${JSON.stringify(value)}`, 'a number above 0')
  return number
}

function list(given: Record<string, unknown>, name: string): string[] {
  const value = given[name]
  if (value === undefined || value === null || value === '') return []
  const entries = typeof value === 'string' ? value.split(',').map((entry) => entry.trim()) : value
  if (!Array.isArray(entries) || entries.some((entry) => typeof entry !== 'string'))
    throw wrong(name, 'is no list of texts', 'a list of texts')
  return entries.filter((entry) => entry !== '')
}

function wrong(name: string, what: string, right: string): SkeinError {
  return new SkeinError('invalid', `container settings: ${name} ${what}`, { next: `Give ${right}.` })
}
