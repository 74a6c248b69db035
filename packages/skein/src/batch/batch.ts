import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { shareEmbedded } from '../embed/shared.ts'
import type { Skein } from '../skein.ts'
import { type AttemptEnd, type AttemptProgress, notMade } from './attempt.ts'
import { leftOf, openOutcome, outcomeOf } from './end-of-request.ts'
import { type BatchEvent, EventFeed } from './events.ts'
import { type BatchFailure, DEFAULT_RETRIES, isRetried, pauseBefore, type RetryPolicy } from './failure.ts'
import { leaveBehind } from './leave.ts'
import { type BatchOptions, checkOptions, DEFAULT_CONCURRENCY } from './options.ts'
import { type BatchReport, type BatchStop, type RequestOutcome, reportOf } from './outcome.ts'
import { Pace } from './pace.ts'
import { BatchRecord } from './record.ts'
import { attemptKey, type BatchRequest, type NamedRequest, nameRequests } from './request.ts'
import { type BatchWorld, realWorld } from './world.ts'

/** What a batch that runs works with. */
interface Place {
  record: BatchRecord
  skein: Skein
}

const CANCELLED: BatchFailure = { class: 'unknown', code: 'cancelled', message: 'the batch was cancelled' }

const HOLD_BACK_MS = 60_000

/** A request that is to be run, and not before a time. */
interface Waiting {
  request: NamedRequest
  notBefore: number
}

/**
 * Many prompts with a concurrency limit, a budget and one table of results. `run()` resolves to the report, whatever happens to
 * single requests; iterate over the batch, or give `onEvent`, to see it work (leaving the loop leaves it at work).
 *
 * @example
 * const batch = new Batch([{ prompt: 'Fix the lint errors', repositories: '~/src/api', tag: 'api' }], { skein, concurrency: 8 })
 * const { outcomes, costUsd } = await batch.run()
 */
export class Batch implements AsyncIterable<BatchEvent> {
  readonly #requests: NamedRequest[]
  readonly #options: BatchOptions
  readonly #world: BatchWorld
  readonly #retries: RetryPolicy
  readonly #feed = new EventFeed<BatchEvent>()
  readonly #pace: Pace
  readonly #outcomes = new Map<number, RequestOutcome>()
  /** What those that are under way cost so far. */
  readonly #running = new Map<number, { costUsd: number }>()
  /** Something has changed that the loop waits for. */
  readonly #nudge = { now: () => {} }
  #waiting: Waiting[] = []
  #spent = 0
  #stop: BatchStop | undefined
  #parkedUntil = 0
  #report: Promise<BatchReport> | undefined
  /** The record could not be written. */
  #broken: { error: unknown } | undefined

  /** Throws `invalid` for requests that cannot be run, before anything is begun. */
  constructor(requests: readonly BatchRequest[], options: BatchOptions = {}, world: Partial<BatchWorld> = {}) {
    checkOptions(options)
    this.#requests = nameRequests(requests)
    this.#options = options
    this.#world = { ...realWorld, ...world }
    this.#retries = { ...DEFAULT_RETRIES, ...options.retry }
    this.#pace = new Pace(options.concurrency ?? DEFAULT_CONCURRENCY)
  }

  /** The requests with their ids, in order. */
  get requests(): readonly NamedRequest[] {
    return this.#requests
  }

  /** Runs the batch, once; calling it again gives the same report. */
  run(): Promise<BatchReport> {
    this.#report ??= this.#run().finally(() => this.#feed.close())
    return this.#report
  }

  /** Begins nothing more; what is under way goes on to its end. */
  drain(): void {
    this.#stopWith({ because: 'cancelled', message: 'it was asked to begin nothing more' })
  }

  /** Events from now on; starts the batch if it has not been. */
  async *[Symbol.asyncIterator](): AsyncGenerator<BatchEvent> {
    const events = this.#feed.read()
    const first = events.next()
    const report = this.run()
    // Whoever iterates is told of a failure by the report.
    report.catch(() => undefined)
    for (let next = await first; !next.done; next = await events.next()) yield next.value
    await report
  }

