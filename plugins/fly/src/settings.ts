import { type MachineSetting, SkeinError } from '@skein/plugin-api'
import { checkedAppName } from './api/apps.ts'

/** A size of machine, as `performance-2x/4096`. */
export interface FlySize {
  cpuKind: 'shared' | 'performance'
  cpus: number
  memoryMb: number
}

/** What a person says of Fly machines. */
export interface FlySettings {
  app: string | undefined
  /** Make the app where there is none. */
  createApp: boolean
  org: string
  /** In order of preference. */
  regions: string[]
  sizes: FlySize[]
  image: string | undefined
  /** The user that commands run as in an image of others, `uid:gid`. */
  user: string | undefined
  /** Gigabytes; 0: none. */
  volumeGb: number
  env: Record<string, string>
  metadata: Record<string, string>
  /** Hours until anybody may end a machine that its owner does not renew. */
  hours: number
  /** Seconds that a machine may take to come up. */
  bootS: number
  /** A `wss://` address that machines call, instead of being called through Fly Proxy. */
  dial: string | undefined
  /** Where this computer listens for them. */
  dialListen: string | undefined
  tokenFile: string | undefined
  api: string | undefined
  logs: string | undefined
  proxy: string | undefined
}

export const DEFAULT_REGION = 'iad'
export const DEFAULT_SIZE = 'performance-2x/4096'

/** The same, for forms and flags. */
export const settings: readonly MachineSetting[] = [
  { name: 'app', type: 'text', about: 'the Fly.io app (default: what follows fly:, else one of this installation)' },
  { name: 'createApp', type: 'flag', about: 'make the app where there is none' },
  { name: 'org', type: 'text', about: 'the organization that a new app belongs to', default: 'personal' },
  { name: 'region', type: 'list', about: 'regions, in order of preference', default: DEFAULT_REGION },
  { name: 'size', type: 'list', about: 'sizes, in order: KIND-CPUSx/MEGABYTES', default: DEFAULT_SIZE },
  { name: 'image', type: 'text', about: 'the image (default: Skein’s own, made by `skein image build --fly APP`)' },
  { name: 'user', type: 'text', about: 'the user of another image that agents run as, UID:GID' },
  { name: 'volume', type: 'number', about: 'a volume of so many GB: the machine can stop and keep its files' },
  { name: 'env', type: 'list', about: 'further variables, NAME=value; not for secrets' },
  { name: 'metadata', type: 'list', about: 'further metadata of machines, NAME=value' },
  { name: 'hours', type: 'number', about: 'a machine that nobody renews may be ended after so long', default: 168 },
  { name: 'boot', type: 'number', about: 'seconds that a machine may take to come up', default: 600 },
  { name: 'dial', type: 'text', about: 'a wss:// address that machines call, instead of Fly Proxy leading to them' },
  { name: 'dialListen', type: 'text', about: 'HOST:PORT here, where calls to `dial` arrive' },
  { name: 'tokenFile', type: 'text', about: 'a file with the API token (default: FLY_API_TOKEN)' },
  { name: 'api', type: 'text', about: 'the Machines API’s address (default: FLY_FLAPS_BASE_URL)' },
  { name: 'logs', type: 'text', about: 'the logs API’s address (default: FLY_API_BASE_URL)' },
  { name: 'proxy', type: 'text', about: 'Fly Proxy’s address (default: https://APP.fly.dev)' },
]

const SIZE = /^(shared|performance)(?:-cpu)?-(\d{1,2})x(?:[/:](\d{3,6}))?$/
const REGION = /^[a-z]{3}$/
const IMAGE = /^[a-z0-9][\w./:@-]*$/i
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/
const SECRET = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/i
const OWN = /^(SKEIN_DOOR_|FLY_)/

/** Throws `invalid`, with the setting's name. */
export function parseSettings(given: Record<string, unknown>): FlySettings {
  const unknown = Object.keys(given).filter((name) => !settings.some((setting) => setting.name === name))
  if (unknown.length > 0)
    throw wrong(unknown.join(', '), 'is no setting of Fly machines', settings.map(({ name }) => name).join(', '))
  const app = text(given, 'app')
  return {
    app: app === undefined ? undefined : checkedAppName(app),
    createApp: flag(given, 'createApp'),
    org: text(given, 'org') ?? 'personal',
    regions: listOf(given, 'region', DEFAULT_REGION).map(regionOf),
    sizes: listOf(given, 'size', DEFAULT_SIZE).map(sizeOf),
    image: matching(text(given, 'image'), 'image', IMAGE, 'a name of an image'),
    user: matching(text(given, 'user'), 'user', /^\d+(:\d+)?$/, 'a number, or UID:GID'),
    volumeGb: number(given, 'volume', 0, 500),
    env: variables(given),
    metadata: pairs(given, 'metadata'),
    hours: number(given, 'hours', 168, 8760),
    bootS: number(given, 'boot', 600, 3600),
    dial: matching(text(given, 'dial'), 'dial', /^wss?:\/\/\S+$/, 'an address that begins with wss://'),
    dialListen: matching(text(given, 'dialListen'), 'dialListen', /^[\w.:[\]-]+:\d+$/, 'HOST:PORT'),
    tokenFile: text(given, 'tokenFile'),
    api: address(given, 'api'),
    logs: address(given, 'logs'),
    proxy: address(given, 'proxy'),
  }
}

