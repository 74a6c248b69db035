import type { ApiParams, ApiResult, Change, FollowItem, SkeinApi, SubscriptionMethod } from './api.ts'
import type { Ask } from './api-model.ts'
import { SkeinError } from './errors.ts'

/** What a subscription must remember to go on, over a new connection, where the old one broke. */
interface Resumption<Params, Item> {
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

/** Takes everything anew, then tells of what is not there any more. */
class ChangesResumption implements Resumption<ApiParams<'changes'>, Change> {
  readonly #params: ApiParams<'changes'>
  readonly #workspaces = new Set<string>()
  readonly #openAsks = new Set<string>()
  /** After a loss, until `ready`: known before and not sent again so far. */
  #unseen: { workspaces: Set<string>; asks: Set<string> } | undefined

  constructor(params: ApiParams<'changes'>) {
    this.#params = params
  }

  params(): ApiParams<'changes'> {
    return this.#params
  }

  restart(): void {
    this.#unseen = { workspaces: new Set(this.#workspaces), asks: new Set(this.#openAsks) }
  }

  async receive(change: Change, api: SkeinApi): Promise<Change[]> {
    switch (change.type) {
      case 'workspace':
        this.#workspaces.add(change.workspace.id)
        this.#unseen?.workspaces.delete(change.workspace.id)
        return [change]
      case 'workspace_gone':
        this.#workspaces.delete(change.workspaceId)
        return [change]
      case 'ask':
        if (change.ask.state === 'open') this.#openAsks.add(change.ask.id)
        else this.#openAsks.delete(change.ask.id)
        this.#unseen?.asks.delete(change.ask.id)
        return [change]
      case 'notice':
        return [change]
      case 'ready':
        return [...(await this.#goneMeanwhile(api)), change]
    }
  }

  async #goneMeanwhile(api: SkeinApi): Promise<Change[]> {
    const unseen = this.#unseen
    if (!unseen) return []
    const changes: Change[] = []
    for (const workspaceId of unseen.workspaces) changes.push({ type: 'workspace_gone', workspaceId })
    for (const askId of unseen.asks) {
      const ask = await askIfThere(api, askId)
      if (ask) changes.push({ type: 'ask', ask })
    }
    // Only now: if the connection broke while we asked, the next one asks again.
    for (const workspaceId of unseen.workspaces) this.#workspaces.delete(workspaceId)
    for (const askId of unseen.asks) this.#openAsks.delete(askId)
    this.#unseen = undefined
    return changes
  }
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

async function askIfThere(api: SkeinApi, askId: string): Promise<Ask | undefined> {
  try {
    return await api.call('asks.get', { askId })
  } catch (error) {
    if (error instanceof SkeinError && error.code === 'not_found') return undefined
    throw error
  }
}

/** Every subscription has a way to go on. */
const RESUMPTIONS: { [M in SubscriptionMethod]: (params: ApiParams<M>) => Resumption<ApiParams<M>, ApiResult<M>> } = {
  'sessions.follow': (params) => new FollowResumption(params),
  'workspaces.log': (params) => new LogResumption(params),
  changes: (params) => new ChangesResumption(params),
}
