import { type Cursor, type RunnerNotifications, SUBSCRIPTION_WINDOW } from '@skein/protocol'
import { Changes } from '../system/changes.ts'
import type { Chunk, Journal } from './journal.ts'
import type { ManagedProcess } from './process.ts'
import type { EndRecord } from './records.ts'

/** How long a line may be in the making before its beginning is sent. */
const PARTIAL_LINE_MS = 100

type Notify = <N extends keyof RunnerNotifications>(name: N, params: RunnerNotifications[N]) => Promise<void>

/**
 * One reader of a process's output, from a cursor on and through all later epochs. It holds nothing: what is not on its way to
 * the reader is in the file, and it takes from there only as fast as the stream drains and the reader gives credit.
 */
export class Subscription {
  readonly #sub: number
  readonly #process: ManagedProcess
  readonly #notify: Notify
  readonly #stop = new AbortController()
  readonly #credit = new Changes()
  #onItsWay: { epoch: number; to: number; bytes: number }[] = []
  #epoch: number
  #offset: number
  #journal: Journal | undefined
  #partial: { at: number; since: number } | undefined
  readonly #quiet: boolean

  /** `quiet`: tells ends and epochs, and no output. */
  constructor(sub: number, process: ManagedProcess, from: Cursor | 'start' | 'tail', notify: Notify, quiet = false) {
    this.#sub = sub
    this.#quiet = quiet
    this.#process = process
    this.#notify = notify
    const epoch = from === 'start' ? process.epochs.at(0) : process.epochs.at(-1)
    this.#epoch = typeof from === 'string' ? (epoch ?? 1) : from.epoch
    this.#offset = typeof from === 'string' ? 0 : from.offset
    if (from === 'tail') this.#offset = process.status(this.#epoch)?.size ?? 0
  }

  /** The reader consumed everything before `to`. */
  credit(epoch: number, to: number): void {
    this.#onItsWay = this.#onItsWay.filter((part) => part.epoch > epoch || (part.epoch === epoch && part.to > to))
    this.#credit.announce()
  }

  /** Runs until it is closed. */
  async run(): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) {
        const { version } = this.#process.changes
        if (await this.#advance()) continue
        const wait = this.#partial ? PARTIAL_LINE_MS - (Date.now() - this.#partial.since) : undefined
        await this.#process.changes.after(
          version,
          this.#stop.signal,
          wait === undefined ? undefined : Math.max(1, wait),
        )
      }
    } finally {
      this.#journal?.close()
      this.#journal = undefined
    }
  }

  close(): void {
    this.#stop.abort()
  }

  /** One step towards the end of the output. False: there is nothing to do before something changes. */
  async #advance(): Promise<boolean> {
    // The end is looked up before the size: after it, the size is final.
    const end = this.#process.end(this.#epoch)
    const living = this.#process.running?.epoch === this.#epoch
    if (!end && !living) return await this.#nextEpoch()
    if (this.#quiet) return end ? await this.#tellEnd(end) : false
    this.#journal ??= this.#process.openJournal(this.#epoch)
    const size = this.#journal?.size ?? end?.size ?? 0
    if (await this.#reportGap(size)) return true
    const chunk = this.#journal?.chunk(this.#offset, !living)
    if (chunk && this.#isDue(chunk, living)) {
      await this.#send(chunk)
      return true
    }
    if (chunk || !end) return false
    return await this.#tellEnd(end)
  }

  /** Then waits for the next epoch. */
  async #tellEnd(end: EndRecord): Promise<boolean> {
    await this.#notify('process.exit', { sub: this.#sub, epoch: this.#epoch, exit: end.exit })
    while (!(await this.#nextEpoch())) {
      const { version } = this.#process.changes
      if (this.#process.epochs.some((epoch) => epoch > this.#epoch)) continue
      await this.#process.changes.after(version, this.#stop.signal)
      if (this.#stop.signal.aborted) return false
    }
    return true
  }

  async #nextEpoch(): Promise<boolean> {
    const next = this.#process.epochs.find((epoch) => epoch > this.#epoch)
    if (next === undefined) return false
    this.#journal?.close()
    this.#journal = undefined
    this.#partial = undefined
    this.#epoch = next
    this.#offset = 0
    await this.#notify('process.epoch', { sub: this.#sub, epoch: next })
    return true
  }

  async #reportGap(size: number): Promise<boolean> {
    const freed = this.#process.freed(this.#epoch)
    const lost = this.#offset > size
    if (!lost && this.#offset >= freed) return false
    const have = lost ? size : freed
    this.#offset = have
    await this.#notify('process.gap', { sub: this.#sub, epoch: this.#epoch, have, why: lost ? 'host_crash' : 'freed' })
    return true
  }

  /** Half a line waits for the rest, for a moment; what has ended has no rest. */
  #isDue(chunk: Chunk, living: boolean): boolean {
    if (chunk.whole || !living) return true
    if (this.#partial?.at !== chunk.from) this.#partial = { at: chunk.from, since: Date.now() }
    return Date.now() - this.#partial.since >= PARTIAL_LINE_MS
  }

  async #send({ text, from, to }: Chunk): Promise<void> {
    this.#partial = undefined
    const bytes = to - from
    await this.#room(bytes)
    if (this.#stop.signal.aborted) return
    this.#onItsWay.push({ epoch: this.#epoch, to, bytes })
    this.#offset = to
    await this.#notify('process.data', { sub: this.#sub, epoch: this.#epoch, from, to, text })
  }

  async #room(bytes: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { version } = this.#credit
      const onItsWay = this.#onItsWay.reduce((sum, part) => sum + part.bytes, 0)
      if (onItsWay === 0 || onItsWay + bytes <= SUBSCRIPTION_WINDOW) return
      await this.#credit.after(version, this.#stop.signal)
    }
  }
}
