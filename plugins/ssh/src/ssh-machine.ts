import type { Duplex } from 'node:stream'
import {
  type Diagnosis,
  type Machine,
  type MachineRecord,
  type ProviderContext,
  processDoor,
  RunnerDoor,
  type ShellCommand,
  SkeinError,
  type StreamTarget,
} from '@skein/plugin-api'
import { explainSsh } from './failure.ts'
import { Forwards } from './forwards.ts'
import { tellMore } from './host-keys.ts'
import { SshLink, sshEnvironment } from './link.ts'
import { parseSettings } from './settings.ts'

/** A first connection may go through several hosts, each with its own patience; on one that is there already, we know. */
const FIRST_ANSWER_MS = 45_000
const WARM_ANSWER_MS = 6_000

/** A host that this computer's ssh can log in to. */
export class SshMachine implements Machine {
  readonly record: MachineRecord
  readonly link: SshLink
  readonly #context: ProviderContext
  readonly #runner: RunnerDoor
  readonly #forwards: Forwards

  constructor(record: MachineRecord, context: ProviderContext, config?: string) {
    this.record = record
    this.#context = context
    this.link = new SshLink(context.home, parseSettings(record.name, record.details), config)
    const { link } = this
    const name = `ssh ${record.name}`
    this.#forwards = new Forwards(link, name)
    const door = processDoor({
      name,
      argv: (command) => link.command(command),
      env: sshEnvironment(),
      explain: (failure) => explainSsh(name, link.typed, failure),
    })
    const { directory } = link.settings
    this.#runner = new RunnerDoor(door, context, {
      owner: record.owner,
      answerMs: () => (link.warm ? WARM_ANSWER_MS : FIRST_ANSWER_MS),
      ...(directory === undefined ? {} : { directory }),
    })
  }

  async open(target: StreamTarget, signal?: AbortSignal): Promise<Duplex> {
    if ('runner' in target) return await this.#over(() => this.#runner.open(signal), signal)
    const stream = await this.#forwards.open(target.port, signal)
    return stream ?? (await this.#over(() => this.#runner.openPort(target.port, signal), signal))
  }

  /** A host is there, or it is not. */
  async start(): Promise<void> {}

  /** Turning off somebody's host is not ours to do; the connection to it is. */
  async stop(): Promise<void> {
    await this.link.drop()
  }

  async destroy(): Promise<void> {
    throw new SkeinError('invalid', `${this.record.name} is a host of your own: Skein does not destroy it`, {
      next: 'Remove its workspaces instead, then the machine: skein machine rm',
    })
  }

  shell(command?: string): ShellCommand {
    return { argv: this.link.interactive(command), env: {} }
  }

  async diagnose(): Promise<Diagnosis[]> {
    return await this.#runner.diagnose()
  }

  /**
   * A connection whose packets nobody answers any more looks alive for half a minute. Where one was there and says nothing, it is
   * ended, and made anew; so a dead one costs a few seconds, and never an attempt.
   */
  async #over(open: () => Promise<Duplex>, signal?: AbortSignal): Promise<Duplex> {
    const { warm } = this.link
    try {
      const stream = await open()
      void this.link.learn()
      return stream
    } catch (error) {
      if (!warm || signal?.aborted || !isSilence(error)) throw await this.#told(error)
      this.#context.log(`ssh ${this.record.name}: the connection does not answer; making a new one`)
      await this.link.drop()
    }
    try {
      return await open()
    } catch (error) {
      throw await this.#told(error)
    }
  }

  async #told(error: unknown): Promise<unknown> {
    return error instanceof SkeinError ? await tellMore(error, this.link, `ssh ${this.record.name}`) : error
  }
}

/** The link said nothing, or ended, before the host's first word. */
function isSilence(error: unknown): boolean {
  return error instanceof SkeinError && error.code === 'unavailable' && error.details?.phase === 'answer'
}
