import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/plugin-api'
import type { FlyClient } from './client.ts'
import { FlyError, textOf } from './failure.ts'
import { getMachine } from './machines.ts'
import type { FlyMachineInfo } from './shapes.ts'

/** States that Fly's wait endpoint takes. */
export type WaitState = 'started' | 'stopped' | 'suspended' | 'destroyed' | 'failed'

export interface WaitOptions {
  app: string
  id: string
  /** Any of them. */
  states: readonly WaitState[]
  /** The machine's `instance_id`: only this version of it counts. */
  version?: string | undefined
  /** For all together. */
  deadlineMs: number
  /** Of one request; Fly allows a minute at most. */
  sliceMs?: number
  /** For so long after its making, a machine may not be found yet. */
  unseenMs?: number
  signal?: AbortSignal | undefined
}

/** Undefined where the machine is gone. */
export interface Waited {
  state: string
  machine: FlyMachineInfo | undefined
}

const SLICE = { least: 1, most: 60 }
/** A machine in a state that no wait tells of, or a wait endpoint that fails, is looked at so often. */
const LOOK_MS = 1000
const SIMPLER_MS = 5000
/** An answer comes later than what was asked for: the way there and back, and Fly's own delay. */
const beyond = (seconds: number): number => Math.max(5000, seconds * 250)

/**
 * Waits until a machine is in one of these states: in slices of a minute or less, under one deadline. What goes wrong with waiting itself
 * ends nothing; the machine is looked at instead. Throws `timed_out` at the deadline.
 */
export async function waitForMachine(client: FlyClient, options: WaitOptions): Promise<Waited> {
  const { app, id, states, deadlineMs, unseenMs = 0, signal } = options
  const begun = performance.now()
  const left = () => deadlineMs - (performance.now() - begun)
  const wanted = new Set<string>(states)
  let slice = new Slices(options)
  for (let seen: string | undefined; ; ) {
    if (left() <= 0) throw tooLate(options, seen)
    const answer = await slice.next(client, left())
    if (answer === 'gone') {
      if (performance.now() - begun > unseenMs) return { state: 'destroyed', machine: undefined }
      await sleep(Math.min(250, Math.max(1, left())), undefined, signal ? { signal } : {}).catch(() => undefined)
      cancelled(options)
      continue
    }
    if (answer === 'reached' && slice.single !== undefined) return { state: slice.single, machine: undefined }
    if (typeof answer === 'object' && wanted.has(answer.state)) return { state: answer.state, machine: undefined }
    if (answer === 'not yet') continue
    if (answer === 'simpler') {
      slice = new Slices({ ...options, states: options.states.slice(0, 1), sliceMs: SIMPLER_MS }, true)
      continue
    }
    const looked = Math.max(1, Math.min(10_000, left()))
    const machine = await getMachine(client, { app, signal }, id, looked).catch((error: unknown) => {
      if (error instanceof SkeinError && (error.code === 'cancelled' || error.code === 'unauthorized')) throw error
      return null
    })
    if (machine === undefined && performance.now() - begun > unseenMs) return { state: 'destroyed', machine }
    seen = machine?.state ?? seen
    if (machine && wanted.has(machine.state)) return { state: machine.state, machine }
    if (machine?.state === 'destroyed') return { state: 'destroyed', machine }
    await sleep(Math.max(1, Math.min(LOOK_MS, left())), undefined, signal ? { signal } : {}).catch(() => undefined)
    cancelled(options)
  }
}

type Slice = 'reached' | 'not yet' | 'gone' | 'look' | 'simpler' | { state: string }

/** One request after the other, in the form that this Fly takes. */
class Slices {
  readonly #options: WaitOptions
  #versionName: 'version' | 'instance_id' | undefined
  readonly #simpler: boolean
  #broken = 0

  /** @param simpler more states are waited for than this Fly takes at once; the others are looked for in between */
  constructor(options: WaitOptions, simpler = false) {
    this.#options = options
    this.#simpler = simpler
    this.#versionName = options.version ? 'version' : undefined
  }

  /** The one state that is waited for, where an answer need not say which it was. */
  get single(): string | undefined {
    return this.#options.states.length === 1 ? this.#options.states[0] : undefined
  }

  async next(client: FlyClient, leftMs: number): Promise<Slice> {
    const { app, id, states, version, sliceMs = SLICE.most * 1000, signal } = this.#options
    // What failed may work again, but not with every look.
    if (this.#broken > 0 && this.#broken++ % 8 !== 0) return 'look'
    const seconds = Math.max(SLICE.least, Math.min(SLICE.most, Math.ceil(Math.min(sliceMs, leftMs) / 1000)))
    try {
      const answer = await client.call({
        doing: `waiting for the machine ${id} of ${app}`,
        path: `/apps/${app}/machines/${id}/wait`,
        query: {
          state: [...states],
          timeout: seconds,
          ...(this.#versionName && version ? { [this.#versionName]: version } : {}),
        },
        action: 'wait',
        id,
        answerMs: Math.min(seconds * 1000 + beyond(seconds), Math.max(1, leftMs)),
        deadlineMs: Math.max(1, Math.min(seconds * 1000 + beyond(seconds), leftMs)),
        once: true,
        signal,
      })
      this.#broken = 0
      const state = typeof answer === 'object' && answer !== null && 'state' in answer ? answer.state : undefined
      if (typeof state === 'string' && state !== '') return { state }
      return this.single === undefined ? 'look' : 'reached'
    } catch (error) {
      if (error instanceof SkeinError && (error.code === 'cancelled' || error.code === 'unauthorized')) throw error
      if (!(error instanceof SkeinError)) throw error
      if (!(error instanceof FlyError)) return 'look'
      if (error.status === 408) return this.#simpler ? 'look' : 'not yet'
      if (error.status === 404) return 'gone'
      if (error.status === 400 && /instance_id/.test(textOf(error.body)) && this.#versionName === 'version') {
        this.#versionName = 'instance_id'
        return 'not yet'
      }
      if (error.status === 400 && states.length > 1 && /state/.test(textOf(error.body))) return 'simpler'
      this.#broken++
      return 'look'
    }
  }
}

function cancelled({ id, app, signal }: WaitOptions): void {
  if (signal?.aborted)
    throw new SkeinError('cancelled', `waiting for the machine ${id} of ${app}: cancelled`, { cause: signal.reason })
}

function tooLate({ app, id, states, deadlineMs }: WaitOptions, seen: string | undefined): SkeinError {
  const last = seen === undefined ? '' : `, and is ${seen}`
  return new SkeinError(
    'timed_out',
    `the machine ${id} of ${app} was not ${states.join(' or ')} within ${Math.round(deadlineMs / 1000)} s${last}`,
    {
      next: 'See its logs: fly logs. Large images take minutes on a host that has not had them.',
      details: { id, app },
    },
  )
}
