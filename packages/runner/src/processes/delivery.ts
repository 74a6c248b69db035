import { setTimeout as sleep } from 'node:timers/promises'
import { Changes } from '../system/changes.ts'
import { readRecord } from '../system/durable.ts'
import { isMarked, markFifo, writeWhole } from './fifo.ts'
import type { Inbox, PendingLine } from './inbox.ts'
import { findWriter, startWriter, writerEnd } from './line-writer.ts'
import { type ProcessPaths, type SpecRecord, WriterRecord } from './records.ts'
import { fillSlot, readSlot } from './slot.ts'

/** Part of a line went to the process and the rest cannot follow. */
export class TornInput extends Error {}

/**
 * Hands an inbox's lines to one process, in order, each exactly once whatever becomes of the runner. Around each line:
 *
 * 1. the FIFO's modification time is set to the line's number,
 * 2. the line's number goes into `attempt`,
 * 3. the line is written: a short one by us, in one piece; a long one by a process that outlives us,
 * 4. the line is marked done in the inbox.
 *
 * So a successor that finds `attempt` at a line knows whether it was written: the FIFO still has the mark of step 1, or not.
 */
export class Delivery {
  readonly #inbox: Inbox
  readonly #paths: ProcessPaths
  readonly #spec: SpecRecord
  readonly #stop = new AbortController()
  readonly #wake = new Changes()
  readonly #onError: (error: unknown) => void
  readonly #running: Promise<void>

  constructor(
    inbox: Inbox,
    paths: ProcessPaths,
    spec: SpecRecord,
    onTorn: (error: TornInput) => void,
    onError: (error: unknown) => void,
  ) {
    this.#inbox = inbox
    this.#paths = paths
    this.#spec = spec
    this.#onError = onError
    inbox.onPending(() => this.#wake.announce())
    this.#running = this.#run().catch((error: unknown) => (error instanceof TornInput ? onTorn(error) : onError(error)))
  }

  /** Stops after the line that is being written by us; one that a writer is at goes on without us. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    await this.#resume()
    while (!this.#stop.signal.aborted) {
      const { version } = this.#wake
      const [line] = this.#inbox.pending
      if (!line) await this.#wake.after(version, this.#stop.signal)
      else if (await this.#hand(line)) this.#done()
    }
  }

  /** The mark may fail to be made; `attempt` tells a successor as much. */
  #done(): void {
    try {
      this.#inbox.done()
    } catch (error) {
      this.#onError(error)
    }
  }

  /** Finds out what became of the line that an earlier runner was at. */
  async #resume(): Promise<void> {
    const attempted = attemptedLine(this.#paths, this.#spec.epoch)
    // Lines go in order: whatever stands before the attempted one was written.
    while ((this.#inbox.pending[0]?.seq ?? Number.POSITIVE_INFINITY) < attempted) this.#done()
    const [line] = this.#inbox.pending
    if (line?.seq !== attempted) return
    if (line.file === undefined) {
      if (!this.#untouched(line)) this.#done()
      return
    }
    const record = readRecord(this.#paths.writer(this.#spec.epoch), WriterRecord)
    if (record?.seq === line.seq && (await this.#written(line))) this.#done()
  }

  /** True: the process has the line. False: not a byte of it, and we are to stop or to try again. */
  async #hand(line: PendingLine): Promise<boolean> {
    try {
      this.#mark(line)
      if (line.bytes) return await this.#writeShort(line.bytes)
      if (line.file) await startWriter(this.#paths, this.#spec.epoch, line.seq, line.file)
      return await this.#written(line)
    } catch (error) {
      if (error instanceof TornInput) throw error
      this.#onError(error)
      await this.#pause(500)
      return false
    }
  }

  async #writeShort(bytes: Buffer): Promise<boolean> {
    for (let pause = 1; !this.#stop.signal.aborted; pause = Math.min(pause * 2, 50)) {
      if (writeWhole(this.#paths.input(this.#spec.epoch), bytes)) return true
      await this.#pause(pause)
    }
    return false
  }

  /** Waits for the writer that is at this line. */
  async #written(line: PendingLine): Promise<boolean> {
    const { epoch } = this.#spec
    const end = await writerEnd(this.#paths, epoch, findWriter(this.#paths, epoch), this.#stop.signal)
    if (end === 'done') return true
    // Our successor will wait for it.
    if (this.#stop.signal.aborted || end === 'nothing' || this.#untouched(line)) return false
    throw new TornInput(`the writer of input ${line.key ?? line.seq} died before all of it was known to be written`)
  }

  #mark(line: PendingLine): void {
    if (this.#spec.tellsWrites) markFifo(this.#paths.input(this.#spec.epoch), line.seq)
    fillSlot(this.#paths.attempt(this.#spec.epoch), String(line.seq))
  }

  #untouched(line: PendingLine): boolean {
    return this.#spec.tellsWrites && isMarked(this.#paths.input(this.#spec.epoch), line.seq)
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => {})
  }
}

/** The number of the line that was written last, or is being written. */
export function attemptedLine(paths: ProcessPaths, epoch: number): number {
  return Number(readSlot(paths.attempt(epoch)) ?? 0)
}
