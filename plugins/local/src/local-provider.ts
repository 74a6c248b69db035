import type { Duplex } from 'node:stream'
import {
  type Machine,
  type MachineProvider,
  type MachineRecord,
  type ProviderContext,
  SkeinError,
  type StreamTarget,
} from '@skein/plugin-api'
import { connectToPort } from './connect.ts'
import { LocalRunner } from './local-runner.ts'

const KIND = 'local'

export interface LocalProviderOptions {
  /** How long the runner stays without processes and connections, milliseconds. */
  runnerIdleExitMs?: number
}

/** This computer as the one machine of its kind. It is never made and never destroyed; its runner is started when needed. */
export function createLocalProvider(options: LocalProviderOptions = {}): MachineProvider {
  const runnerIdleExitMs = options.runnerIdleExitMs ?? 10 * 60_000
  return {
    kind: KIND,
    label: 'this computer',
    lifetime: 'shared',
    isolated: false,
    settings: [],
    async create(spec, context) {
      return new LocalMachine(recordFor(spec.owner), context, runnerIdleExitMs)
    },
    async *list(owner) {
      yield recordFor(owner)
    },
    async attach(record, context) {
      if (record.kind !== KIND || record.id !== KIND)
        throw new SkeinError('not_found', `there is no local machine ${JSON.stringify(record.id)}`, {
          next: 'This computer is the only machine of the kind `local`.',
        })
      return new LocalMachine(record, context, runnerIdleExitMs)
    },
  }
}

export const localProvider: MachineProvider = createLocalProvider()

function recordFor(owner: string): MachineRecord {
  return { kind: KIND, id: KIND, name: 'this computer', owner, details: {} }
}

class LocalMachine implements Machine {
  readonly record: MachineRecord
  readonly #runner: LocalRunner

  constructor(record: MachineRecord, context: ProviderContext, runnerIdleExitMs: number) {
    this.record = record
    this.#runner = new LocalRunner(context, runnerIdleExitMs)
  }

  open(target: StreamTarget, signal?: AbortSignal): Promise<Duplex> {
    if ('runner' in target) return this.#runner.open(signal)
    return connectToPort(target.port, signal)
  }

  /** It runs: we are running on it. */
  async start(): Promise<void> {}

  /** Turning off the user's own computer is not ours to do. */
  async stop(): Promise<void> {}

  async destroy(): Promise<void> {
    throw new SkeinError('invalid', 'this computer cannot be destroyed as a machine', {
      next: 'Remove its workspaces instead.',
    })
  }
}
