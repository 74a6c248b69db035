import { existsSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { readRecord, UNFINISHED, writeDurably } from '../system/durable.ts'
import { PIPE_BUF } from './fifo.ts'
import { InboxEntry, type ProcessPaths, type SpecRecord } from './records.ts'

const ENTRY = '.json'
const LINE = '.line'

/** One accepted line that was not handed over yet. */
export interface PendingLine {
  seq: number
  /** undefined: a line of the runner's own, which need not outlive it. */
  key: string | undefined
  /** A short line with its newline; absent when it lies in `file`. */
  bytes: Buffer | undefined
  file: string | undefined
}

/**
 * The lines that one epoch was given, on the disk before they are acknowledged, in the order of acceptance:
 * `inbox/<key>.json` until the line was handed over, `inbox/done/<key>` after that.
 */
export class Inbox {
  readonly #paths: ProcessPaths
  readonly #epoch: number
  readonly #shortest: boolean
  readonly #pending: PendingLine[]
  readonly #accepting = new Map<string, Promise<void>>()
  #last: Promise<unknown> = Promise.resolve()
  #nextSeq: number
  #onPending: () => void = () => {}

  /** `attempted`: the line that an earlier runner was at when it ended. */
  constructor(paths: ProcessPaths, spec: Pick<SpecRecord, 'epoch' | 'tellsWrites'>, attempted: number) {
    this.#paths = paths
    this.#epoch = spec.epoch
    this.#shortest = spec.tellsWrites
    this.#pending = this.#load()
    this.#nextSeq = Math.max(attempted, this.#pending.at(-1)?.seq ?? 0) + 1
  }

  get pending(): readonly PendingLine[] {
    return this.#pending
  }

  onPending(wake: () => void): void {
    this.#onPending = wake
  }

  /** Takes a line. When it resolves, the line is on the disk and will be delivered. */
  async accept(key: string, read: () => Promise<Buffer>): Promise<'accepted' | 'done'> {
    const accepting = this.#accepting.get(key)
    if (accepting) {
      await accepting
      return 'accepted'
    }
    if (isDone(this.#paths, key)) return 'done'
    if (this.#pending.some((line) => line.key === key)) return 'accepted'
    // One after the other, so that what was accepted first has the lower number on the disk too.
    const accepted = this.#last.then(async () => this.#keep(key, await read()))
    this.#last = accepted.catch(() => {})
    this.#accepting.set(key, accepted)
    try {
      await accepted
    } finally {
      this.#accepting.delete(key)
    }
    this.#onPending()
    return 'accepted'
  }

  /** Puts a line of the runner's own behind those that wait. */
  add(line: Buffer): void {
    const seq = this.#nextSeq++
    const file = this.#isShort(line) ? undefined : join(this.#paths.dir, `own.${seq}${LINE}`)
    if (file) writeFileSync(file, line, { mode: 0o600 })
    this.#pending.push({ seq, key: undefined, bytes: file ? undefined : line, file })
    this.#onPending()
  }

  /** The first line was handed over. */
  done(): void {
    const line = this.#pending.shift()
    if (!line) return
    if (line.key !== undefined) {
      const done = join(this.#paths.done, line.key)
      // The rename is the mark, and needs no space; what the line was is of no use any more.
      renameSync(join(this.#paths.inbox, `${line.key}${ENTRY}`), done)
      truncateSync(done)
    }
    if (line.file) rmSync(line.file, { force: true })
  }

  /** Resolves once no line is on its way to the disk. */
  async settled(): Promise<void> {
    await this.#last
  }

  async #keep(key: string, line: Buffer): Promise<void> {
    const seq = this.#nextSeq++
    const entry = join(this.#paths.inbox, `${key}${ENTRY}`)
    const file = this.#isShort(line) ? undefined : join(this.#paths.inbox, `${key}${LINE}`)
    if (file) await writeDurably(file, line)
    const text = file ? {} : { line: line.toString('utf8') }
    await writeDurably(entry, JSON.stringify({ seq, epoch: this.#epoch, ...text }))
    this.#pending.push({ seq, key, bytes: file ? undefined : line, file })
  }

  #isShort(line: Buffer): boolean {
    return this.#shortest && line.length <= PIPE_BUF
  }

  #load(): PendingLine[] {
    const lines: PendingLine[] = []
    const names = new Set(readdirSync(this.#paths.inbox))
    for (const name of names) {
      const path = join(this.#paths.inbox, name)
      if (name.endsWith(UNFINISHED)) rmSync(path, { force: true })
      if (name.endsWith(LINE) && !names.has(name.replace(/\.line$/, ENTRY))) rmSync(path, { force: true })
      if (!name.endsWith(ENTRY)) continue
      const entry = readRecord(path, InboxEntry)
      // What an earlier epoch was not given stays here until it is asked for again with a later one.
      if (entry?.epoch !== this.#epoch) continue
      const key = name.slice(0, -ENTRY.length)
      const short = entry.line === undefined ? undefined : Buffer.from(entry.line)
      lines.push({ seq: entry.seq, key, bytes: short, file: short ? undefined : join(this.#paths.inbox, key + LINE) })
    }
    return lines.sort((a, b) => a.seq - b.seq)
  }
}

export function isDone(paths: ProcessPaths, key: string): boolean {
  return existsSync(join(paths.done, key))
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** The line with its newline, if it is one line of JSON; a bad one makes some agents exit. */
export function checkedLine(content: Uint8Array | string, key: string): Buffer {
  let bytes = Buffer.from(content)
  if (bytes.at(-1) === 10) bytes = bytes.subarray(0, -1)
  if (bytes.includes(10) || bytes.includes(13)) throw badLine(key, 'it is more than one line')
  try {
    JSON.parse(UTF8.decode(bytes))
  } catch (cause) {
    throw badLine(key, 'it is not JSON', cause)
  }
  return Buffer.concat([bytes, Buffer.from('\n')])
}

function badLine(key: string, why: string, cause?: unknown): SkeinError {
  return new SkeinError('invalid', `input ${key}: ${why}, so it was not handed to the process`, { cause })
}
