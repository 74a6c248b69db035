import { createConnection } from 'node:net'
import { createHttpClient } from '@skein/protocol/node'
import { waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { runningServer } from './fixtures/running-server.ts'

it('a subscription yields items in order and ends for the API when the reader leaves the loop', async () => {
  await using run = await runningServer()
  const seqs: number[] = []
  for await (const item of run.api.subscribe('sessions.follow', { sessionId: 's', after: 4 })) {
    if (item.type === 'event') seqs.push(item.envelope.seq)
    if (seqs.length === 50) break
  }
  expect(seqs).toEqual(Array.from({ length: 50 }, (_, index) => index + 5))
  await waitUntil(() => run.behind.seen.ended.includes('sessions.follow'), { what: 'the subscription to end' })
})

it('a subscription ends without an error when its signal is aborted, also while nothing comes', async () => {
  await using run = await runningServer()
  const patience = new AbortController()
  const items = run.api.subscribe('sessions.follow', { sessionId: 'silent' }, patience.signal)
  const types: string[] = []
  for await (const item of items) {
    types.push(item.type)
    setTimeout(() => patience.abort(), 20)
  }
  expect(types).toEqual(['live'])
  await waitUntil(() => run.behind.seen.ended.includes('sessions.follow'), { what: 'the subscription to end' })
})

it('a subscription can be ended by `return()` while its reader waits', async () => {
  await using run = await runningServer()
  const items = run.api.subscribe('sessions.follow', { sessionId: 'silent' })[Symbol.asyncIterator]()
  expect((await items.next()).value).toMatchObject({ type: 'live' })
  const waiting = items.next()
  await items.return?.()
  expect(await waiting).toMatchObject({ done: true })
  await waitUntil(() => run.behind.seen.ended.includes('sessions.follow'), { what: 'the subscription to end' })
})

it('a subscription throws the error that the API ends it with', async () => {
  await using run = await runningServer()
  const items = run.api.subscribe('sessions.follow', { sessionId: 'none' })[Symbol.asyncIterator]()
  await expect(items.next()).rejects.toMatchObject({ code: 'not_found', message: 'there is no session none' })
})

it('a subscription of a quiet session is kept alive by heartbeats', async () => {
  await using run = await runningServer({ heartbeatMs: 20 })
  await using api = createHttpClient({ socketPath: run.server.socketPath }, { silenceMs: 400 })
  const items = api.subscribe('sessions.follow', { sessionId: 'silent' })[Symbol.asyncIterator]()
  await items.next()
  const waited = Promise.race([items.next(), new Promise((resolve) => setTimeout(resolve, 1_500, 'still there'))])
  expect(await waited).toBe('still there')
  await items.return?.()
})

it('a subscription is made no faster than its reader takes it', async () => {
  await using run = await runningServer()
  const socket = createConnection(run.server.socketPath)
  const body = '{"workspaceId":"w"}'
  socket.write(`POST /v1/workspaces.log HTTP/1.1\r\nhost: skein\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  // Until nothing more is produced: what is on its way then is all that a reader who does not read costs.
  const settled = await waitUntil(
    async () => {
      const before = run.behind.seen.produced
      await new Promise((resolve) => setTimeout(resolve, 300))
      return before > 0 && before === run.behind.seen.produced && before
    },
    { what: 'the producer to rest' },
  )
  expect(settled).toBeLessThan(100)
  let read = 0
  socket.on('data', (bytes) => {
    read += bytes.length
  })
  await waitUntil(() => run.behind.seen.produced > settled + 100, { what: 'the producer to go on' })
  expect(read).toBeGreaterThan(100 * 64 * 1024)
  socket.destroy()
  await waitUntil(() => run.behind.seen.ended.includes('workspaces.log'), { what: 'the subscription to end' })
})
