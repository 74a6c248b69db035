import * as z from 'zod'

/** A machine's event. Type and status are open: Fly adds to them. */
export const FlyEvent = z.looseObject({
  id: z.string().optional(),
  type: z.string().default(''),
  status: z.string().default(''),
  source: z.string().optional(),
  /** Milliseconds. */
  timestamp: z.number().default(0),
  request: z.record(z.string(), z.unknown()).nullish(),
})
export type FlyEvent = z.infer<typeof FlyEvent>

const Config = z.looseObject({
  image: z.string().optional(),
  env: z.record(z.string(), z.string()).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  guest: z.looseObject({ memory_mb: z.number().optional() }).nullish(),
  mounts: z.array(z.looseObject({ volume: z.string().optional(), path: z.string().optional() })).nullish(),
})

/** What of a machine is of use here; `config` may be null where its host does not answer. */
export const FlyMachineInfo = z.looseObject({
  id: z.string(),
  name: z.string().default(''),
  state: z.string(),
  region: z.string().default(''),
  instance_id: z.string().default(''),
  created_at: z.string().nullish(),
  config: Config.nullish(),
  incomplete_config: Config.nullish(),
  host_status: z.string().nullish(),
  events: z.array(FlyEvent).nullish(),
})
export type FlyMachineInfo = z.infer<typeof FlyMachineInfo>

export const FlyVolumeInfo = z.looseObject({
  id: z.string(),
  name: z.string().default(''),
  state: z.string().default('created'),
  region: z.string().default(''),
  size_gb: z.number().nullish(),
  attached_machine_id: z.string().nullish(),
  created_at: z.string().nullish(),
})
export type FlyVolumeInfo = z.infer<typeof FlyVolumeInfo>

export const FlyAppInfo = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  status: z.string().optional(),
})
export type FlyAppInfo = z.infer<typeof FlyAppInfo>

/** The metadata of a machine, as far as it is known. */
export function metadataOf(machine: FlyMachineInfo): Record<string, string> {
  return machine.config?.metadata ?? machine.incomplete_config?.metadata ?? {}
}
