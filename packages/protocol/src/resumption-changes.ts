import type { ApiParams, Change, SkeinApi } from './api.ts'
import type { Ask } from './api-model.ts'
import { SkeinError } from './errors.ts'
import type { Resumption } from './resumption.ts'

/** Takes everything anew, then tells of what is not there any more. */
export class ChangesResumption implements Resumption<ApiParams<'changes'>, Change> {
  readonly #params: ApiParams<'changes'>
  /** What the reader was told of and not yet told the end of, by `keyOf`; with what tells it that the thing has gone. */
  readonly #known = new Map<string, Change>()
  /** After a loss, until `ready`: known before and not sent again so far. */
  #unseen: Map<string, Change> | undefined

  constructor(params: ApiParams<'changes'>) {
    this.#params = params
  }

  params(): ApiParams<'changes'> {
    return this.#params
  }

  restart(): void {
    this.#unseen = new Map(this.#known)
  }

  async receive(change: Change, api: SkeinApi): Promise<Change[]> {
    if (change.type === 'ready') return [...(await this.#goneMeanwhile(api)), change]
    const key = keyOf(change)
    if (key === undefined) return [change]
    if (isEnd(change)) this.#known.delete(key)
    else this.#known.set(key, change)
    this.#unseen?.delete(key)
    return [change]
  }

  async #goneMeanwhile(api: SkeinApi): Promise<Change[]> {
    const unseen = this.#unseen
    if (!unseen) return []
    const changes: Change[] = []
    for (const change of unseen.values()) {
      const end = await endOf(change, api)
      if (end) changes.push(end)
    }
    // Only now: if the connection broke while we asked, the next one asks again.
    for (const key of unseen.keys()) this.#known.delete(key)
    this.#unseen = undefined
    return changes
  }
}

/** Which thing a change is about; undefined for what merely happens. */
function keyOf(change: Change): string | undefined {
  switch (change.type) {
    case 'workspace':
      return `workspace ${change.workspace.id}`
    case 'workspace_gone':
      return `workspace ${change.workspaceId}`
    case 'ask':
      return `ask ${change.ask.id}`
    case 'project':
      return `project ${change.project.id}`
    case 'project_gone':
      return `project ${change.projectId}`
    case 'terminal':
      return `terminal ${change.terminal.id}`
    case 'terminal_gone':
      return `terminal ${change.terminalId}`
    case 'share':
      return `share ${change.share.id}`
    case 'share_gone':
      return `share ${change.shareId}`
    case 'comments':
      return `comments ${change.sessionId}`
    case 'queue':
      return `queue ${change.sessionId}`
    case 'check':
    case 'service':
    case 'progress':
    case 'notice':
    case 'ready':
      return undefined
  }
}

/** After it there is nothing left that could end while nobody listens. */
function isEnd(change: Change): boolean {
  switch (change.type) {
    case 'workspace_gone':
    case 'project_gone':
    case 'terminal_gone':
    case 'share_gone':
      return true
    case 'ask':
      return change.ask.state !== 'open'
    case 'queue':
      return change.prompts.length === 0
    default:
      return false
  }
}

/** How a thing that was not sent again is now. */
async function endOf(change: Change, api: SkeinApi): Promise<Change | undefined> {
  switch (change.type) {
    case 'workspace':
      return { type: 'workspace_gone', workspaceId: change.workspace.id }
    case 'ask': {
      const ask = await askIfThere(api, change.ask.id)
      return ask && { type: 'ask', ask }
    }
    case 'project':
      return { type: 'project_gone', projectId: change.project.id }
    case 'terminal':
      return { type: 'terminal_gone', workspaceId: change.terminal.workspaceId, terminalId: change.terminal.id }
    case 'share':
      return { type: 'share_gone', workspaceId: change.share.workspaceId, shareId: change.share.id }
    case 'comments':
      return change
    case 'queue':
      return { ...change, prompts: [] }
    default:
      return undefined
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
