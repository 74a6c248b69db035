import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Machine, MachineProvider, MachineRecord, MachineSpec, ProviderContext } from '@skein/plugin-api'
import { type FlyEmulator, type FlyOptions, startFly, temporaryFolder } from '@skein/testkit'
import { buildRunner } from '../../../../scripts/build-runner.ts'
import { FlyClient } from '../api/client.ts'
import { doorFiles } from '../image/door-bundle.ts'
import { ownImage } from '../image/names.ts'
import { createFlyProvider } from '../provider.ts'

/** Each key has an app of its own, so that Fly's limits for one hold up no other. */
const APPS = Array.from({ length: 24 }, (_, index) => `app-${index}`)

/** A Fly.io of our own with Skein's image in it, and the provider on it. */
export interface FlyWorld extends AsyncDisposable {
  readonly fly: FlyEmulator
  readonly home: string
  readonly provider: MachineProvider
  readonly context: ProviderContext
  readonly client: FlyClient
  readonly progress: string[]
  spec(key: string, settings?: Record<string, unknown>): MachineSpec
  /** The app of a key. */
  app(key: string): string
  make(key: string, settings?: Record<string, unknown>): Promise<Machine>
  list(owner?: string): Promise<MachineRecord[]>
  /** `METHOD path`, without ids, of the API's calls since the last time it was asked. */
  calls(): string[]
}

export interface FlyWorldOptions extends Omit<FlyOptions, 'images'> {
  apps?: readonly string[]
  images?: NonNullable<FlyOptions['images']>
}

export async function flyWorld({ apps = APPS, images = {}, ...options }: FlyWorldOptions = {}): Promise<FlyWorld> {
  const folder = await temporaryFolder('fly')
  const home = join(folder.path, 'home')
  const root = join(folder.path, 'image')
  mkdirSync(home)
  mkdirSync(join(root, 'opt/skein'), { recursive: true })
  const { entry, bundle } = await doorFiles()
  copyFileSync(entry, join(root, 'opt/skein/entry.sh'))
  copyFileSync(bundle, join(root, 'opt/skein/door.cjs'))
  const image = {
    root,
    entrypoint: ['/bin/sh', '/opt/skein/entry.sh'],
    env: {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      SKEIN_DOOR_END_MS: '2000',
    },
  }
  const own = Object.fromEntries(apps.map((app) => [ownImage(app), image]))
  const plain = { env: { PATH: image.env.PATH }, cmd: ['sleep', '1000'] }
  const fly = await startFly({
    boot: 'instant',
    apps,
    images: { ...own, 'plain:1': plain, ...images },
    ...options,
  })
  const runner = await buildRunner()
  const progress: string[] = []
  const context: ProviderContext = {
    home,
    runnerBundle: async () => runner,
    log: () => undefined,
    progress: (line) => progress.push(line),
    signal: new AbortController().signal,
  }
  // Pauses that are meant for a Fly with trouble are not waited out in full.
  const provider = createFlyProvider({ token: fly.token, random: () => 0.1 })
  let told = 0
  const appOf = new Map<string, string>()
  const app = (key: string): string => {
    const found = appOf.get(key) ?? apps[appOf.size % apps.length] ?? ''
    appOf.set(key, found)
    return found
  }
  const world: FlyWorld = {
    fly,
    home,
    provider,
    context,
    client: new FlyClient({ api: fly.apiUrl, logs: fly.logsUrl, token: fly.token }),
    progress,
    spec: (key, settings = {}) => ({
      key,
      name: app(key),
      owner: 'tests',
      settings: {
        api: fly.apiUrl,
        logs: fly.logsUrl,
        proxy: fly.proxyUrl,
        size: 'shared-cpu-1x/512',
        boot: 30,
        ...settings,
      },
      workspace: { name: key, branch: key, project: { id: 'p', name: 'p', path: home } },
    }),
    app,
    make: (key, settings) => provider.create(world.spec(key, settings), context),
    list: (owner = 'tests') => Array.fromAsync(provider.list(owner, context)),
    calls() {
      const calls = fly.journal.slice(told).map(({ method, path }) => `${method} ${plainPath(path)}`)
      told = fly.journal.length
      return calls
    },
    async [Symbol.asyncDispose]() {
      await fly[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
  return world
}

function plainPath(path: string): string {
  return (path.split('?')[0] ?? '')
    .replace(/^\/v1/, '')
    .replace(/(\/apps\/)[^/]+/, '$1APP')
    .replace(/(\/machines\/)[0-9a-f]{14}/, '$1ID')
    .replace(/(\/volumes\/)vol_\w+/, '$1ID')
}
