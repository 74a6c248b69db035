import type { MachineRecord } from '@skein/plugin-api'
import type { FlyClient } from '../api/client.ts'
import { listMachines } from '../api/machines.ts'
import { metadataOf } from '../api/shapes.ts'
import { listVolumes } from '../api/volumes.ts'
import { detailsFrom, type FlyDetails, recordFor } from './details.ts'
import { type AppPlace, keyOfVolume } from './known.ts'
import { LABELS, MAKER, namesFor, volumePrefix } from './names.ts'

/** What is on a volume outlasts its machine's rest, so that somebody who was away finds it. */
const KEPT_WITH_VOLUME_MS = 30 * 24 * 3_600_000

/** Whether a machine of somebody else's is nobody's any more. */
function isOver({ expires, volume }: FlyDetails, now: number): boolean {
  return expires !== undefined && expires + (volume ? KEPT_WITH_VOLUME_MS : 0) < now
}

/**
 * The owner's machines of an app, and volumes without one. Machines of other owners whose time is over are told too: whoever made them has
 * not come for days, and nobody else would end them.
 */
export async function listApp(
  client: FlyClient,
  place: AppPlace,
  owner: string,
  { home, signal, now = Date.now() }: { home: string; signal: AbortSignal; now?: number },
): Promise<MachineRecord[]> {
  const { app } = place
  const machines = await listMachines(client, { app, signal }, { [LABELS.maker]: MAKER })
  const records = new Map<string, MachineRecord>()
  for (const machine of machines) {
    const metadata = metadataOf(machine)
    const details = detailsFrom(machine, place)
    const theirs = metadata[LABELS.owner]
    if (metadata[LABELS.maker] !== MAKER || theirs === undefined) continue
    if (theirs !== owner && !isOver(details, now)) continue
    const record = recordFor(theirs, metadata[LABELS.name] ?? machine.name, details)
    const known = records.get(record.id)
    // Of two for one key, either leads to both.
    if (known === undefined || known.details.volume === false) records.set(record.id, record)
  }
  for (const { name, region } of await listVolumes(client, { app, signal })) {
    if (!name.startsWith(volumePrefix(owner))) continue
    if ([...records.values()].some(({ details }) => namesFor(owner, String(details.key)).volume === name)) continue
    // A key that this home does not know is nobody's.
    const key = await keyOfVolume(home, name)
    const known = key === undefined ? { key: name, volumeName: name } : { key }
    const record = recordFor(owner, name, { ...place, ...known, region, volume: true })
    records.set(record.id, record)
  }
  return [...records.values()]
}
