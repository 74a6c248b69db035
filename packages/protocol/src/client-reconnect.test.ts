import { expect, it } from 'vitest'
import type { Change, SkeinApi } from './api.ts'
import type { Ask } from './api-model.ts'
import { connectionError } from './client.ts'
import { withReconnect } from './client-reconnect.ts'
import { SkeinError } from './errors.ts'

/** One connection, whose subscription yields the items and then ends, or else breaks. */
interface Connection {
  items?: unknown[]
  ends?: true
  calls?: Record<string, unknown>
}

/** A client over the connections, one after the other, and what each was asked. */
function over(connections: Connection[], options: { attempts?: number } = {}) {
  const asked: unknown[] = []
  let next = 0
  const connect = async (): Promise<SkeinApi> => {
    const connection = connections[next++]
    if (!connection) throw connectionError('failed', 'nobody there')
    return {
      async call(method: string, params: unknown) {
        asked.push([method, params])
        const answer = connection.calls?.[method]
        if (answer === undefined) throw connectionError('lost', 'lost')
        if (answer instanceof Error) throw answer
        return answer as never
      },
      async *subscribe(_method: string, params: unknown) {
        asked.push(params)
        yield* (connection.items ?? []) as never[]
        if (!connection.ends) throw connectionError('lost', 'lost')
      },
      async [Symbol.asyncDispose]() {},
    }
  }
  return { api: withReconnect(connect, { backoffMs: 1, ...options }), asked, connections: () => next }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = []
  for await (const item of items) seen.push(item)
  return seen
}

const event = (seq: number, ephemeral?: true) => ({ type: 'event', envelope: { seq, ...(ephemeral && { ephemeral }) } })
const live = (seq: number) => ({ type: 'live', seq })
const log = (step: string, text: string) => ({ step, text })
const ask = (id: string, state: Ask['state']): Change => ({ type: 'ask', ask: { id, state } as Ask })

it('a followed session asks for what comes after the last stored event, and passes nothing on twice', async () => {
  const { api, asked } = over([
    { items: [event(4), live(4), event(4, true), event(5)] },
    { items: [event(5), event(6), live(6), event(6, true)], ends: true },
  ])
  const items = await all(api.subscribe('sessions.follow', { sessionId: 's', after: 3 }))
  expect(items).toEqual([event(4), live(4), event(4, true), event(5), event(6), event(6, true)])
  expect(asked).toEqual([
    { sessionId: 's', after: 3 },
    { sessionId: 's', after: 5 },
  ])
})

it('a log goes on in the middle of a text, whatever its parts are the next time', async () => {
  const { api } = over([
    { items: [log('checkout', 'ab'), log('setup', 'xy')] },
    { items: [log('checkout', 'a')] },
    { items: [log('checkout', 'abc'), log('setup', 'x'), log('setup', 'yz'), log('setup', '!')], ends: true },
  ])
  const items = await all(api.subscribe('workspaces.log', { workspaceId: 'w' }))
  expect(items).toEqual([
    log('checkout', 'ab'),
    log('setup', 'xy'),
    log('checkout', 'c'),
    log('setup', 'z'),
    log('setup', '!'),
  ])
})

it('asks that were answered meanwhile are told before `ready`, those that have gone are not', async () => {
  const { api, asked } = over([
    { items: [ask('a1', 'open'), ask('a2', 'open'), { type: 'ready' }] },
    {
      items: [ask('a2', 'open'), { type: 'ready' }],
      ends: true,
      calls: { 'asks.get': { id: 'a1', state: 'answered' } },
    },
  ])
  expect((await all(api.subscribe('changes', {}))).slice(3)).toEqual([
    ask('a2', 'open'),
    ask('a1', 'answered'),
    { type: 'ready' },
  ])
  expect(asked).toContainEqual(['asks.get', { askId: 'a1' }])
  const gone = over([
    { items: [ask('a1', 'open'), { type: 'ready' }] },
    { items: [{ type: 'ready' }], ends: true, calls: { 'asks.get': new SkeinError('not_found', 'no') } },
  ])
  expect((await all(gone.api.subscribe('changes', {}))).slice(2)).toEqual([{ type: 'ready' }])
})

it('queues that are empty by now and projects that are gone are told before `ready`', async () => {
  const queue = (...ids: string[]): Change => ({
    type: 'queue',
    sessionId: 's',
    prompts: ids.map((messageId) => ({ messageId, content: [], origin: 'user', createdAt: 1 })),
  })
  const comments: Change = { type: 'comments', workspaceId: 'w', sessionId: 's' }
  const project = { type: 'project', project: { id: 'p' } } as Change
  const { api } = over([
    { items: [project, queue('m'), comments, { type: 'ready' }] },
    { items: [{ type: 'ready' }], ends: true },
  ])
  expect((await all(api.subscribe('changes', {}))).slice(4)).toEqual([
    { type: 'project_gone', projectId: 'p' },
    queue(),
    comments,
    { type: 'ready' },
  ])
})

it('gives up after the attempts that it was given, with the last error', async () => {
  const { api, connections } = over([{}, {}, {}, {}], { attempts: 3 })
  await expect(api.call('server.info', {})).rejects.toMatchObject({ code: 'unavailable' })
  expect(connections()).toBe(3)
  const nobody = over([], { attempts: 2 })
  await expect(nobody.api.call('server.info', {})).rejects.toMatchObject({ message: 'nobody there' })
})

it('does not repeat what failed for a reason of its own, even if that is called `unavailable`', async () => {
  const unavailable = new SkeinError('unavailable', 'the machine cannot be reached')
  const { api, asked } = over([{ calls: { 'server.info': unavailable } }, {}])
  await expect(api.call('server.info', {})).rejects.toBe(unavailable)
  expect(asked).toHaveLength(1)
})

it('takes the end of a server that was asked to stop as its answer', async () => {
  const { api, connections } = over([{}, {}])
  expect(await api.call('server.stop', { key: 'k' })).toEqual({})
  expect(connections()).toBe(1)
})

it('stops waiting for a connection when the caller does', async () => {
  const api = withReconnect(() => new Promise<SkeinApi>(() => {}))
  const patience = new AbortController()
  const call = expect(api.call('server.info', {}, patience.signal)).rejects.toMatchObject({ code: 'cancelled' })
  const items = all(api.subscribe('changes', {}, patience.signal))
  patience.abort()
  await call
  expect(await items).toEqual([])
})

it('cannot be used when it is closed', async () => {
  const { api, connections } = over([{}])
  await api[Symbol.asyncDispose]()
  await expect(api.call('server.info', {})).rejects.toMatchObject({ code: 'cancelled' })
  expect(connections()).toBe(0)
})