  async #run(): Promise<BatchReport> {
    const { record: file, id, resume = false, anew = false, signal } = this.#options
    const requests = this.#requests.map(({ recordName }) => recordName)
    await using record = file
      ? await BatchRecord.open(file, { batchId: id, resume, anew, requests })
      : BatchRecord.inMemory(id ?? randomUUID())
    await using place = await this.#place()
    const onAbort = () => this.#stopWith({ because: 'cancelled', message: 'it was cancelled' })
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      this.#takeUp(record)
      const { batchId } = record
      this.#tell({ type: 'begun', batchId, requests: requests.length, done: this.#outcomes.size })
      await this.#workThrough({ record, skein: place.skein })
      const outcomes = this.#requests.map(
        (request) => this.#outcomes.get(request.index) ?? openOutcome(request, record.of(request.recordName)),
      )
      const report = reportOf(batchId, outcomes, this.#stop)
      this.#tell({ type: 'finished', report })
      return report
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** The Skein that was given, or one of the batch's own. */
  async #place(): Promise<{ skein: Skein } & AsyncDisposable> {
    const { skein, record, signal } = this.#options
    if (skein) return { skein, [Symbol.asyncDispose]: async () => {} }
    return shareEmbedded(record === undefined ? undefined : `${resolve(record)}.home`, signal)
  }

  /** What the record says is done stays done; what it says is under way comes first. */
  #takeUp(record: BatchRecord): void {
    const again = this.#options.retryFailed ?? false
    for (const request of this.#requests) {
      const { outcome, costUsd } = record.of(request.recordName)
      this.#spent += outcome?.costUsd ?? costUsd
      const isFinal = outcome && !(again && ['failed', 'timed_out', 'cancelled'].includes(outcome.status))
      if (isFinal) this.#outcomes.set(request.index, { ...outcome, index: request.index })
      else this.#waiting.push({ request, notBefore: 0 })
    }
    const underWay = ({ request }: Waiting) => record.of(request.recordName).underWay
    this.#waiting.sort((a, b) => Number(underWay(b)) - Number(underWay(a)))
  }

  async #workThrough(place: Place): Promise<void> {
    const { record } = place
    for (const request of this.#requests) {
      const outcome = this.#outcomes.get(request.index)
      // Its process died between the end and the clean-up.
      if (outcome && outcome.left === undefined) await this.#cleanUp(request, outcome, place)
    }
    for (;;) {
      this.#checkBudget()
      const next = this.#next(record)
      if (next) {
        this.#begin(next, place)
        continue
      }
      if (this.#running.size === 0 && this.#broken) throw this.#broken.error
      if (this.#running.size === 0 && (this.#waiting.length === 0 || this.#stop)) return
      await this.#pause()
    }
  }

  /** The next request that may be begun now. Those under way since an earlier process are always followed. */
  #next(record: BatchRecord): NamedRequest | undefined {
    if (this.#running.size >= this.#pace.limit) return undefined
    const now = this.#world.now()
    const index = this.#waiting.findIndex(({ request, notBefore }) => {
      if (record.of(request.recordName).underWay) return true
      return this.#stop === undefined && notBefore <= now && this.#pace.until <= now
    })
    const [taken] = index < 0 ? [] : this.#waiting.splice(index, 1)
    if (taken && this.#parkedUntil > 0 && this.#pace.until <= now) {
      this.#parkedUntil = 0
      this.#tell({ type: 'resumed' })
    }
    return taken?.request
  }

  #begin(request: NamedRequest, place: Place): void {
    this.#running.set(request.index, { costUsd: 0 })
    void this.#carryOut(request, place)
      .catch((error: unknown) => {
        // The record cannot be written: to go on would be to forget.
        this.#stopWith({ because: 'cancelled', message: SkeinError.from(error, 'running a batch').message })
        this.#broken ??= { error }
      })
      .finally(() => {
        this.#running.delete(request.index)
        this.#nudge.now()
      })
  }

  async #carryOut(request: NamedRequest, place: Place): Promise<void> {
    const { index, id, recordName } = request
    const { record, skein } = place
    const { signal = new AbortController().signal } = this.#options
    const before = record.of(recordName)
    const attempt = before.underWay ? before.attempt : before.attempt + 1
    if (!before.underWay) await record.write({ type: 'started', request: recordName, attempt, at: this.#world.now() })
    this.#tell({ type: 'started', index, id, attempt, followed: before.underWay })
    const key = attemptKey(record.batchId, recordName, attempt)
    const onProgress = ({ limitedUntil, ...progress }: AttemptProgress) => {
      if (limitedUntil !== undefined) this.#holdBack(limitedUntil)
      const running = this.#running.get(index)
      if (running) running.costUsd = progress.costUsd
      this.#tell({ type: 'progress', index, id, ...progress, costUsd: before.costUsd + progress.costUsd })
      this.#checkBudget()
    }
    const end = await this.#world
      .attempt(request, { skein, key, signal, onProgress })
      .catch((error: unknown) => notMade(error, signal.aborted))
    await this.#settle(request, end, place)
  }

  /** Another attempt, or the outcome. */
  async #settle(request: NamedRequest, end: AttemptEnd, place: Place): Promise<void> {
    const { record, skein } = place
    const { index, id, recordName } = request
    const { attempt, counted } = record.of(recordName)
    const { failure, status } = end
    const cancelled = status === 'cancelled' && this.#options.signal?.aborted === true
    const parked = failure?.class === 'usage_limit' && failure.resetsAt !== undefined
    const again = parked || (failure !== undefined && isRetried(failure, counted, this.#retries))
    this.#spent += end.costUsd
    const running = this.#running.get(index)
    if (running) running.costUsd = 0
    if (status === 'succeeded') this.#pace.succeeded()
    if (cancelled || again) {
      const because = failure ?? CANCELLED
      const { costUsd } = end
      // Before it is written down: whoever dies in between finds the same end again.
      if (skein.parts.keeps) await leaveBehind(skein.api, { ...leftOf(end), status: 'failed' }, 'nothing')
      const at = this.#world.now()
      const free = parked || cancelled
      await record.write({ type: 'gave_up', request: recordName, attempt, at, costUsd, failure: because, free })
      if (cancelled) return
      this.#slowDown(because, attempt)
      const notBefore = Math.max(this.#pace.until, at + (parked ? 0 : pauseBefore(counted, this.#world.random())))
      this.#waiting.push({ request, notBefore })
      this.#tell({ type: 'retrying', index, id, attempt, failure: because, at: notBefore })
      return
    }
    const outcome = outcomeOf(request, end, record.of(recordName), this.#world.now())
    await record.write({ type: 'ended', request: recordName, outcome })
    this.#outcomes.set(index, outcome)
    if (failure?.class === 'auth' || failure?.class === 'billing')
      this.#stopWith({ because: failure.class, message: failure.message })
    await this.#cleanUp(request, outcome, place)
    this.#tell({ type: 'ended', index, id, outcome: this.#outcomes.get(index) ?? outcome })
  }

  async #cleanUp(request: NamedRequest, outcome: RequestOutcome, { record, skein }: Place): Promise<void> {
    const { keep = 'changed', onOutcome } = this.#options
    await onOutcome?.(outcome)
    const left = skein.parts.keeps ? await leaveBehind(skein.api, outcome, keep) : 'nothing'
    await record.write({ type: 'left', request: request.recordName, left })
    this.#outcomes.set(request.index, { ...outcome, left })
  }

  /** What a provider refused is not asked for again at once, by any request. */
  #slowDown(failure: BatchFailure, attempt: number): void {
    const now = this.#world.now()
    if (failure.class === 'usage_limit' && failure.resetsAt !== undefined) this.#pace.wait(failure.resetsAt)
    else if (failure.class === 'rate_limit' || failure.class === 'overloaded')
      this.#pace.tooMuch(failure.resetsAt ?? now + pauseBefore(attempt, this.#world.random()))
    else return
    this.#tellParked(failure.message)
  }

  /** An agent that waits for a limit may yet succeed: until it is known, others wait for a moment and no longer. */
  #holdBack(until: number): void {
    this.#pace.wait(Math.min(until, this.#world.now() + HOLD_BACK_MS))
    this.#tellParked('the provider takes no more requests for now')
  }

  #tellParked(because: string): void {
    const { until } = this.#pace
    if (until <= Math.max(this.#world.now(), this.#parkedUntil)) return
    this.#parkedUntil = until
    this.#tell({ type: 'parked', until, because })
  }

  #checkBudget(): void {
    const { budget } = this.#options
    if (budget === undefined || this.#stop || this.#waiting.length === 0) return
    const running = [...this.#running.values()].reduce((sum, { costUsd }) => sum + costUsd, 0)
    if (this.#spent + running < budget) return
    this.#stopWith({ because: 'budget', message: `the budget of $${budget} is used up` })
  }

  #stopWith(stop: BatchStop): void {
    if (this.#stop) return
    this.#stop = stop
    this.#tell({ type: 'stopping', stop })
    this.#nudge.now()
  }

  /** Until something has ended, or it is time for what waits. */
  async #pause(): Promise<void> {
    const woken = new AbortController()
    this.#nudge.now = () => woken.abort()
    const times = this.#stop ? [] : this.#waiting.map(({ notBefore }) => Math.max(notBefore, this.#pace.until))
    const full = this.#running.size >= this.#pace.limit
    const soonest = full || times.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...times)
    await this.#world.sleep(Math.max(0, soonest - this.#world.now()), woken.signal)
  }

  #tell(event: BatchEvent): void {
    this.#options.onEvent?.(event)
    this.#feed.push(event)
  }
}
