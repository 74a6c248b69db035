import { setTimeout as sleep } from 'node:timers/promises'
import { type MachineSpec, SkeinError } from '@skein/plugin-api'
import { ensureAddresses, ensureApp } from '../api/apps.ts'
import type { FlyClient } from '../api/client.ts'
import { existingMachine, FlyError } from '../api/failure.ts'
import { getMachine, listMachines, postMachine } from '../api/machines.ts'
import { type FlyMachineInfo, metadataOf } from '../api/shapes.ts'
import { listVolumes, postVolume } from '../api/volumes.ts'
import type { FlySettings, FlySize } from '../settings.ts'
import type { machineBody } from './config.ts'
import { LABELS, namesFor } from './names.ts'
import { removeEverything } from './remove.ts'

export interface CreatePlan {
  spec: MachineSpec
  settings: FlySettings
  app: string
  image: string
  /** The image has a door of its own. */
  hasDoor: boolean
  privateKey: string
}

/** What one call has made, for it to be taken back. */
export interface Made {
  machines: Set<string>
  /** An answer was lost, and with it whether there is one. */
  perhaps: boolean
  volume: boolean
}

/** A list may show a new machine late. */
const SEEN_LATE_MS = [0, 1000, 2000]
const TRIES = 6

/** One volume for the key, in the region that it was made in first. */
export async function ensureVolume(
  client: FlyClient,
  { spec, settings, app }: CreatePlan,
  { region, size, made }: { region: string; size: FlySize; made: Made },
  signal: AbortSignal,
) {
  const { volume: name } = namesFor(spec.owner, spec.key)
  const find = async () => (await listVolumes(client, { app, signal })).find((volume) => volume.name === name)
  const before = await find()
  if (before) return before
  // Fly chooses a host that has room for the machine, too.
  const compute = { cpu_kind: size.cpuKind, cpus: size.cpus, memory_mb: size.memoryMb }
  for (let attempt = 0; ; attempt++) {
    try {
      made.volume = true
      return await postVolume(client, { app, signal }, { name, region, size_gb: settings.volumeGb, compute })
    } catch (error) {
      if (await appWasMade(client, error, settings, app, signal)) continue
      if (!(error instanceof FlyError && error.ambiguous) || attempt >= TRIES) throw error
      for (const late of SEEN_LATE_MS) {
        await sleep(late, undefined, { signal })
        const found = await find()
        if (found) return found
      }
    }
  }
}

/** Asks for a machine until there is certainly one. */
export async function ensureMachine(
  client: FlyClient,
  plan: CreatePlan,
  body: ReturnType<typeof machineBody>,
  made: Made,
  signal: AbortSignal,
): Promise<FlyMachineInfo> {
  const { settings, app } = plan
  for (let attempt = 0; ; attempt++) {
    try {
      const machine = await postMachine(client, { app, signal }, body)
      made.machines.add(machine.id)
      return machine
    } catch (error) {
      if (await appWasMade(client, error, settings, app, signal)) continue
      if (!(error instanceof FlyError) || attempt >= TRIES) {
        // It may have been made while nobody listened.
        if (!(error instanceof FlyError) || error.ambiguous) made.perhaps = true
        throw error
      }
      if (error.reason === 'name_taken') {
        const adopted = await adopt(client, plan, existingMachine(error), signal)
        if (adopted) return adopted
        await sleep(500 * (attempt + 1), undefined, { signal })
      } else if (error.ambiguous) {
        made.perhaps = true
        const found = await findLate(client, plan, signal)
        if (found) {
          made.machines.add(found.id)
          return found
        }
      } else if (error.reason === 'claimed') await sleep(1000, undefined, { signal })
      else throw error
    }
  }
}

/** The machine that has the name, if it is ours and not on its way out. */
async function adopt(
  client: FlyClient,
  plan: CreatePlan,
  id: string | undefined,
  signal: AbortSignal,
): Promise<FlyMachineInfo | undefined> {
  const { spec, app } = plan
  const machine =
    id === undefined ? await findLate(client, plan, signal) : await getMachine(client, { app, signal }, id)
  if (!machine) return undefined
  const metadata = metadataOf(machine)
  if (metadata[LABELS.key] !== spec.key || metadata[LABELS.owner] !== spec.owner)
    throw new SkeinError(
      'conflict',
      `the machine ${machine.id} of ${app} has the name ${machine.name}, and is not Skein’s`,
      {
        next: 'Rename or destroy it.',
      },
    )
  if (machine.state === 'destroyed') return undefined
  if (machine.state === 'destroying' || machine.state === 'failed') {
    await removeEverything(client, {
      app,
      owner: spec.owner,
      key: spec.key,
      machines: [machine.id],
      volume: false,
      signal,
    })
    return undefined
  }
  return machine
}

export async function findLate(
  client: FlyClient,
  { spec, app }: CreatePlan,
  signal: AbortSignal,
): Promise<FlyMachineInfo | undefined> {
  const { machine: name } = namesFor(spec.owner, spec.key)
  for (const late of SEEN_LATE_MS) {
    await sleep(late, undefined, { signal })
    const found = await listMachines(client, { app, signal }, { [LABELS.key]: spec.key })
    const ours = found.find((machine) => machine.name === name && machine.state !== 'destroying')
    if (ours) return ours
  }
  return undefined
}

/** There was no app, and now there is. */
async function appWasMade(
  client: FlyClient,
  error: unknown,
  settings: FlySettings,
  app: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (!settings.createApp || !isMissingApp(error)) return false
  const { made } = await ensureApp(client, { app, org: settings.org, signal })
  if (made && settings.dial === undefined) await ensureAddresses(client, app, signal)
  // Not every part of Fly knows a new app at once.
  if (!made) await sleep(500, undefined, { signal })
  return true
}

function isMissingApp(error: unknown): boolean {
  if (!(error instanceof FlyError)) return false
  return error.status === 404 || (error.status === 400 && /could not find app/i.test(error.body))
}
