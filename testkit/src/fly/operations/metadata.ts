import { bodyOf, type Call, type Handler, machineOf, machineToChange, ok } from '../http/call.ts'
import { refused } from '../http/refusal.ts'
import type { Machine } from '../state/machine.ts'

/** Changes of metadata make no new version. */
export const metadata: Record<string, Handler> = {
  Machines_show_metadata: (call) => ok(machineOf(call).config.metadata ?? {}),

  /** PUT replaces, PATCH merges. */
  Machines_update_metadata(call) {
    const machine = machineToChange(call)
    const body = bodyOf<{ machine_version?: string; metadata?: Record<string, string> }>(call)
    if (body.machine_version !== undefined && body.machine_version !== machine.instanceId)
      throw refused('failed_precondition', `machine version mismatch, expected ${machine.instanceId}`)
    if (call.method === 'PUT') machine.config.metadata = { ...body.metadata }
    else set(machine, body.metadata ?? {})
    return { status: 204 }
  },

  Machines_get_metadata_key(call) {
    const value = machineOf(call).config.metadata?.[key(call)]
    if (value === undefined) throw refused('not_found', `metadata key ${key(call)} not found`)
    return ok({ value })
  },

  Machines_upsert_metadata(call) {
    const { value } = bodyOf<{ value?: string }>(call)
    if (value === undefined) throw refused('invalid_argument', 'value is required')
    set(machineToChange(call), { [key(call)]: value })
    return { status: 204 }
  },

  Machines_delete_metadata(call) {
    const { config } = machineToChange(call)
    const { [key(call)]: _, ...rest } = config.metadata ?? {}
    config.metadata = rest
    return { status: 204 }
  },
}

function set({ config }: Machine, values: Record<string, string>): void {
  config.metadata = { ...config.metadata, ...values }
}

function key({ params }: Call): string {
  return params.key ?? ''
}
