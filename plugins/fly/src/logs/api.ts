import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import type { FlyClient } from '../api/client.ts'
import { type LogLine, timeOf } from './entry.ts'

const Page = z.object({
  data: z
    .array(
      z.looseObject({
        id: z.string().nullish(),
        attributes: z.looseObject({
          timestamp: z.union([z.string(), z.number()]).nullish(),
          message: z.string().nullish(),
          instance: z.string().nullish(),
          level: z.string().nullish(),
          meta: z.looseObject({}).nullish(),
        }),
      }),
    )
    .nullish(),
  meta: z.looseObject({ next_token: z.union([z.string(), z.number()]).nullish() }).nullish(),
})

/** A line of the console: of what runs there (`app`), or of Fly about the machine (`platform`). */
export interface ConsoleLine extends LogLine {
  source: 'app' | 'platform'
  /** Fly's own name for the line; of its content and time where Fly gives none. */
  id: string
}

export interface LogPlace {
  app: string
  machine: string
  /** From then on, milliseconds; the last hundred lines unless given. */
  since?: number | undefined
  signal?: AbortSignal | undefined
}

const POLL_MS = { first: 250, most: 4000 }
/** So many pages at once; a machine that writes more is read on at the next time. */
const MOST_PAGES = 200
/** A line may be taken in after one that was written later. */
const LATE_MS = 5000

/** What a machine's console has shown, oldest first, each line once; also after the machine is gone, for as long as Fly keeps it. */
export async function machineLogs(client: FlyClient, place: LogPlace): Promise<ConsoleLine[]> {
  return new LogReader(client, place).rest()
}

/** A machine's console from its first line on, as it is written. Ends when `until` says so and nothing new came after. */
export async function* followLogs(
  client: FlyClient,
  place: LogPlace,
  until: () => boolean = () => false,
): AsyncGenerator<ConsoleLine> {
  const reader = new LogReader(client, place)
  for (let pause = POLL_MS.first; ; ) {
    const over = until()
    const lines = await reader.rest()
    yield* lines
    if (over && lines.length === 0) return
    pause = lines.length > 0 ? POLL_MS.first : Math.min(POLL_MS.most, pause * 2)
    await sleep(pause, undefined, place.signal ? { signal: place.signal } : {})
  }
}

/** Reads on from where it was. Fly may give a line twice, late or out of turn. */
class LogReader {
  readonly #client: FlyClient
  readonly #place: LogPlace
  readonly #seen = new Set<string>()
  #token: string | undefined

  constructor(client: FlyClient, place: LogPlace) {
    this.#client = client
    this.#place = place
    // A token is a time in nanoseconds.
    if (place.since !== undefined) this.#token = nanoseconds(place.since)
  }

  async rest(): Promise<ConsoleLine[]> {
    const lines: ConsoleLine[] = []
    if (this.#token !== undefined && /^\d{15,20}$/.test(this.#token))
      this.#token = String(BigInt(this.#token) - BigInt(LATE_MS) * 1_000_000n)
    for (let page = 0; page < MOST_PAGES; page++) {
      const before = this.#token
      const read = await this.#page()
      lines.push(...read.lines)
      if (read.entries === 0 || this.#token === before) break
    }
    // Lines of one moment stay in the order in which they came.
    return lines.sort((a, b) => a.at - b.at)
  }

  async #page(): Promise<{ lines: ConsoleLine[]; entries: number }> {
    const { app, machine, signal } = this.#place
    const answer = await this.#client.call({
      doing: `reading the logs of ${machine} of ${app}`,
      base: this.#client.endpoints.logs,
      path: `/api/v1/apps/${app}/logs`,
      query: { instance: machine, ...(this.#token === undefined ? {} : { next_token: this.#token }) },
      action: 'logs',
      id: machine,
      deadlineMs: 20_000,
      signal,
    })
    const { data, meta } = Page.parse(answer)
    const next = meta?.next_token
    if (next !== undefined && next !== null && String(next) !== '') this.#token = String(next)
    const lines = (data ?? []).flatMap(({ id, attributes }) => {
      const { message, instance, timestamp, level } = attributes
      if (!message || (instance && instance !== machine)) return []
      const key = id ? id : `${timestamp ?? ''}\0${message}`
      if (this.#seen.has(key)) return []
      this.#seen.add(key)
      const provider = providerOf(attributes.meta)
      return [
        {
          id: key,
          machine,
          message,
          at: timeOf(timestamp),
          stream: level === 'error' ? ('stderr' as const) : ('stdout' as const),
          source: provider === undefined || provider === 'app' ? ('app' as const) : ('platform' as const),
        },
      ]
    })
    return { lines, entries: data?.length ?? 0 }
  }
}

function nanoseconds(ms: number): string {
  return `${Math.max(0, Math.floor(ms))}000000`
}

function providerOf(meta: Record<string, unknown> | null | undefined): string | undefined {
  const event = meta?.event
  const provider = typeof event === 'object' && event !== null && 'provider' in event ? event.provider : undefined
  return typeof provider === 'string' ? provider : undefined
}
