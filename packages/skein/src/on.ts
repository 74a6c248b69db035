/** Where a run or a session works: a kind of machine, which of them, and the kind's own settings. */
export interface On {
  readonly kind: string
  /** What follows the colon of `--on KIND:NAME`: an ssh alias, a machine's configuration; empty for the kind's default. */
  readonly name: string
  /** As the kind's provider describes them (`skein machine kinds`). */
  readonly settings: Readonly<Record<string, unknown>>
}

/** A provider's settings: lists, texts, numbers and flags by name. */
export type MachineSettings = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** Any kind of machine that a plugin provides. */
export function machine(kind: string, name = '', settings: MachineSettings = {}): On {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return { kind, name, settings: Object.fromEntries(given) }
}

/** This computer. */
export function local(): On {
  return machine('local')
}

/** A host that the system's own `ssh` reaches by this alias or address. */
export function ssh(host: string, settings: MachineSettings = {}): On {
  return machine('ssh', host, settings)
}

/** A container that is made for the run and destroyed with it. */
export function docker(settings: MachineSettings = {}): On {
  return machine('docker', '', settings)
}

/** A Fly Machine that is made for the run and destroyed with it. */
export function fly({ app, ...settings }: MachineSettings & { app: string }): On {
  return machine('fly', app, settings)
}
