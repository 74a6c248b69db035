import { existsSync, readdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cursor, type ProcessSpec, type ProcessStatus, SkeinError } from '@skein/protocol'
import { Changes } from '../system/changes.ts'
import { makePrivateFolder, readRecord, replaceFile, UNFINISHED, writeDurably } from '../system/durable.ts'
import { ProcessIdentity } from '../system/processes.ts'
import { isDone } from './inbox.ts'
import { Journal } from './journal.ts'
import { launch, StartFailed } from './launch.ts'
import { AckRecord, EndRecord, FreedRecord, type ProcessPaths, processPaths, SpecRecord } from './records.ts'
import { deleteEpoch, freeable, freePrefix } from './retention.ts'
import { RunningEpoch, removeLivingFiles, settledStart } from './running.ts'

/** All epochs of one process: those that ended, and at most one that runs. */
export class ManagedProcess {
  readonly id: string
  readonly changes = new Changes()
  readonly paths: ProcessPaths
  readonly #log: (message: string) => void
  readonly #ended = new Map<number, EndRecord>()
  readonly #freed = new Map<number, number>()
  #running: RunningEpoch | undefined
  #acked: Cursor | undefined
  #last: Promise<unknown> = Promise.resolve()
  readonly #closing = new AbortController()

  /** Finds what is kept of the process on the disk; what still lives is adopted. */
  constructor(id: string, dir: string, log: (message: string) => void) {
    this.id = id
    this.paths = processPaths(dir)
    this.#log = log
    if (existsSync(dir)) this.#load()
  }

  get running(): RunningEpoch | undefined {
    return this.#running
  }

