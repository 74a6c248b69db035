import type { MachineProvider, MachineRecord, MachineSpec, ProviderContext } from '@skein/plugin-api'
import { checkedAppName, ensureApp, setSecret } from './api/apps.ts'
import { endpointsOf, FlyClient } from './api/client.ts'
import { findToken } from './api/token.ts'
import { DIAL_LISTEN, DialHub } from './door/dial-hub.ts'
import { dialSecret, dialSecretName } from './door/dial-ticket.ts'
import type { Connect } from './door/fly-door.ts'
import { doorKey } from './door/key.ts'
import { throughProxy } from './door/through-proxy.ts'
import { hasOwnDoor, ownImage } from './image/names.ts'
import { createFlyMachine } from './machine/create.ts'
import { detailsOf, type FlyDetails, KIND } from './machine/details.ts'
import { FlyMachine } from './machine/fly-machine.ts'
import { type AppPlace, knownApps, rememberApp } from './machine/known.ts'
import { listApp } from './machine/list.ts'
import { defaultApp } from './machine/names.ts'
import { type FlySettings, parseSettings, settings, sizeName } from './settings.ts'

export interface FlyProviderOptions {
  /** Comes before FLY_API_TOKEN. */
  token?: string
  /** Between 0 and 1: how much of each pause is taken before a call is repeated. */
  random?: () => number
}

/** Fly.io Machines, one for each workspace. */
export function createFlyProvider({ token, random }: FlyProviderOptions = {}): MachineProvider {
  const clients = new Map<string, FlyClient>()
  /** The same object for the same place, with the token as it is now. */
  const clientOf = (place: Omit<AppPlace, 'app'>, { home }: ProviderContext): FlyClient => {
    const found = findToken({ token, tokenFile: place.tokenFile, home })
    const endpoints = endpointsOf(place)
    const key = JSON.stringify([endpoints, found])
    const client = clients.get(key) ?? new FlyClient({ ...endpoints, token: found, ...(random ? { random } : {}) })
    clients.set(key, client)
    return client
  }
  /** Where calls of machines arrive, by address. */
  const hubs = new Map<string, Promise<DialHub>>()
  const hubOn = (listen: string): Promise<DialHub> => {
    const hub = hubs.get(listen) ?? DialHub.start(listen)
    hubs.set(listen, hub)
    hub.catch(() => hubs.delete(listen))
    return hub
  }
  const connectionOf = (details: FlyDetails, { home }: ProviderContext): Connect => {
    const { app, machine = '', proxy, dial, dialListen = DIAL_LISTEN } = details
    const place = { app, machine, privateKey: () => doorKey(home) }
    if (dial === undefined) return throughProxy({ ...place, proxy })
    // It calls when it is up, so that who waits for its calls begins at once.
    const calling = hubOn(dialListen).then((hub) => hub.connect(place))
    calling.catch(() => undefined)
    return async (target, signal) => (await calling)(target, signal)
  }
  const machineOf = (record: MachineRecord, context: ProviderContext): FlyMachine => {
    const details = detailsOf(record)
    return new FlyMachine(record, clientOf(details, context), connectionOf(details, context), context)
  }

  return {
    kind: KIND,
    label: 'Fly machine',
    lifetime: 'workspace',
    isolated: true,
    // Without a volume, stopping loses its files.
    idle: 'keep',
    settings,
    async create(spec, context) {
      const wanted = parseSettings(spec.settings)
      const app = appOf(spec, wanted)
      const client = clientOf(wanted, context)
      const { api, logs, tokenFile } = wanted
      await rememberApp(context.home, { app, api, logs, tokenFile })
      const image = wanted.image ?? ownImage(app)
      const privateKey = doorKey(context.home)
      // An app that nobody named is Skein's to make.
      const createApp = wanted.createApp || (wanted.app === undefined && spec.name === '')
      if (wanted.dial !== undefined) {
        const { signal } = context
        if (createApp) await ensureApp(client, { app, org: wanted.org, signal })
        await setSecret(client, { app, signal }, dialSecretName(spec.owner), dialSecret(privateKey, app))
      }
      const plan = {
        spec,
        settings: { ...wanted, createApp },
        app,
        image,
        hasDoor: hasOwnDoor(image),
        privateKey,
      }
      return machineOf(await createFlyMachine(client, plan, context), context)
    },
    async *list(owner, context) {
      const places = await knownApps(context.home)
      const found = await Promise.all(places.map((place) => listApp(clientOf(place, context), place, owner, context)))
      yield* found.flat()
    },
    attach: async (record, context) => machineOf(record, context),
    async madeOf(spec) {
      const wanted = parseSettings(spec.settings)
      const image = wanted.image ?? ownImage(appOf(spec, wanted))
      return `${image} ${wanted.regions.join()} ${wanted.sizes.map(sizeName).join()} ${wanted.volumeGb}`
    },
    async diagnose(machine) {
      return machine instanceof FlyMachine ? machine.diagnose() : []
    },
    async close() {
      for (const hub of hubs.values()) await (await hub.catch(() => undefined))?.[Symbol.asyncDispose]()
      hubs.clear()
    },
  }
}

function appOf(spec: MachineSpec, { app }: FlySettings): string {
  return app ?? (spec.name === '' ? defaultApp(spec.owner) : checkedAppName(spec.name))
}