/** As Fly names and takes it. */
export function sizeOf(name: string): FlySize {
  const [, kind, cpus, memory] = SIZE.exec(name) ?? []
  if (kind === undefined) throw wrong('size', `has ${JSON.stringify(name)}`, 'sizes like performance-2x/4096')
  const cpuKind = kind === 'shared' ? 'shared' : 'performance'
  const least = Number(cpus) * (cpuKind === 'shared' ? 256 : 2048)
  return { cpuKind, cpus: Number(cpus), memoryMb: memory === undefined ? least : Number(memory) }
}

export function sizeName({ cpuKind, cpus, memoryMb }: FlySize): string {
  return `${cpuKind === 'shared' ? 'shared-cpu' : cpuKind}-${cpus}x/${memoryMb}`
}

function regionOf(name: string): string {
  if (REGION.test(name)) return name
  throw wrong('region', `has ${JSON.stringify(name)}`, 'regions like iad or ams')
}

/** A machine's config is shown to everybody who may look at the app. */
function variables(given: Record<string, unknown>): Record<string, string> {
  const env = pairs(given, 'env')
  for (const name of Object.keys(env)) {
    if (!VARIABLE.test(name)) throw wrong('env', `has ${JSON.stringify(name)}`, 'NAME=value')
    if (OWN.test(name)) throw wrong('env', `has ${name}, which Skein or Fly sets`, 'another name')
    if (SECRET.test(name))
      throw wrong('env', `has ${name}, which seems to be a secret`, 'it to the session instead; Skein sends that over')
  }
  return env
}

function pairs(given: Record<string, unknown>, name: string): Record<string, string> {
  return Object.fromEntries(
    listOf(given, name, '').map((entry) => {
      const at = entry.indexOf('=')
      if (at < 1) throw wrong(name, `has ${JSON.stringify(entry.slice(0, 40))}`, 'NAME=value')
      return [entry.slice(0, at), entry.slice(at + 1)] as const
    }),
  )
}

function text(given: Record<string, unknown>, name: string): string | undefined {
  const value = given[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.startsWith('-')) throw wrong(name, `is ${JSON.stringify(value)}`, 'a text')
  return value
}

function matching(value: string | undefined, name: string, pattern: RegExp, right: string): string | undefined {
  if (value === undefined || pattern.test(value)) return value
  throw wrong(name, `is ${JSON.stringify(value)}`, right)
}

function address(given: Record<string, unknown>, name: string): string | undefined {
  const value = matching(text(given, name), name, /^https?:\/\/\S+$/, 'an address that begins with https://')
  if (value === undefined) return undefined
  const { username, password } = new URL(value)
  if (username !== '' || password !== '') throw wrong(name, 'has a name or password in it', 'it without')
  return value.replace(/\/+$/, '')
}

function flag(given: Record<string, unknown>, name: string): boolean {
  const value = given[name]
  if (value === undefined || value === null || value === '' || value === false || value === 'false') return false
  if (value === true || value === 'true') return true
  throw wrong(name, `is ${JSON.stringify(value)}`, 'true or false')
}

function number(given: Record<string, unknown>, name: string, otherwise: number, most: number): number {
  const value = given[name]
  if (value === undefined || value === null || value === '') return otherwise
  const parsed = typeof value === 'string' ? Number(value) : value
  if (typeof parsed !== 'number' || !Number.isFinite(parsed) || parsed < 0 || parsed > most)
    throw wrong(name, `is ${JSON.stringify(value)}`, `a number up to ${most}`)
  return parsed
}

function listOf(given: Record<string, unknown>, name: string, otherwise: string): string[] {
  const value = given[name] ?? otherwise
  const entries = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(entries) || entries.some((entry) => typeof entry !== 'string'))
    throw wrong(name, 'is no list of texts', 'a list of texts')
  const found = entries.map((entry: string) => entry.trim()).filter((entry) => entry !== '')
  return found.length > 0 || otherwise === '' ? found : [otherwise]
}

function wrong(name: string, what: string, right: string): SkeinError {
  return new SkeinError('invalid', `Fly machine settings: ${name} ${what}`, { next: `Give ${right}.` })
}
