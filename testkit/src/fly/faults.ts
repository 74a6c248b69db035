import { seededRandom } from '../kill.ts'

export type FaultKind =
  /** Answered instead of being done; with `after`, answered although it was done. */
  | '408'
  | '429'
  | '500'
  | '502'
  | '503'
  | '504'
  /** The connection is reset; with `after`, when it was done. */
  | 'reset'
  /** No answer at all, until the client leaves; with `after`, when it was done. */
  | 'hang'
  /** Done `delayMs` later than asked, whatever timeout was asked for. */
  | 'slow'
  /** Two machines for one request to create one. */
  | 'duplicate-create'
  /** Lists do not show what is created, for `delayMs`. */
  | 'stale-list'
  /** The machine stays in `destroying`, `stopping` or `replacing`, for `delayMs` or until it is asked `calls` times more. */
  | 'stuck-destroying'
  | 'stuck-stopping'
  | 'stuck-replacing'
  /** No host has room: of `Machines_start` and `Machines_create`. */
  | 'capacity'
  /** Of `Machines_create`: its volume is still that of another machine. */
  | 'volume-claimed'
  /** Events of the machine in the answer: late by `delayMs`, without the exit, each twice, oldest first. */
  | 'events-delayed'
  | 'events-missing'
  | 'events-duplicated'
  | 'events-reordered'
  /** Of `Logs_read`: refused; lines cut, late by `delayMs`, each twice, in another order. */
  | 'logs-refused'
  | 'logs-truncated'
  | 'logs-delayed'
  | 'logs-duplicated'
  | 'logs-reordered'
  /** The machine's clock lags by `delayMs` after it was resumed, which its log lines show. */
  | 'clock-skew'

export interface FaultRule {
  readonly kind: FaultKind
  /** As the OpenAPI document calls it (`Machines_create`), or `Logs_read`, `Proxy_request`; `*`, the default, is any call of the API. */
  readonly operation?: string | readonly string[]
  /** Only for calls that name this app or machine. */
  readonly of?: string
  /** Only the nth call that fits, from 1. */
  readonly nth?: number
  /** With this probability, by the emulator's seed. */
  readonly probability?: number
  /** At most so often. */
  readonly times?: number
  /** After the request was carried out, rather than instead. */
  readonly after?: boolean
  readonly delayMs?: number
  /** See `stuck-…`. */
  readonly calls?: number
  /** For 429 and 5xx: the header, in seconds. */
  readonly retryAfter?: number
  /** Of a 5xx. Default: json. */
  readonly body?: 'json' | 'html' | 'text' | 'empty'
}

/** A fault that applies to one call. */
export interface Fault extends FaultRule {
  readonly operation: string
}

export interface Faults {
  /** Disposing of it takes the rule away. */
  add(rule: FaultRule): Disposable
  clear(): void
}

/** Not calls of the Machines API; a rule must name them. */
const OUTSIDE = ['Logs_read', 'Proxy_request']

interface Counted {
  readonly rule: FaultRule
  seen: number
  applied: number
}

/** Which faults are to happen, by rule. */
export class FaultRules implements Faults {
  readonly #rules = new Set<Counted>()
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  add(rule: FaultRule): Disposable {
    const counted = { rule, seen: 0, applied: 0 }
    this.#rules.add(counted)
    return { [Symbol.dispose]: () => void this.#rules.delete(counted) }
  }

  clear(): void {
    this.#rules.clear()
  }

  /** The first rule that applies to that call. Each rule counts each call that fits it. */
  for(operation: string, names: readonly string[]): Fault | undefined {
    const applying = [...this.#rules].filter((counted) => this.#applies(counted, operation, names))
    const [first] = applying
    if (first === undefined) return undefined
    first.applied += 1
    return { ...first.rule, operation }
  }

  #applies(counted: Counted, operation: string, names: readonly string[]): boolean {
    const { rule } = counted
    const wanted = [rule.operation ?? '*'].flat()
    if (!wanted.includes(operation) && !(wanted.includes('*') && !OUTSIDE.includes(operation))) return false
    if (rule.of !== undefined && !names.includes(rule.of)) return false
    counted.seen += 1
    if (rule.nth !== undefined && counted.seen !== rule.nth) return false
    if (rule.times !== undefined && counted.applied >= rule.times) return false
    return rule.probability === undefined || this.#random() < rule.probability
  }
}
