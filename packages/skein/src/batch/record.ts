import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { SkeinError } from '@skein/protocol'
import * as z from 'zod'
import type { BatchFailure } from './failure.ts'
import type { Leftover, RequestOutcome } from './outcome.ts'
import { lockRecord } from './record-lock.ts'

/**
 * What a batch has done so far, one JSON object a line, only ever appended to and on the disk before anything depends on it. A
 * process that is killed at any moment leaves a record from which the next one goes on; half a line at the end counts as none.
 */

const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('batch'), v: z.literal(1), batchId: z.string(), at: z.number(), requests: z.number() }),
  /** Written before anything of the attempt exists. */
  z.object({ type: z.literal('started'), request: z.string(), attempt: z.number().int(), at: z.number() }),
  /** The attempt is over and did not succeed; another one may follow. */
  z.object({
    type: z.literal('gave_up'),
    request: z.string(),
    attempt: z.number().int(),
    at: z.number(),
    costUsd: z.number(),
    failure: z.custom<BatchFailure>((value) => typeof value === 'object' && value !== null),
    /** A usage limit or a cancelled batch: not the request's fault. */
    free: z.boolean(),
  }),
  z.object({
    type: z.literal('ended'),
    request: z.string(),
    outcome: z.custom<RequestOutcome>((value) => typeof value === 'object' && value !== null),
  }),
  z.object({ type: z.literal('left'), request: z.string(), left: z.enum(['workspace', 'branch', 'nothing']) }),
])
export type RecordLine = z.infer<typeof Line>

/** What the record says of one request. */
export interface RecordedRequest {
  /** The attempt that was begun last, from 1. */
  attempt: number
  /** It was begun and its end is not written down: it is to be followed, not begun anew. */
  underWay: boolean
  /** Attempts that count against the retry policy. */
  counted: number
  /** Of attempts that are over. */
  costUsd: number
  startedAt: number | undefined
  failure: BatchFailure | undefined
  outcome: RequestOutcome | undefined
}

export class BatchRecord implements AsyncDisposable {
  readonly batchId: string
  readonly path: string | undefined
  readonly #requests: Map<string, RecordedRequest>
  readonly #file: FileHandle | undefined
  readonly #lock: Disposable | undefined
  #writing: Promise<void> = Promise.resolve()

  private constructor(
    batchId: string,
    requests: Map<string, RecordedRequest>,
    at?: { path: string; file: FileHandle; lock: Disposable },
  ) {
    this.batchId = batchId
    this.#requests = requests
    this.path = at?.path
    this.#file = at?.file
    this.#lock = at?.lock
  }

  /** One without a file: for a batch that is not resumed, or whose server's store is the record. */
  static inMemory(batchId: string): BatchRecord {
    return new BatchRecord(batchId, new Map())
  }

  /**
   * Opens a record and takes it for this process alone.
   *
   * @param resume go on with what is there; without it, a record of an unfinished batch is refused with `conflict`
   */
  static async open(
    file: string,
    options: { batchId: string | undefined; resume: boolean; anew: boolean; requests: readonly string[] },
  ): Promise<BatchRecord> {
    const path = resolve(file)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const lock = await lockRecord(path)
    try {
      const before = await readRecord(path)
      const known = before === undefined ? undefined : foldRecord(before.lines)
      const goOn = options.resume && known !== undefined
      if (known && !goOn && !options.anew && isUnfinished(known.requests, options.requests))
        throw new SkeinError('conflict', `the batch of ${path} was begun before and has not ended`, {
          next: 'Go on with it (resume: true, --resume), or begin anew (anew: true, --anew).',
        })
      const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
      const batchId = goOn ? known.batchId : (options.batchId ?? randomUUID())
      const record = new BatchRecord(batchId, goOn ? known.requests : new Map(), { path, file: handle, lock })
      await handle.truncate(goOn ? (before?.size ?? 0) : 0)
      record.#position = goOn ? (before?.size ?? 0) : 0
      if (!goOn) await record.write({ type: 'batch', v: 1, batchId, at: Date.now(), requests: options.requests.length })
      await syncFolder(dirname(path))
      return record
    } catch (error) {
      lock[Symbol.dispose]()
      throw error
    }
  }

