import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/plugin-api'
import type { FlyClient } from '../api/client.ts'
import { destroyMachine, listMachines } from '../api/machines.ts'
import { metadataOf } from '../api/shapes.ts'
import { deleteVolume, listVolumes } from '../api/volumes.ts'
import { waitForMachine } from '../api/wait.ts'
import { LABELS, namesFor } from './names.ts'

export interface Removal {
  app: string
  owner: string
  key: string
  /** Machines that are known to exist, or to have existed. */
  machines: readonly string[]
  /** Whether there is, or may be, a volume. */
  volume: boolean
  /** Its name, where that does not follow from the key. */
  volumeName?: string | undefined
  signal?: AbortSignal | undefined
  deadlineMs?: number
}

const DEADLINE_MS = 180_000
const PAUSES_MS = [250, 500, 1000, 2000, 4000, 8000]
/** Until a machine that was told to go has gone. */
const GOING_S = 15

/**
 * Destroys every machine and volume of a key, and looks until Fly knows of none: also a second machine that was made for the key because an
 * answer was lost. Throws what is left, when patience is at an end.
 */
export async function removeEverything(client: FlyClient, removal: Removal): Promise<void> {
  const { app, signal } = removal
  const late = AbortSignal.timeout(removal.deadlineMs ?? DEADLINE_MS)
  const patience = signal ? AbortSignal.any([signal, late]) : late
  let known = [...removal.machines]
  let left: string[] = known.length > 0 ? known : ['what there may be']
  let problem: unknown
  for (let round = 0; ; round++) {
    try {
      await Promise.all(known.map((id) => destroyOne(client, app, id, patience)))
      const found = await machinesOf(client, removal, patience)
      if (found.length === 0 && (!removal.volume || (await removeVolumes(client, removal, patience)))) return
      left = found.length > 0 ? found.map((id) => `machine ${id}`) : ['its volume']
      known = found
      problem = undefined
    } catch (error) {
      if (signal?.aborted) throw new SkeinError('cancelled', `removing machines of ${app}: cancelled`, { cause: error })
      if (error instanceof SkeinError && error.code === 'unauthorized') throw error
      problem = error
    }
    if (late.aborted)
      throw new SkeinError(
        'unavailable',
        `removing ${namesFor(removal.owner, removal.key).machine} of ${app}: still there: ${left.join(', ')}`,
        {
          next: `It is tried again; \`fly machine destroy --force --app ${app}\` does the same by hand.`,
          details: { app, left },
          cause: problem,
        },
      )
    await sleep(PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)], undefined, { signal: patience }).catch(
      () => undefined,
    )
  }
}

async function destroyOne(client: FlyClient, app: string, id: string, signal: AbortSignal): Promise<void> {
  await destroyMachine(client, { app, signal }, id)
  await waitForMachine(client, { app, id, states: ['destroyed'], deadlineMs: GOING_S * 1000, signal }).catch(
    (error: unknown) => {
      if (!(error instanceof SkeinError) || error.code !== 'timed_out') throw error
    },
  )
}

/** Those that are on their way out count: not all arrive. */
async function machinesOf(client: FlyClient, { app, owner, key }: Removal, signal: AbortSignal): Promise<string[]> {
  const name = namesFor(owner, key).machine
  const found = await listMachines(client, { app, signal }, { [LABELS.key]: key })
  return found.filter((machine) => machine.name === name || isOf(metadataOf(machine), owner, key)).map(({ id }) => id)
}

function isOf(metadata: Record<string, string>, owner: string, key: string): boolean {
  return metadata[LABELS.owner] === owner && metadata[LABELS.key] === key
}

/** Whether none is left. A machine that went lets go of its volume late. */
async function removeVolumes(
  client: FlyClient,
  { app, owner, key, volumeName = namesFor(owner, key).volume }: Removal,
  signal: AbortSignal,
): Promise<boolean> {
  const find = async () => (await listVolumes(client, { app, signal })).filter(({ name }) => name === volumeName)
  const volumes = await find()
  for (const { id } of volumes) await deleteVolume(client, { app, signal }, id)
  return volumes.length === 0 || (await find()).length === 0
}
