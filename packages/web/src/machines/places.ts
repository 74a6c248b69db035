import type { MachineInfo, MachineKind } from '@skein/protocol'

/** Somewhere that a workspace can be put, as a form offers it. */
export interface Place {
  /** What `on` takes; one that ends with a colon wants a name behind it. */
  on: string
  name: string
  detail?: string
}

/** Where a workspace can be put: what is known, then what kinds make one or reach one by its name. */
export function placesOf(kinds: readonly MachineKind[], machines: readonly MachineInfo[]): Place[] {
  const labels = new Map(kinds.map(({ kind, label }) => [kind, label]))
  const known = machines.filter(({ id, lifetime, template }) => id !== 'local' && (lifetime === 'shared' || template))
  return [
    { on: 'local', name: 'This computer' },
    ...known.map(({ id, kind, template, because }) => ({
      on: id,
      name: id,
      detail: template ? `${labels.get(kind) ?? kind}, made for the workspace` : because,
    })),
    ...kinds.flatMap(({ kind, label, lifetime }): Place[] => {
      if (kind === 'local') return []
      return lifetime === 'workspace'
        ? [{ on: kind, name: `A new ${label}`, detail: 'Made for the workspace, destroyed with it' }]
        : [{ on: `${kind}:`, name: `Another ${label}…`, detail: 'By its name; known from then on' }]
    }),
  ]
}
