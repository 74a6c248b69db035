import {
  type ApiParams,
  type ApiResult,
  type CallMethod,
  type Change,
  type Envelope,
  type FollowItem,
  type QueuedPrompt,
  type SkeinApi,
  SkeinError,
  type SubscriptionMethod,
} from '@skein/protocol'
import { fixtureEvents, openTurn } from './fixture-events.ts'
import { machinesFixture } from './fixture-machines.ts'
import { reviewFixture } from './fixture-review.ts'
import { workFixture } from './fixture-work.ts'
import { asks, projects, workspaces } from './fixture-workspaces.ts'

type Calls = { [M in CallMethod]?: (params: ApiParams<M>) => Promise<ApiResult<M>> }

/** An API in memory. `empty`: nothing yet; `huge`: a session of 100,000 events; `stream`: one that streams for ever. */
export function fixtureApi(kind: string): SkeinApi {
  const listeners = new Set<(change: Change) => void>()
  const tell = (change: Change) => {
    for (const listener of listeners) listener(change)
  }
  const place = { workspaceId: 'w1', workspaceName: workspaces[0]?.name ?? '', sessionId: 'w1-s' }
  const work = workFixture({ ...place, changed: tell })
  const review = reviewFixture({ ...place, commentsChanged: () => tell({ type: 'comments', ...place }) })
  const machines = machinesFixture(kind === 'empty' || kind === 'alone', tell)
  const transcripts = new Map<string, Envelope[]>()
  const followers = new Set<(sessionId: string, envelope: Envelope) => void>()
  const eventsOf = (sessionId: string) => {
    const known = transcripts.get(sessionId)
    if (known) return known
    const events = fixtureEvents(sessionId, sessionId === 'w1-s' ? (kind === 'huge' ? 6000 : 40) : 6)
    if (sessionId === 'w1-s') events.push(...openTurn(sessionId, events.length))
    transcripts.set(sessionId, events)
    return events
  }
  for (const workspace of workspaces)
    for (const session of workspace.sessions) {
      const { length } = session.id === 'w1-s' ? eventsOf(session.id) : { length: 0 }
      Object.assign(session, { seq: length, seenSeq: Math.max(0, length - 12) })
    }
  const found = <T>(thing: T | undefined, what: string): T => {
    if (thing === undefined) throw new SkeinError('not_found', `there is no ${what}`)
    return thing
  }
  const workspaceOf = (id: string) =>
    found(
      workspaces.find((one) => one.id === id),
      `workspace ${id}`,
    )
  const sessionOf = (id: string) =>
    found(
      workspaces.flatMap((one) => one.sessions).find((one) => one.id === id),
      `session ${id}`,
    )
  const queues = new Map<string, QueuedPrompt[]>([['w1-s', queued()]])
  const setQueue = (sessionId: string, prompts: QueuedPrompt[]) => {
    queues.set(sessionId, prompts)
    tell({ type: 'queue', sessionId, prompts })
  }
  const calls: Calls = {
    ...review,
    ...work.calls,
    ...machines.calls,
    'server.info': async () => ({
      version: '0.1.0',
      pid: 1,
      home: '~/.skein',
      startedAt: Date.now(),
      activity: { running: 3, openAsks: 3 },
    }),
    'agents.list': async () => [CLAUDE],
    'projects.list': async () => (kind === 'empty' ? [] : projects),
    'projects.branches': async () => ({ branches: ['main', 'develop', 'release/2026-11'], base: 'main' }),
    'workspaces.update': async ({ workspaceId, name, pinned, archived }) => {
      const workspace = workspaceOf(workspaceId)
      Object.assign(workspace, {
        ...(name === undefined ? {} : { name }),
        ...(pinned === undefined ? {} : { pinned }),
        ...(archived === undefined ? {} : { archived }),
      })
      tell({ type: 'workspace', workspace: structuredClone(workspace) })
      return workspace
    },
    'workspaces.remove': async ({ workspaceId, confirm }) => {
      const workspace = workspaceOf(workspaceId)
      if (!confirm && workspace.diff) {
        throw new SkeinError(
          'needs_confirmation',
          `${workspace.name} has ${workspace.diff.files} changed files that are nowhere else`,
        )
      }
      tell({ type: 'workspace', workspace: { ...workspace, state: 'removed' } })
      return workspace
    },
    'workspaces.files': async ({ query = '' }) => ({ paths: FILES.filter((path) => path.includes(query)) }),
    'sessions.get': async ({ sessionId }) => sessionOf(sessionId),
    'sessions.see': async ({ sessionId, seq }) => {
      Object.assign(sessionOf(sessionId), { seenSeq: seq })
      return {}
    },
    'sessions.configure': async ({ sessionId, key: _, environment: __, ...change }) => {
      const session = Object.assign(sessionOf(sessionId), change)
      tell({ type: 'workspace', workspace: structuredClone(workspaceOf(session.workspaceId)) })
      return session
    },
    'sessions.queue': async ({ sessionId }) => queues.get(sessionId) ?? [],
    'sessions.prompt': async ({ sessionId, content, key }) => {
      setQueue(sessionId, [
        ...(queues.get(sessionId) ?? []),
        { messageId: key, content, origin: 'user', createdAt: Date.now() },
      ])
      return { messageId: key }
    },
    'sessions.cancelPrompt': async ({ sessionId, messageId }) => {
      setQueue(
        sessionId,
        (queues.get(sessionId) ?? []).filter((prompt) => prompt.messageId !== messageId),
      )
      return { cancelled: true }
    },
    'sessions.editPrompt': async ({ sessionId, messageId, content }) => {
      setQueue(
        sessionId,
        (queues.get(sessionId) ?? []).map((prompt) =>
          prompt.messageId === messageId ? { ...prompt, content } : prompt,
        ),
      )
      return { edited: true }
    },
    'sessions.orderPrompts': async ({ sessionId, messageIds }) => {
      const prompts = (queues.get(sessionId) ?? []).toSorted(
        (a, b) => messageIds.indexOf(a.messageId) - messageIds.indexOf(b.messageId),
      )
      setQueue(sessionId, prompts)
      return prompts
    },
    'sessions.interrupt': async () => ({ interrupted: true }),
    'sessions.events': async ({ sessionId, after = 0, limit = 1000 }) => {
      const events = eventsOf(sessionId)
      await new Promise((resolve) => setTimeout(resolve, 30))
      return { events: events.slice(after, after + limit), last: events.length }
    },
    'asks.list': async ({ sessionId, all }) =>
      asks.filter((ask) => (all || ask.state === 'open') && (sessionId === undefined || ask.sessionId === sessionId)),
    'asks.get': async ({ askId }) =>
      found(
        asks.find((ask) => ask.id === askId),
        `ask ${askId}`,
      ),
    'asks.answer': async ({ askId, answer, by }) => {
      const ask = found(
        asks.find((one) => one.id === askId),
        `ask ${askId}`,
      )
      const counted = ask.state === 'open'
      if (counted) Object.assign(ask, { state: 'answered', answer, answeredBy: by ?? 'user', answeredAt: Date.now() })
      tell({ type: 'ask', ask: structuredClone(ask) })
      return { counted, ask }
    },
    'folders.list': async () => ({
      ...{ path: '/home/ada/src', parent: '/home/ada', repository: false },
      folders: ['demo', 'notes', 'shop', 'skein'].map((name) => ({
        name,
        path: `/home/ada/src/${name}`,
        repository: name !== 'notes',
      })),
    }),
  }
  const follow = async function* (sessionId: string, after: number, signal: AbortSignal): AsyncGenerator<FollowItem> {
    const waiting: FollowItem[] = eventsOf(sessionId)
      .slice(after)
      .map((envelope) => ({ type: 'event', envelope }))
    let wake = () => {}
    waiting.push({ type: 'live', seq: eventsOf(sessionId).length })
    const listener = (id: string, envelope: Envelope) => {
      if (id !== sessionId) return
      waiting.push({ type: 'event', envelope })
      wake()
    }
    followers.add(listener)
    signal.addEventListener('abort', () => wake())
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      followers.delete(listener)
    }
  }
  if (kind === 'stream')
    stream(eventsOf('w1-s'), (envelope) => {
      for (const listener of followers) listener('w1-s', envelope)
    })
  const changes = async function* (signal: AbortSignal): AsyncGenerator<Change> {
    const waiting: Change[] =
      kind === 'empty'
        ? []
        : [
            ...projects.map((project) => ({ type: 'project' as const, project })),
            ...workspaces.map((workspace) => ({ type: 'workspace' as const, workspace: structuredClone(workspace) })),
            ...asks.map((ask) => ({ type: 'ask' as const, ask: structuredClone(ask) })),
            ...work.initial(),
          ]
    waiting.push(...machines.initial())
    waiting.push({ type: 'ready' })
    let wake = () => {}
    const listener = (change: Change) => {
      waiting.push(change)
      wake()
    }
    listeners.add(listener)
    signal.addEventListener('abort', () => wake())
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      listeners.delete(listener)
    }
  }
  return {
    async call(method, params) {
      const answer = calls[method] as ((params: unknown) => Promise<unknown>) | undefined
      if (!answer) throw new SkeinError('unavailable', `the fixture does not answer ${method}`)
      return structuredClone(await answer(params)) as never
    },
    subscribe(method: SubscriptionMethod, params: never, signal = new AbortController().signal) {
      if (method === 'changes') return changes(signal) as never
      if (method === 'sessions.follow') {
        const { sessionId, after = 0 } = params as ApiParams<'sessions.follow'>
        return follow(sessionId, after, signal) as never
      }
      const other = work.subscriptions[method] as ((params: never, signal: AbortSignal) => never) | undefined
      if (!other) throw new SkeinError('unavailable', `the fixture does not tell ${method}`)
      return other(params, signal)
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** Words that come for ever, as a model writes them. */
function stream(events: Envelope[], say: (envelope: Envelope) => void): void {
  const words = 'Now I look at who reads the settings, and **why** each of them does so at every request. '.split(' ')
  let at = 0
  let n = 0
  let messageId = 'stream-0'
  let whole = ''
  setInterval(() => {
    const text = `${words[n++ % words.length]} `
    whole += text
    say({
      v: 1,
      sessionId: 'w1-s',
      seq: events.length,
      at: Date.now(),
      ephemeral: true,
      event: { type: 'agent_message_chunk', messageId, at, text },
    })
    at += text.length
    if (n % 120 !== 0) return
    const done: Envelope = {
      v: 1,
      sessionId: 'w1-s',
      seq: events.length + 1,
      at: Date.now(),
      event: { type: 'agent_message', messageId, content: [{ type: 'text', text: whole }] },
    }
    events.push(done)
    say(done)
    messageId = `stream-${n}`
    at = 0
    whole = ''
  }, 25)
}

const queued = (): QueuedPrompt[] =>
  ['Then write the release note.', 'And bump the version to 2.4.0.'].map((text, index) => ({
    ...{ messageId: `queued-${index}`, content: [{ type: 'text', text }], origin: 'user', createdAt: Date.now() },
  }))

const FILES = ['src/settings.ts', 'src/server.ts', 'src/request.ts', 'src/http.ts', 'docs/caches.md', 'package.json']

const CLAUDE: ApiResult<'agents.list'>[number] = {
  ...{ kind: 'claude', name: 'Claude Code' },
  capabilities: {
    ...{ resume: true, fork: true, plans: true, questions: true, images: true, sandbox: true },
    modes: [
      {
        id: 'sandboxed',
        name: 'Sandboxed',
        description: 'Edits and commands run in a sandbox; everything else is asked.',
      },
      { id: 'ask', name: 'Ask', description: 'Every edit and command is asked.' },
      { id: 'accept_edits', name: 'Accept edits', description: 'Edits are accepted, commands are asked.' },
      { id: 'plan', name: 'Plan', description: 'Reads and plans, changes nothing.' },
      { id: 'bypass', name: 'Bypass', description: 'Nothing is asked.' },
    ],
    efforts: ['low', 'medium', 'high', 'max'],
  },
}
