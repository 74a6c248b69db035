import type { Duplex } from 'node:stream'

/** What a provider is asked to make. `key` is the caller's: the same key is the same machine, always. */
export interface MachineSpec {
  key: string
  name: string
  owner: string
  /** The provider's own settings (host, image, size, …), checked by its `settings` schema. */
  settings: Record<string, unknown>
}

/** What the store keeps of a machine; enough to find it again after everything else was lost. Holds no secret. */
export interface MachineRecord {
  kind: string
  id: string
  name: string
  owner: string
  details: Record<string, unknown>
}

/** Where a stream leads: to the machine's runner, or to a TCP port on it. */
export type StreamTarget = { runner: true } | { port: number }

/** A machine is a way to open byte streams. */
export interface Machine {
  readonly record: MachineRecord
  open(target: StreamTarget, signal?: AbortSignal): Promise<Duplex>
  start(): Promise<void>
  stop(): Promise<void>
  /** Resolves only when the machine is known to be gone; retries inside. */
  destroy(): Promise<void>
}

/** What a provider may use of Skein. */
export interface ProviderContext {
  /** `$SKEIN_HOME`, absolute. */
  home: string
  /** The runner's bundle on this computer and its SHA-256. */
  runnerBundle(): Promise<{ path: string; sha256: string }>
  log(message: string): void
  signal: AbortSignal
}

/** Makes, finds and destroys machines of one kind. */
export interface MachineProvider {
  readonly kind: string
  /** Whether a process there is kept from the user's own files by the machine itself (container, VM). */
  readonly isolated: boolean
  /** Idempotent by `spec.key`: asking twice, or asking again after a lost answer, yields one machine. */
  create(spec: MachineSpec, context: ProviderContext): Promise<Machine>
  /** Every machine of ours that exists there, found by owner labels; the reaper's source of truth. */
  list(owner: string, context: ProviderContext): AsyncIterable<MachineRecord>
  attach(record: MachineRecord, context: ProviderContext): Promise<Machine>
}
