import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Diagnosis,
  type ExplainedExit,
  type Machine,
  type MachineRecord,
  type ProcessExit,
  type ProviderContext,
  RunnerDoor,
  type ShellCommand,
  SkeinError,
  type StreamTarget,
} from '@skein/plugin-api'
import type { FlyClient } from '../api/client.ts'
import { FlyError } from '../api/failure.ts'
import { getMachine, setMetadata, stopMachine, suspendMachine } from '../api/machines.ts'
import type { FlyMachineInfo } from '../api/shapes.ts'
import { waitForMachine } from '../api/wait.ts'
import { type Connect, flyDoor, openPort } from '../door/fly-door.ts'
import { DoorRefused } from '../door/through-proxy.ts'
import { machineLogs } from '../logs/api.ts'
import { onPath } from '../on-path.ts'
import { detailsOf, type FlyDetails } from './details.ts'
import { endingOf, withLogs } from './explain.ts'
import { forgetKey } from './known.ts'
import { LABELS } from './names.ts'
import { removeEverything } from './remove.ts'
import { gone, startUntilUp } from './start.ts'

/** So long after its start, a machine's door may not answer yet. */
const DOOR_MS = 60_000
const PAUSE_MS = { first: 100, most: 1000 }
/** While its door does not answer, whether the machine is up at all. */
const LOOK_EACH = 4
const HELD_MS = 3000
const STOPPING_MS = 90_000
/** Fly suspends no machine reliably that has more. */
const MOST_SUSPENDED_MB = 2048
/** Fly takes in what a machine wrote with some delay. */
const LOGS_LATE_MS = [0, 500, 1500, 3000]
const OUT_OF_MEMORY = /out of memory: kill(ed)? process|oom-kill:|invoked oom-killer/i
const RECENT_MS = 180_000
const isRecent = (at: number): boolean => at === 0 || at > Date.now() - RECENT_MS
const RESTS = new Set(['stopped', 'suspended', 'failed'])
const UP = new Set(['created', 'starting', 'started', 'restarting', 'updating', 'replacing'])

/** A Fly machine: its runner is reached through the door inside, everything else by the API. */
export class FlyMachine implements Machine {
  readonly record: MachineRecord
  readonly #details: FlyDetails
  readonly #client: FlyClient
  readonly #context: ProviderContext
  readonly #connect: Connect
  readonly #runner: RunnerDoor
  #expires: number

