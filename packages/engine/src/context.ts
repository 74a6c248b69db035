import type { AgentPlugin, MachineProvider } from '@skein/plugin-api'
import { type SessionOptions, SkeinError } from '@skein/protocol'
import type { Kysely } from 'kysely'
import type { ChangeHub } from './changes.ts'
import type { Clock } from './clock.ts'
import type { MachineLog } from './machines/machine-log.ts'
import type { Machines } from './machines/machines.ts'
import type { MachinePools } from './machines/pools.ts'
import type { Turns } from './machines/turns.ts'
import type { DemoProject } from './projects/demo.ts'
import type { Redactor } from './security/redact.ts'
import type { Vault } from './security/vault.ts'
import type { SessionFeeds } from './sessions/feed.ts'
import type { Blobs } from './store/blobs.ts'
import type { GroupCommit } from './store/group-commit.ts'
import type { Store } from './store/schema.ts'
import type { Work } from './work.ts'

/** What may be tuned; every default is in `defaultSettings`. */
export interface EngineSettings {
  /** An idle agent's process is stopped after this long, milliseconds. */
  idleMs: number
  /** Agents together may use this much memory before idle ones are stopped early, bytes. */
  memoryCeiling: number
  /** Removed workspaces stay restorable for this long, milliseconds. */
  trashMs: number
  /** Work trees kept ready for each project that is used. */
  poolSize: number
  /** How long an interrupted agent has to end its turn before its process is stopped, milliseconds. */
  interruptGraceMs: number
  /** Lease on each machine's runner. */
  lease: LeaseSettings
}

/** How long a runner goes on without being heard of, milliseconds; `onEnd: 'exit'`: it ends once nothing runs. */
export interface LeaseSettings {
  ttlMs: number
  hardMs: number
  onEnd?: 'stop_agents' | 'exit'
}

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void

/** What every part of the engine works with. */
export interface EngineContext {
  readonly home: string
  readonly db: Kysely<Store>
  /** Journal appends of all sessions, committed together. */
  readonly commits: GroupCommit
  readonly clock: Clock
  readonly uuid: () => string
  /** A random integer below a bound. */
  readonly random: (below: number) => number
  readonly vault: Vault
  readonly redactor: Redactor
  readonly blobs: Blobs
  readonly agents: ReadonlyMap<string, AgentPlugin>
  readonly providers: ReadonlyMap<string, MachineProvider>
  readonly machines: Machines
  /** By machine and project: a clone there is made, configured and filled by one at a time. */
  readonly bringing: Turns
  /** Machines that wait for workspaces. */
  readonly pools: MachinePools
  readonly machineLog: MachineLog
  readonly feeds: SessionFeeds
  readonly changes: ChangeHub
  /** Checks, services and terminals. */
  readonly work: Work
  readonly settings: EngineSettings
  readonly log: Log
  /** What sessions get that were given none of their own. */
  readonly environment: SessionOptions['environment']
  readonly demo: DemoProject | undefined
  /** Aborted when the engine closes. */
  readonly signal: AbortSignal
}

/** The agent of a session; a session whose plugin is gone cannot go on. */
export function agentOf(context: EngineContext, kind: string): AgentPlugin {
  const agent = context.agents.get(kind)
  if (agent) return agent
  const known = [...context.agents.keys()].join(', ')
  throw new SkeinError('missing', `there is no agent "${kind}"`, { next: `Choose one of: ${known}.` })
}
