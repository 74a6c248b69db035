import { posix } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Diagnosis,
  type Machine,
  type MachineRecord,
  type ProviderContext,
  processDoor,
  RunnerDoor,
  type ShellCommand,
  type ShellDoor,
  SkeinError,
  type StreamTarget,
} from '@skein/plugin-api'
import { explainConnect } from './connect-failure.ts'
import { FlightEntries, type FlightEntry, toRecord } from './machine-records.ts'
import { release } from './release.ts'
import { quoteWord, type ScriptProcess, scriptProcess } from './script-process.ts'
import { requireScript, scriptFolder } from './scripts.ts'
import { parseFlightSettings } from './settings.ts'

const RETRY_MS = 500

/** A remote workspace, reached by the project's `connect` script. */
export class FlightMachine implements Machine {
  readonly entry: FlightEntry
  readonly record: MachineRecord
  readonly #context: ProviderContext
  readonly #door: RunnerDoor
  /** Until when a connection that fails is tried again. */
  readonly #patientUntil: number

  /** `fresh`: it was provisioned a moment ago, so that it may not listen yet. */
  constructor(entry: FlightEntry, context: ProviderContext, options: { idleExitMs: number; fresh: boolean }) {
    const { idleExitMs, fresh } = options
    this.entry = entry
    const patienceMs = parseFlightSettings(entry.settings).connectTimeoutSeconds * 1000
    this.#patientUntil = fresh ? Date.now() + patienceMs : 0
    this.record = toRecord(entry)
    this.#context = context
    this.#door = new RunnerDoor(this.#connectDoor(), context, {
      owner: entry.owner,
      idleExitMs,
      answerMs: () => patienceMs,
    })
  }

  async open(target: StreamTarget, signal?: AbortSignal): Promise<Duplex> {
    if (this.entry.name === '')
      throw new SkeinError('conflict', `connecting to ${this.record.name}: it has no name yet`, {
        next: 'Wait until it is provisioned, or make the workspace again.',
      })
    for (;;) {
      try {
        return 'port' in target ? await this.#door.openPort(target.port, signal) : await this.#door.open(signal)
      } catch (error) {
        const mayPass = error instanceof SkeinError && error.code === 'unavailable' && signal?.aborted !== true
        if (!mayPass || Date.now() > this.#patientUntil) throw this.#explained(error)
        this.#context.progress(`${error.message.split('\n')[0]}; trying again`)
        await sleep(RETRY_MS)
      }
    }
  }

  /** Scripts know nothing of stopping and starting: it runs as long as it exists. */
  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  /**
   * Ends this use of the remote workspace; the last one tears it down. A teardown that fails is told and does not throw, since
   * the entry goes all the same: what is still listed comes back in the provider's list.
   */
  async destroy(): Promise<void> {
    const entries = new FlightEntries(this.#context.home)
    // The store may have outlived this home's own files.
    if (!(await entries.read(this.entry.key))) await entries.write(this.entry)
    await release(this.entry.key, this.#context)
  }

  /** Without a command, `connect` gets no arguments and gives an interactive shell. */
  shell(command?: string): ShellCommand {
    const { argv, env, cwd } = this.#connect(command === undefined ? [] : [command])
    // The scripts are written to be started in the project.
    return { argv: ['/bin/sh', '-c', `cd ${quoteWord(cwd)} && exec "$@"`, 'sh', ...argv], env }
  }

  /** Where the scripts keep the repository: what `repo_path` gave, else where `connect` begins. */
  checkout(): string | undefined {
    const facts = this.#door.facts
    const told = this.entry.outputs.repo_path?.trim()
    if (!told) return facts?.cwd
    if (posix.isAbsolute(told)) return told
    if (told === '~' || told.startsWith('~/')) return facts && posix.join(facts.home, told.slice(1))
    return facts && posix.resolve(facts.cwd, told)
  }

  /** What the runner's door finds of the machine itself. */
  diagnose(): Promise<Diagnosis[]> {
    return this.#door.diagnose()
  }

  #connect(args: string[]): ScriptProcess & { source: ReturnType<typeof requireScript> } {
    const { project, settings, name } = this.entry
    const source = requireScript('connect', project, this.#context.home, parseFlightSettings(settings))
    const at = { cwd: scriptFolder(project, this.#context.home), variables: { FLIGHT_WORKSPACE: name } }
    return { ...scriptProcess(source.command, args, at), source }
  }

  #connectDoor(): ShellDoor {
    const name = `remote workspace ${this.entry.name}`
    let command = ''
    return {
      name,
      run: async (line, signal) => {
        command = line
        // Found anew each time: a script that was mended meanwhile is the one to use.
        const { argv, env, cwd } = this.#connect([line])
        return processDoor({ name, argv: () => argv, env, cwd }).run(line, signal)
      },
      explain: (end) => explainConnect({ ...end, command }, this.#connect([]).source, this.entry.name),
    }
  }

  /** Of a script that says nothing, the silence tells less than what it should have done. */
  #explained(error: unknown): unknown {
    if (!(error instanceof SkeinError) || error.details?.phase !== 'answer' || error.details.ended === true)
      return error
    const { source } = this.#connect([])
    return new SkeinError(error.code, error.message, {
      next: `See what it waits for: FLIGHT_WORKSPACE=${this.entry.name} ${source.path ?? 'the command'} 'echo hello'. It must not ask anything, and must run its one argument on the machine. A slow one gets more time by the setting \`connectTimeoutSeconds\`.`,
      cause: error,
    })
  }
}