  constructor(record: MachineRecord, client: FlyClient, connect: Connect, context: ProviderContext) {
    this.record = record
    this.#details = detailsOf(record)
    this.#client = client
    this.#context = context
    this.#connect = (target, signal) => this.#patiently(connect, target, signal)
    this.#expires = this.#details.expires ?? 0
    this.#runner = new RunnerDoor(flyDoor(this.#name, this.#connect), context, {
      owner: record.owner,
      directory: this.#details.runner ?? '~/.skein',
    })
  }

  get #name(): string {
    return `machine ${this.#details.machine ?? this.record.id} of ${this.#details.app}`
  }

  async open(target: StreamTarget, signal?: AbortSignal): Promise<Duplex> {
    const stream =
      'runner' in target
        ? await this.#runner.open(signal)
        : await openPort(this.#name, this.#connect, target.port, signal)
    if ('runner' in target) void this.#renew()
    return stream
  }

  async start(): Promise<void> {
    const { signal } = this.#context
    await startUntilUp(this.#client, { ...this.#place(), signal, deadlineMs: (this.#details.bootS ?? 600) * 1000 })
    void this.#renew()
  }

  /** With a volume, it is stopped; a small one without is suspended. Another one's files would be lost. */
  async stop(): Promise<void> {
    const { app, id } = this.#place()
    const place = { app, signal: this.#context.signal }
    const small = (this.#details.memoryMb ?? Number.POSITIVE_INFINITY) <= MOST_SUSPENDED_MB
    if (!this.#details.volume && !small)
      throw new SkeinError('conflict', `${this.#name} cannot rest: without a volume, its files would be lost`, {
        next: 'Give machines a volume (setting `volume`, GB), or 2 GB of memory or less, which Fly can suspend.',
      })
    const resting = this.#details.volume
      ? stopMachine(this.#client, place, id)
      : suspendMachine(this.#client, place, id)
    await resting.catch((error: unknown) => {
      // One that rests, or is about to, is in no state to be told so.
      if (!(error instanceof FlyError) || error.reason !== 'state') throw error
    })
    const { state } = await waitForMachine(this.#client, {
      app,
      id,
      states: ['stopped', 'suspended', 'destroyed', 'failed'],
      deadlineMs: STOPPING_MS,
      signal: place.signal,
    })
    if (state === 'destroyed') throw gone(app, id)
  }

  async destroy(): Promise<void> {
    const { key, app, machine, volume = false, volumeName } = this.#details
    const { signal, home } = this.#context
    const machines = machine === undefined ? [] : [machine]
    const { owner } = this.record
    await removeEverything(this.#client, { app, owner, key, machines, volume, volumeName, signal })
    await forgetKey(home, key)
  }

  /** Inside the machine, root is as far from this computer as anybody; Claude Code asks to be told so. */
  environment(): Record<string, string> {
    return { ...(this.#details.root ? { IS_SANDBOX: '1' } : {}), ...this.#details.environment }
  }

  /** By flyctl, where it is installed. */
  shell(command?: string): ShellCommand {
    const { app, id } = this.#place()
    const program = onPath('flyctl') ?? onPath('fly')
    if (program === undefined)
      throw new SkeinError('missing', `a shell on ${this.#name}: flyctl is not on PATH`, {
        next: 'Install it (https://fly.io/docs/flyctl/install), or open a terminal in the app: skein up',
      })
    const user = this.#details.root ? [] : ['--user', 'skein']
    const argv = [program, 'ssh', 'console', '--app', app, '--machine', id, ...user]
    return { argv: [...argv, ...(command === undefined ? [] : ['--command', command])], env: {} }
  }

  /** The kernel says on the console whom it ended for want of memory. */
  async explainExit(exit: ProcessExit): Promise<ExplainedExit | undefined> {
    if (exit.signal !== 'SIGKILL' && exit.code !== 137 && exit.reason !== 'lost') return undefined
    const { app, machine } = this.#console()
    const console = { app, machine, signal: this.#context.signal }
    for (const pause of LOGS_LATE_MS) {
      await sleep(pause, undefined, { signal: this.#context.signal })
      const lines = await machineLogs(this.#client, console).catch(() => [])
      if (!lines.some(({ message, at }) => OUT_OF_MEMORY.test(message) && isRecent(at))) continue
      return {
        message: `out of memory: the machine’s ${this.#details.memoryMb ?? ''} MB were used up, and the kernel ended what used the most`,
        next: 'Give a workspace that needs more a larger `size`: skein machine add fly:APP --set size=performance-2x/8192',
      }
    }
    return undefined
  }

  async diagnose(): Promise<Diagnosis[]> {
    const { app, id } = this.#place()
    const { signal } = this.#context
    try {
      const machine = await getMachine(this.#client, { app, signal }, id)
      if (!machine) throw gone(app, id)
      if (machine.state === 'started') {
        const where = `${machine.region}, ${this.#details.size ?? `${this.#details.memoryMb ?? '?'} MB`}`
        const host: Diagnosis[] =
          machine.host_status && machine.host_status !== 'ok'
            ? [
                {
                  ok: false,
                  severity: 'warning',
                  what: `its host is ${machine.host_status}`,
                  remedy: 'Wait, or make another.',
                },
              ]
            : []
        const runs: Diagnosis = { ok: true, severity: 'info', what: `the machine ${id} of ${app} runs (${where})` }
        return [runs, ...host, ...(await this.#runner.diagnose(signal))]
      }
      const { message, next } = await this.#ended(machine)
      return [{ ok: false, severity: 'error', what: message, ...(next ? { remedy: next } : {}) }]
    } catch (error) {
      const { message, next } = SkeinError.from(error, `looking at ${this.#name}`)
      return [{ ok: false, severity: 'error', what: message, ...(next ? { remedy: next } : {}) }]
    }
  }

  /** A door that does not answer yet is tried again for as long as the machine is on its way up. */
  async #patiently(connect: Connect, target: Parameters<Connect>[0], signal: AbortSignal | undefined) {
    const begun = performance.now()
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#whileUp((trying) => connect(target, trying), signal)
      } catch (error) {
        if (signal?.aborted || !(error instanceof DoorRefused) || error.status === 401) throw error
        const over = performance.now() - begun > DOOR_MS
        if (over || attempt % LOOK_EACH === 0) await this.#mustBeUp(signal)
        if (over) throw error
        const pause = Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** attempt)
        await sleep(pause, undefined, signal ? { signal } : {}).catch(() => undefined)
      }
    }
  }

  /** Fly Proxy holds on to who comes to a machine that does not listen; whether it ever will is looked at meanwhile. */
  async #whileUp<T>(open: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const over = new AbortController()
    const trying = signal ? AbortSignal.any([signal, over.signal]) : over.signal
    const fallen = sleep(HELD_MS, undefined, { signal: trying }).then(
      () => this.#mustBeUp(trying),
      () => undefined,
    )
    try {
      const opening = open(trying)
      const ended = fallen.then(() => opening)
      return await Promise.race([opening, ended])
    } finally {
      over.abort()
      fallen.catch(() => undefined)
    }
  }

  async #mustBeUp(signal: AbortSignal | undefined): Promise<void> {
    const { app, id } = this.#place()
    const machine = await getMachine(this.#client, { app, signal }, id)
    if (!machine || machine.state === 'destroyed' || machine.state === 'destroying') throw gone(app, id)
    if (!UP.has(machine.state)) throw await this.#ended(machine)
  }

  async #ended(machine: FlyMachineInfo): Promise<SkeinError> {
    const { state } = machine
    const ending = await endingOf(this.#client, { ...this.#console(), signal: this.#context.signal }, machine)
    const why = state === 'suspended' ? 'it is suspended' : `it is ${state}; ${ending.text}`
    const error = new SkeinError(
      // It does not start by itself; what is on its way to be stopped may still be about to.
      RESTS.has(state) ? 'conflict' : 'unavailable',
      `${this.#name} does not run: ${why}`,
      {
        next: ending.exit.outOfMemory
          ? 'Give a workspace that needs more a larger `size`; `skein machine start` starts this one again.'
          : 'Start it with `skein machine start`.',
        details: { state, exit: ending.exit },
      },
    )
    return state === 'suspended' ? error : withLogs(error, ending.logs)
  }

  /** Says that somebody still cares for it, once half of its time is over. */
  async #renew(): Promise<void> {
    const { hours = 168, app, machine } = this.#details
    const whole = hours * 3_600_000
    if (machine === undefined || this.#expires - Date.now() > whole / 2) return
    const before = this.#expires
    this.#expires = Date.now() + whole
    const value = String(Math.floor(this.#expires / 1000))
    await setMetadata(this.#client, { app, signal: this.#context.signal }, machine, LABELS.expires, value).catch(
      (error: unknown) => {
        this.#expires = before
        this.#context.log(`${this.#name} could not be renewed: ${String(error)}`)
      },
    )
  }

  #place(): { app: string; id: string } {
    const { app, machine } = this.#details
    if (machine !== undefined) return { app, id: machine }
    throw new SkeinError('not_found', `${this.#name}: only its volume is left`, { next: 'Destroy it: skein reap' })
  }

  #console() {
    const { app, id } = this.#place()
    return { app, machine: id, nonce: this.#details.nonce }
  }
}