  of(request: string): RecordedRequest {
    return this.#requests.get(request) ?? nothing()
  }

  /** Returns when the line is on the disk. */
  async write(line: RecordLine): Promise<void> {
    apply(this.#requests, line)
    if (!this.#file) return
    const file = this.#file
    const mine = this.#writing.then(async () => {
      const bytes = Buffer.from(`${JSON.stringify(line, asText)}\n`)
      await file.write(bytes, 0, bytes.length, this.#position)
      this.#position += bytes.length
      await file.datasync()
    })
    this.#writing = mine.catch(() => undefined)
    try {
      await mine
    } catch (error) {
      throw SkeinError.from(error, `writing the batch's record ${this.path ?? ''}`)
    }
  }
  #position = 0

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#file?.close()
    this.#lock?.[Symbol.dispose]()
  }
}

async function readRecord(path: string): Promise<{ lines: RecordLine[]; size: number } | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw SkeinError.from(error, `reading the batch's record ${path}`)
  }
  const lines: RecordLine[] = []
  let size = 0
  const parts = text.split('\n')
  for (const [index, part] of parts.entries()) {
    const isLast = index >= parts.length - 1
    // What follows the last newline was being written when its process died.
    if (isLast) break
    const line = parsed(part)
    if (!line) {
      // So was a last line whose blocks came to the disk in another order.
      if (parts.slice(index + 1).every((rest) => rest === '')) break
      throw new SkeinError('invalid', `the batch's record ${path} is damaged at line ${index + 1}`, {
        next: 'Restore the file, or begin the batch anew (anew: true, --anew).',
      })
    }
    lines.push(line)
    size += Buffer.byteLength(part) + 1
  }
  return { lines, size }
}

function parsed(text: string): RecordLine | undefined {
  try {
    return Line.safeParse(JSON.parse(text, fromText)).data
  } catch {
    return undefined
  }
}

function foldRecord(
  lines: readonly RecordLine[],
): { batchId: string; count: number; requests: Map<string, RecordedRequest> } | undefined {
  const [first, ...rest] = lines
  if (first?.type !== 'batch') return undefined
  const requests = new Map<string, RecordedRequest>()
  for (const line of rest) apply(requests, line)
  return { batchId: first.batchId, count: first.requests, requests }
}

function isUnfinished(known: ReadonlyMap<string, RecordedRequest>, requests: readonly string[]): boolean {
  return known.size > 0 && requests.some((request) => known.get(request)?.outcome === undefined)
}

function nothing(): RecordedRequest {
  return {
    attempt: 0,
    underWay: false,
    counted: 0,
    costUsd: 0,
    startedAt: undefined,
    failure: undefined,
    outcome: undefined,
  }
}

/** One line later. */
function apply(requests: Map<string, RecordedRequest>, line: RecordLine): void {
  if (line.type === 'batch') return
  const before = requests.get(line.request) ?? nothing()
  requests.set(line.request, after(before, line))
}

function after(before: RecordedRequest, line: Exclude<RecordLine, { type: 'batch' }>): RecordedRequest {
  switch (line.type) {
    case 'started':
      return {
        ...before,
        attempt: line.attempt,
        underWay: true,
        counted: before.counted + 1,
        startedAt: before.startedAt ?? line.at,
        outcome: undefined,
      }
    case 'gave_up':
      return {
        ...before,
        underWay: false,
        counted: before.counted - (line.free ? 1 : 0),
        costUsd: before.costUsd + line.costUsd,
        failure: line.failure,
      }
    case 'ended':
      return { ...before, underWay: false, counted: 0, costUsd: line.outcome.costUsd, outcome: line.outcome }
    case 'left':
      return before.outcome ? { ...before, outcome: { ...before.outcome, left: line.left as Leftover } } : before
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Bytes of artifacts, as JSON can hold them. */
function asText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { $base64: Buffer.from(value).toString('base64') } : value
}

function fromText(_key: string, value: unknown): unknown {
  const held = typeof value === 'object' && value !== null && '$base64' in value ? value.$base64 : undefined
  return typeof held === 'string' ? new Uint8Array(Buffer.from(held, 'base64')) : value
}