  /** Ascending. */
  get epochs(): number[] {
    const epochs = [...this.#ended.keys()]
    if (this.#running) epochs.push(this.#running.epoch)
    return epochs.sort((a, b) => a - b)
  }

  end(epoch: number): EndRecord | undefined {
    return this.#ended.get(epoch)
  }

  /** Bytes at the start of an epoch's journal that are no longer there. */
  freed(epoch: number): number {
    return this.#freed.get(epoch) ?? 0
  }

  openJournal(epoch: number): Journal | undefined {
    return existsSync(this.paths.journal(epoch)) ? new Journal(this.paths.journal(epoch)) : undefined
  }

  status(epoch = this.epochs.at(-1)): ProcessStatus | null {
    if (epoch === undefined) return null
    const acked = this.#acked === undefined ? {} : { acked: this.#acked }
    const end = this.#ended.get(epoch)
    if (end) {
      const { kind, startedAt, size, exit } = end
      return {
        id: this.id,
        epoch,
        kind,
        state: 'exited',
        startedAt,
        size,
        freed: this.freed(epoch),
        ...acked,
        exit,
        pendingInputs: 0,
      }
    }
    const running = this.#running
    if (running?.epoch !== epoch) return null
    const { kind, startedAt } = running.spec
    return {
      id: this.id,
      epoch,
      kind,
      state: 'running',
      ...(running.pid === undefined ? {} : { pid: running.pid }),
      startedAt,
      size: running.size,
      freed: this.freed(epoch),
      ...acked,
      ...(running.busy === undefined ? {} : { busy: running.busy }),
      pendingInputs: running.inbox?.pending.length ?? 0,
    }
  }

  /** Starts an epoch, once, however often it is asked for. */
  async start(spec: ProcessSpec): Promise<ProcessStatus> {
    const started = this.#last.then(() => this.#start(spec))
    this.#last = started.catch(() => {})
    return await started
  }

  /** Accepts a line for the running epoch; `read` gives its bytes, and is called only when the line is new. */
  async input(epoch: number, key: string, read: () => Promise<Buffer>): Promise<'accepted' | 'done'> {
    if (isDone(this.paths, key)) return 'done'
    const running = this.#running
    if (running?.epoch !== epoch) {
      throw new SkeinError('conflict', `input for ${this.id}: epoch ${epoch} does not run`, {
        next: 'Start the process again, with a later epoch, and send the input to that one.',
        details: { running: running?.epoch ?? null },
      })
    }
    if (!running.inbox) throw new SkeinError('invalid', `input for ${this.id}: a script takes none`)
    return await running.inbox.accept(key, read)
  }

  async stop(graceMs: number, reason: 'stopped' | 'lease' = 'stopped'): Promise<ProcessStatus | null> {
    await this.#running?.stop(reason, graceMs)
    return this.status()
  }

  /** "All before the cursor is durable elsewhere". It never moves back. */
  async ack(cursor: Cursor): Promise<void> {
    const acked = this.#acked
    if (acked && (cursor.epoch < acked.epoch || (cursor.epoch === acked.epoch && cursor.offset <= acked.offset))) return
    this.#acked = cursor
    replaceFile(this.paths.ack, JSON.stringify(cursor))
    await this.#free(cursor)
  }

  /** Removes all that is kept. */
  async forget(): Promise<void> {
    if (this.#running)
      throw new SkeinError('conflict', `forgetting ${this.id}: it is running`, { next: 'Stop it first.' })
    await this.close()
    await rm(this.paths.dir, { recursive: true, force: true })
  }

  /** Lets go of what runs. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#last
    await this.#running?.close()
    this.changes.announce()
  }

  async #start(spec: ProcessSpec): Promise<ProcessStatus> {
    if (this.#closing.signal.aborted) throw new SkeinError('unavailable', `starting ${this.id}: the runner is ending`)
    if (this.#running?.epoch === spec.epoch) await settledStart(this.#running, this.#closing.signal)
    const known = this.status(spec.epoch)
    if (known) return known
    const newest = this.epochs.at(-1) ?? 0
    if (this.#running || newest > spec.epoch) {
      const what = this.#running ? `epoch ${newest} is running` : `epoch ${newest} was started already`
      throw new SkeinError('conflict', `starting ${this.id}, epoch ${spec.epoch}: ${what}`, {
        next: this.#running ? `Stop ${this.id} first.` : `Ask for epoch ${newest + 1}.`,
      })
    }
    await this.#launch(spec)
    const status = this.status(spec.epoch)
    if (!status)
      throw new SkeinError('unavailable', `starting ${this.id}: its wrapper was killed before it began; ask again`)
    return status
  }

  async #launch(spec: ProcessSpec): Promise<void> {
    makePrivateFolder(this.paths.dir)
    try {
      const { spec: record, identity } = await launch(spec, this.paths)
      await settledStart(this.#adopt(record, identity), this.#closing.signal)
    } catch (error) {
      if (!(error instanceof StartFailed)) throw error
      const { epoch, kind } = spec
      const exit = { code: null, reason: 'start_failed' as const, message: error.message, at: Date.now() }
      const end = { epoch, kind, startedAt: Date.now(), size: 0, exit }
      await writeDurably(this.paths.exit(epoch), JSON.stringify(end))
      removeLivingFiles(this.paths, epoch)
      this.#onEnd(epoch, end)
    }
  }

  #adopt(spec: SpecRecord, identity: ProcessIdentity): RunningEpoch {
    const running = new RunningEpoch({
      spec,
      identity,
      paths: this.paths,
      onOutput: () => this.changes.announce(),
      onEnd: (end) => this.#onEnd(spec.epoch, end),
      log: this.#log,
    })
    this.#running = running
    this.changes.announce()
    // The epoch before is no longer the newest.
    if (this.#acked) void this.#free(this.#acked)
    return running
  }

  #onEnd(epoch: number, end: EndRecord | null): void {
    if (this.#running?.epoch === epoch) this.#running = undefined
    if (end) this.#ended.set(epoch, end)
    this.changes.announce()
  }

  async #free(acked: Cursor): Promise<void> {
    const newest = this.epochs.at(-1)
    for (const [epoch, { size }] of this.#ended) {
      const consumed = epoch < acked.epoch || (epoch === acked.epoch && acked.offset >= size)
      if (!consumed || epoch === newest || this.freed(epoch) >= size) continue
      this.#freed.set(epoch, size)
      deleteEpoch(this.paths, epoch)
    }
    const running = this.#running
    if (running?.epoch !== acked.epoch) return
    const upTo = freeable(Math.min(acked.offset, running.size), this.freed(acked.epoch))
    if (upTo === undefined) return
    this.#freed.set(acked.epoch, upTo)
    await freePrefix(this.paths, acked.epoch, upTo)
  }

  #load(): void {
    const names = readdirSync(this.paths.dir)
    for (const name of names) {
      if (name.endsWith(UNFINISHED)) rmSync(join(this.paths.dir, name), { force: true })
    }
    const epochsOf = (pattern: RegExp) => names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number)
    for (const epoch of epochsOf(/^exit\.(\d+)\.json$/)) {
      const end = readRecord(this.paths.exit(epoch), EndRecord)
      if (!end) continue
      this.#ended.set(epoch, end)
      if (!existsSync(this.paths.journal(epoch))) this.#freed.set(epoch, end.size)
    }
    for (const epoch of epochsOf(/^freed\.(\d+)\.json$/)) {
      this.#freed.set(epoch, readRecord(this.paths.freed(epoch), FreedRecord)?.freed ?? 0)
    }
    this.#acked = readRecord(this.paths.ack, AckRecord)
    for (const epoch of epochsOf(/^proc\.(\d+)\.json$/)) {
      if (this.#ended.has(epoch)) removeLivingFiles(this.paths, epoch)
      else this.#find(epoch)
    }
  }

  /** An epoch that a runner before us started and that has no recorded end. */
  #find(epoch: number): void {
    const spec = readRecord(this.paths.spec(epoch), SpecRecord)
    const identity = readRecord(this.paths.proc(epoch), ProcessIdentity)
    if (spec && identity && existsSync(this.paths.journal(epoch))) {
      void this.#adopt(spec, identity).check()
      return
    }
    // The machine went down before its files had reached the disk.
    const journal = this.openJournal(epoch)
    const exit = { code: null, reason: 'lost' as const, message: 'the machine was restarted', at: Date.now() }
    this.#onEnd(epoch, {
      epoch,
      kind: spec?.kind ?? 'lines',
      startedAt: spec?.startedAt ?? 0,
      size: journal?.size ?? 0,
      exit,
    })
    journal?.close()
  }
}
