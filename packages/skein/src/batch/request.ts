import { createHash } from 'node:crypto'
import { SkeinError } from '@skein/protocol'
import { checkRun } from '../run/check.ts'
import type { RunOptions } from '../run/options.ts'

/** One prompt of a batch: what `run()` takes, and names by which its outcome is found. */
export interface BatchRequest extends Omit<RunOptions, 'key' | 'signal' | 'throwOnFailure' | 'keep'> {
  /** Names it in events, results and the record. Made from what the request says unless given; unique in its batch. */
  readonly id?: string
  /** Anything that sorts requests for you: it comes back with the outcome. */
  readonly tag?: string
}

/** A request with its place and the names by which it is found again. */
export interface NamedRequest extends BatchRequest {
  readonly id: string
  readonly index: number
  /** What the record knows it by: another prompt under the same id is another request. */
  readonly recordName: string
}

/** Checks all requests and names them, before anything is begun. Throws `invalid` for the first that cannot be. */
export function nameRequests(requests: readonly BatchRequest[]): NamedRequest[] {
  const taken = new Map<string, number>()
  const counts = new Map<string, number>()
  return requests.map((request, index) => {
    const where = `request ${index + 1}${request.tag === undefined ? '' : ` (${request.tag})`} of the batch`
    checked(request, where)
    const digest = digestOf(request)
    const id = request.id ?? numbered(digest.slice(0, 10), counts)
    const before = taken.get(id)
    if (before !== undefined)
      throw new SkeinError('invalid', `${where}: the id "${id}" is that of request ${before + 1} too`, {
        next: 'Give each request an id of its own, or none.',
      })
    taken.set(id, index)
    return { ...request, id, index, recordName: request.id === undefined ? id : `${id}@${digest.slice(0, 10)}` }
  })
}

function checked({ id: _id, tag: _tag, ...options }: BatchRequest, where: string): void {
  try {
    checkRun(options, true)
  } catch (error) {
    const { code, message, next } = SkeinError.from(error, 'checking it')
    throw new SkeinError(code, `${where}: ${message}`, { next, cause: error })
  }
}

/** The same request twice is two requests. */
function numbered(name: string, counts: Map<string, number>): string {
  const count = (counts.get(name) ?? 0) + 1
  counts.set(name, count)
  return count === 1 ? name : `${name}-${count}`
}

/** What may be another one the next time, and is no part of what makes a request what it is. */
const PASSING: ReadonlySet<string> = new Set(['id', 'tag', 'env', 'secrets', 'credential', 'onAsk'])

function digestOf(request: BatchRequest): string {
  const entries = Object.entries(request).filter(([name, value]) => value !== undefined && !PASSING.has(name))
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex')
}

/** The key of one attempt's commands: the same attempt always has the same one, also in another process. */
export function attemptKey(batchId: string, recordName: string, attempt: number): string {
  const hex = createHash('sha256').update([batchId, recordName, attempt].join('\0')).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
