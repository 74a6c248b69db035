import type { Duplex } from 'node:stream'
import {
  type Diagnosis,
  type ExplainedExit,
  type Machine,
  type MachineRecord,
  type ProviderContext,
  processDoor,
  RunnerDoor,
  type ShellCommand,
  SkeinError,
  type StreamTarget,
} from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'
import { engineError } from '../engine/failure.ts'
import { detailsOf } from './details.ts'
import { namesOf } from './names.ts'
import { removeMachine } from './remove.ts'
import { type ContainerState, inspectContainer, memoryKills, notRunning } from './state.ts'

const STOP_S = 10
/** Tell a person's terminal which engine; nothing that authenticates. */
const ADDRESS_VARIABLES = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'CONTAINER_HOST']

/** A container as a machine. Everything goes through `exec`; it has no port and no socket of its own. */
export class ContainerMachine implements Machine {
  readonly record: MachineRecord
  readonly #engine: ContainerEngine
  readonly #context: ProviderContext
  readonly #door: RunnerDoor
  /** By this process, and not started again. */
  #stopped = false
  /** Processes that the kernel ended for want of memory, as far as somebody was told. */
  #killsTold = 0

  constructor(record: MachineRecord, engine: ContainerEngine, context: ProviderContext) {
    this.record = record
    this.#engine = engine
    this.#context = context
    const { user } = detailsOf(record)
    const as = user === undefined ? [] : ['--user', user]
    const door = processDoor({
      name: `container ${record.id}`,
      argv: (command) => engine.argv(['exec', '--interactive', ...as, record.id, 'sh', '-c', command]),
      env: engine.environment(),
      explain: ({ code, stderr }) =>
        code === 0 ? undefined : engineError({ doing: `entering ${record.id}`, program: engine.program, code, stderr }),
    })
    this.#door = new RunnerDoor(door, context, { owner: record.owner })
  }

  /** A container that ended without our doing (a reboot of its host) is started again, once. */
  async open(target: StreamTarget, signal?: AbortSignal): Promise<Duplex> {
    const enter = () => ('runner' in target ? this.#door.open(signal) : this.#door.openPort(target.port, signal))
    try {
      return await enter()
    } catch (error) {
      if (signal?.aborted) throw error
      const state = await this.#state(signal)
      if (state.running && state.status !== 'paused') throw error
      if (this.#stopped || state.outOfMemory || state.status === 'paused' || state.status === 'removing')
        throw notRunning(this.record.id, state, this.#memory())
      this.#context.log(`${this.record.id} was ${state.status}; starting it again`)
      await this.#startContainers(signal)
    }
    return enter()
  }

  async start(): Promise<void> {
    this.#stopped = false
    await this.#startContainers(this.#context.signal)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const { signal } = this.#context
    for (const name of this.#containers())
      await this.#engine.run(`stopping ${name}`, ['stop', '--time', String(STOP_S), name], { signal })
  }

  async destroy(): Promise<void> {
    const { id, owner } = this.record
    await removeMachine(this.#engine, { id, owner, key: detailsOf(this.record).key }, this.#context.signal)
  }

  environment(): Record<string, string> {
    return detailsOf(this.record).environment ?? {}
  }

  shell(command?: string): ShellCommand {
    const { user, home } = detailsOf(this.record)
    const place = [...(user ? ['--user', user] : []), ...(home ? ['--workdir', home] : [])]
    const login = 'if command -v bash >/dev/null; then exec bash -l; else exec sh -l; fi'
    return {
      argv: this.#engine.argv([
        ...['exec', '--interactive', '--tty', ...place, '--env', 'TERM=xterm-256color'],
        ...[this.record.id, 'sh', '-lc', command ?? login],
      ]),
      env: Object.fromEntries(
        ADDRESS_VARIABLES.flatMap((name) => {
          const value = process.env[name]
          return value === undefined ? [] : [[name, value] as const]
        }),
      ),
    }
  }

  /** Whether the kernel has ended something here for want of memory since it was last asked. */
  async explainExit(): Promise<ExplainedExit | undefined> {
    const { id } = this.record
    const kills = await memoryKills(this.#engine, id, this.#context.signal)
    if (kills === undefined) {
      const { running, outOfMemory } = await this.#state(this.#context.signal)
      return running || !outOfMemory ? undefined : this.#outOfMemory()
    }
    // A container that was started again counts from zero.
    const more = kills - (kills < this.#killsTold ? 0 : this.#killsTold)
    this.#killsTold = kills
    return more > 0 ? this.#outOfMemory() : undefined
  }

  #outOfMemory(): ExplainedExit {
    return {
      message: `out of memory: the container’s limit of ${this.#memory()} was reached, and the kernel ended it`,
      next: 'Let it do less at once, or make a workspace with a higher `memory`: skein machine add docker:NAME --set memory=…',
    }
  }

  /** What there is to say about the container, then about what is in it. */
  async diagnose(): Promise<Diagnosis[]> {
    const { id } = this.record
    try {
      const state = await this.#state(this.#context.signal)
      if (!state.running || state.status === 'paused') {
        const { message, next } = notRunning(id, state, this.#memory())
        return [{ ok: false, severity: 'error', what: message, ...(next ? { remedy: next } : {}) }]
      }
      const kills = await memoryKills(this.#engine, id, this.#context.signal)
      return [
        { ok: true, severity: 'info', what: `the container ${id} runs` },
        ...(state.outOfMemory || (kills ?? 0) > 0 ? [this.#memoryFinding(kills)] : []),
        ...(await this.#door.diagnose(this.#context.signal)),
      ]
    } catch (error) {
      const { message, next } = SkeinError.from(error, `looking at ${id}`)
      return [{ ok: false, severity: 'error', what: message, ...(next ? { remedy: next } : {}) }]
    }
  }

  #memoryFinding(kills: number | undefined): Diagnosis {
    const times = kills ? ` (${kills} ${kills === 1 ? 'process' : 'processes'} so far)` : ''
    return {
      ok: false,
      severity: 'warning',
      what: `the container’s memory limit of ${this.#memory()} was reached, and the kernel ended what used the most${times}`,
      remedy: 'Give a workspace that needs more a higher `memory`.',
    }
  }

  async #startContainers(signal: AbortSignal | undefined): Promise<void> {
    for (const name of this.#containers().reverse())
      await this.#engine.run(`starting ${name}`, ['start', name], { signal })
  }

  async #state(signal: AbortSignal | undefined): Promise<ContainerState> {
    const found = await inspectContainer(this.#engine, this.record.id, signal)
    if (found) return found.state
    throw new SkeinError('not_found', `the container ${this.record.id} is gone`, {
      next: 'Somebody removed it. `skein rm` clears what is left; what was pushed or snapshotted can be restored.',
    })
  }

  /** The agents', then, with an allow-list, the one that is their way out. */
  #containers(): string[] {
    const names = namesOf(this.record.id)
    return detailsOf(this.record).network === 'allow-list' ? [names.container, names.gate] : [names.container]
  }

  #memory(): string {
    return detailsOf(this.record).memory ?? 'memory'
  }
}
