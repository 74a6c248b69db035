import type { ApiParams, ApiResult, FollowItem, SkeinApi, SubscriptionMethod } from './api.ts'
import { ChangesResumption } from './resumption-changes.ts'
import { CheckLogResumption, ServiceLogResumption, TerminalResumption } from './resumption-logs.ts'

/** What a subscription must remember to go on, over a new connection, where the old one broke. */
export interface Resumption<Params, Item> {
  params(): Params
  /** What the reader gets for an item that came. */
  receive(item: Item, api: SkeinApi): Item[] | Promise<Item[]>
  /** Called after a loss. */
  restart(): void
}

export function resumption<M extends SubscriptionMethod>(
  method: M,
  params: ApiParams<M>,
): Resumption<ApiParams<M>, ApiResult<M>> {
  return RESUMPTIONS[method](params as never) as unknown as Resumption<ApiParams<M>, ApiResult<M>>
}

type LogItem = ApiResult<'workspaces.log'>

/** Goes on after the last stored event that was seen. */
class FollowResumption implements Resumption<ApiParams<'sessions.follow'>, FollowItem> {
  readonly #params: ApiParams<'sessions.follow'>
  #seen: number
  #live = false

  constructor(params: ApiParams<'sessions.follow'>) {
    this.#params = params
    this.#seen = params.after ?? 0
  }

  params(): ApiParams<'sessions.follow'> {
    return { ...this.#params, after: this.#seen }
  }

  receive(item: FollowItem): FollowItem[] {
    if (item.type === 'live') {
      const first = !this.#live
      this.#live = true
      return first ? [item] : []
    }
    if (item.envelope.ephemeral) return [item]
    if (item.envelope.seq <= this.#seen) return []
    this.#seen = item.envelope.seq
    return [item]
  }

  restart(): void {}
}

/** The log comes from its beginning each time: as much of each step as was passed on is left out. */
class LogResumption implements Resumption<ApiParams<'workspaces.log'>, LogItem> {
  readonly #params: ApiParams<'workspaces.log'>
  readonly #passed = new Map<string, number>()
  #seen = new Map<string, number>()

  constructor(params: ApiParams<'workspaces.log'>) {
    this.#params = params
  }

  params(): ApiParams<'workspaces.log'> {
    return this.#params
  }

  restart(): void {
    this.#seen = new Map()
  }

  receive(item: LogItem): LogItem[] {
    const seen = this.#seen.get(item.step) ?? 0
    const passed = this.#passed.get(item.step) ?? 0
    const end = seen + item.text.length
    this.#seen.set(item.step, end)
    this.#passed.set(item.step, Math.max(passed, end))
    if (passed === 0 || passed <= seen) return [item]
    return passed >= end ? [] : [{ ...item, text: item.text.slice(passed - seen) }]
  }
}

/** Every subscription has a way to go on. */
const RESUMPTIONS: { [M in SubscriptionMethod]: (params: ApiParams<M>) => Resumption<ApiParams<M>, ApiResult<M>> } = {
  'sessions.follow': (params) => new FollowResumption(params),
  'workspaces.log': (params) => new LogResumption(params),
  'checks.log': (params) => new CheckLogResumption(params),
  'services.log': (params) => new ServiceLogResumption(params),
  'terminals.follow': (params) => new TerminalResumption(params),
  changes: (params) => new ChangesResumption(params),
}
