import type { Duplex } from 'node:stream'
import type { MachineSetting, Monitored, ProcessExit } from '@skein/protocol'

/** What a provider is asked to make. `key` is the caller's: the same key is the same machine, always. */
export interface MachineSpec {
  key: string
  /** What follows the colon of `--on KIND:NAME`: an ssh alias, a container's configuration; empty where none was given. */
  name: string
  /** Names this installation of Skein; every machine is labelled with it. */
  owner: string
  /** The provider's own settings (host, image, size, …), as its `settings` describe them. */
  settings: Record<string, unknown>
  /**
   * For whom it is made, where it is made for one workspace (`lifetime: 'workspace'`). One that is made ahead of its workspace has a
   * name of its own here, and no branch ('').
   */
  workspace?: { name: string; branch: string; project: { id: string; name: string; path: string } }
}

/** What the store keeps of a machine; enough to find it again after everything else was lost. Holds no secret. */
export interface MachineRecord {
  kind: string
  /** Unique among the machines of its kind. */
  id: string
  name: string
  owner: string
  details: Record<string, unknown>
}

/** Where a stream leads: to the machine's runner, or to a TCP port on it. */
export type StreamTarget = { runner: true } | { port: number }

/** A command of this computer that gives a person a shell on the machine, in their own terminal. */
export interface ShellCommand {
  argv: string[]
  env: Record<string, string>
}

/** A machine is a way to open byte streams. */
export interface Machine {
  readonly record: MachineRecord
  /**
   * The stream to the runner brings whatever the machine lacks (Node, the runner's bundle), and starts it. Throws
   * `unavailable` for what may pass by itself (no route, a dropped link), anything else for what a person must mend.
   */
  open(target: StreamTarget, signal?: AbortSignal): Promise<Duplex>
  start(): Promise<void>
  stop(): Promise<void>
  /** Resolves only when the machine is known to be gone; retries inside. */
  destroy(): Promise<void>
  /** An interactive shell, or a command in one. */
  shell?(command?: string): ShellCommand
  /**
   * The repository stands there already, on the branch of the workspace that the machine was made for: where (absolute; known
   * once the runner was opened). Absent: Skein makes work trees there itself.
   */
  checkout?(): string | undefined
  /** Variables that hold for whatever runs there (the way through a proxy), whatever else a session was given. No secrets. */
  environment?(): Record<string, string>
  /**
   * Why a process there was ended, where the machine knows better than the process's exit says (its memory was used up).
   * Undefined: it knows nothing.
   */
  explainExit?(exit: ProcessExit): Promise<ExplainedExit | undefined>
}

/** Why a process ended, and what a person can do about it. */
export interface ExplainedExit {
  message: string
  next?: string
}

/** What a provider finds wrong with a machine, or right. */
export interface Diagnosis {
  ok: boolean
  severity: 'error' | 'warning' | 'info'
  what: string
  remedy?: string
}

/** What a provider may use of Skein. */
export interface ProviderContext {
  /** `$SKEIN_HOME`, absolute. */
  home: string
  /** The runner's bundle on this computer and its SHA-256. */
  runnerBundle(): Promise<{ path: string; sha256: string }>
  /** For the server's log. */
  log(message: string): void
  /** For the person who waits: one line of what is being done, or of what a script printed. */
  progress(line: string): void
  signal: AbortSignal
}

/** Makes, finds and destroys machines of one kind. */
export interface MachineProvider {
  readonly kind: string
  /** For people: "ssh host", "container". */
  readonly label: string
  /**
   * `shared`: it is there for many workspaces and stays when they go (a host). `workspace`: it is made for one workspace, and
   * destroyed with the last that uses it (a container, what a script provisioned).
   */
  readonly lifetime: 'shared' | 'workspace'
  /** Whether a process there is kept from the user's own files by the machine itself (container, VM). */
  readonly isolated: boolean
  readonly settings: readonly MachineSetting[]
  /** It runs what the project's repository ships, on this computer: only for projects that the person trusts. */
  readonly runsRepositoryScripts?: boolean
  /** Why machines of the kind cannot be made ahead of their workspaces. Absent: they can, and `pool` is a setting of theirs. */
  readonly notAhead?: string
  /**
   * What becomes of a machine for one workspace while nothing goes on there, unless its setting `idle` says otherwise. `stop`: it
   * is stopped, and started when it is needed. Absent: stopping and starting one means nothing, or loses its files.
   */
  readonly idle?: 'stop' | 'keep'
  /**
   * Idempotent by `spec.key`: asking twice, or asking again after a lost answer, yields one machine. It must be found by
   * `list` from before it exists. Need not connect.
   */
  create(spec: MachineSpec, context: ProviderContext): Promise<Machine>
  /** Every machine of ours that exists there, found by owner labels; the reaper's source of truth. */
  list(owner: string, context: ProviderContext): AsyncIterable<MachineRecord>
  attach(record: MachineRecord, context: ProviderContext): Promise<Machine>
  /** What a machine with these settings would be made of now (an image): one that was made ahead of something else is replaced. */
  madeOf?(spec: MachineSpec, context: ProviderContext): Promise<string>
  /**
   * What the project's own monitor says of its services, on a machine of the kind or, without one, on this computer. Undefined:
   * there is none. Runs what the repository ships: asked only for projects that the person trusts.
   */
  monitor?(
    project: { id: string; name: string; path: string },
    machine: Machine | undefined,
    context: ProviderContext,
  ): Promise<Monitored | undefined>
  /** What is there and what is missing, with remedies; never throws for what it finds. */
  diagnose?(machine: Machine, context: ProviderContext): Promise<Diagnosis[]>
  /** Ends what this process holds for all machines (connections kept open); machines go on. */
  close?(): Promise<void>
}
