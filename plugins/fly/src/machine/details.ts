import { type MachineRecord, SkeinError } from '@skein/plugin-api'
import * as z from 'zod'
import type { FlyMachineInfo } from '../api/shapes.ts'
import { metadataOf } from '../api/shapes.ts'
import { LABELS, namesFor } from './names.ts'

export const KIND = 'fly'

/** What the record of a machine holds beside its names; enough to find it again, and no secret. */
export const FlyDetails = z.object({
  key: z.string(),
  app: z.string(),
  /** Fly's id; absent: only a volume is known. */
  machine: z.string().optional(),
  /** It has a volume, which goes with it. */
  volume: z.boolean().optional(),
  /** Its name, where the key that it was made for is not known any more. */
  volumeName: z.string().optional(),
  region: z.string().optional(),
  size: z.string().optional(),
  image: z.string().optional(),
  memoryMb: z.number().optional(),
  /** Of the door's last line. */
  nonce: z.string().optional(),
  /** Milliseconds; renewed by who uses it. */
  expires: z.number().optional(),
  hours: z.number().optional(),
  bootS: z.number().optional(),
  /** Where the runner keeps its things. */
  runner: z.string().optional(),
  /** Variables for what runs there. */
  environment: z.record(z.string(), z.string()).optional(),
  /** Agents run as root. */
  root: z.boolean().optional(),
  dial: z.string().optional(),
  dialListen: z.string().optional(),
  proxy: z.string().optional(),
  api: z.string().optional(),
  logs: z.string().optional(),
  tokenFile: z.string().optional(),
})
export type FlyDetails = z.infer<typeof FlyDetails>

/** Throws `invalid` for a record of another kind. */
export function detailsOf(record: MachineRecord): FlyDetails {
  if (record.kind !== KIND)
    throw new SkeinError('invalid', `${record.kind}:${record.id} is no Fly machine`, {
      next: 'Ask the provider of that kind.',
    })
  return FlyDetails.parse(record.details)
}

/** Without members that are undefined, so that records compare. */
export function recordFor(owner: string, name: string, details: FlyDetails): MachineRecord {
  return {
    kind: KIND,
    id: namesFor(owner, details.key).machine,
    name,
    owner,
    details: Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)),
  }
}

/** What a list tells of a machine. */
export function detailsFrom(machine: FlyMachineInfo, place: Pick<FlyDetails, 'app' | 'api' | 'logs' | 'tokenFile'>) {
  const metadata = metadataOf(machine)
  const config = machine.config ?? machine.incomplete_config
  const expires = Number(metadata[LABELS.expires])
  const details: FlyDetails = {
    ...place,
    key: metadata[LABELS.key] ?? machine.name,
    machine: machine.id,
    volume: (config?.mounts ?? []).length > 0,
    region: machine.region,
    image: config?.image,
    memoryMb: config?.guest?.memory_mb,
    nonce: config?.env?.SKEIN_DOOR_NONCE,
    expires: Number.isFinite(expires) && expires > 0 ? expires * 1000 : undefined,
    runner: config?.env?.SKEIN_DOOR_RUNNER,
  }
  return details
}
