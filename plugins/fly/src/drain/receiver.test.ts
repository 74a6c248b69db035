import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { waitUntil } from '@skein/testkit'
import { expect, test } from 'vitest'
import { type LogDrain, startLogDrain } from './receiver.ts'

async function send(drain: LogDrain, body: string | Buffer, headers: Record<string, string> = {}): Promise<number> {
  const { status } = await fetch(drain.url, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${drain.token}`, ...headers },
  })
  return status
}
const entry = (machine: string, message: string, more: object = {}) =>
  JSON.stringify({ fly: { app: { instance: machine } }, message, event: { provider: 'app' }, ...more })

/** What is there when the follower is closed. */
async function rest(lines: AsyncIterableIterator<{ message: string }>): Promise<string[]> {
  await lines.return?.()
  return (await Array.fromAsync(lines)).map(({ message }) => message)
}

test('match 32: machine ids and messages are taken from every name that is in use', async () => {
  await using drain = await startLogDrain()
  const lines = drain.follow('m1')
  for (const [id, message] of [
    [{ fly: { app: { instance: 'm1' } } }, { message: 'a' }],
    [{ fly: { machine: { id: 'm1' } } }, { log: 'b' }],
    [{ instance: 'm1' }, { msg: 'c' }],
    [{ machine_id: 'm1' }, { log: { message: 'd' } }],
  ])
    expect(await send(drain, JSON.stringify({ ...id, ...message }))).toBe(204)
  expect(await rest(lines)).toEqual(['a', 'b', 'c', 'd'])
})

test('match 33: Fly’s own lines are never told, stderr only on request, and the stream counts before the source', async () => {
  await using drain = await startLogDrain()
  const plain = drain.follow('m1')
  const all = drain.follow('m1', { stderr: true })
  const body = [
    ...['fly', 'proxy', 'machine'].map((source) => JSON.stringify({ instance: 'm1', message: source, source })),
    entry('m1', 'runner says', { event: { provider: 'runner' } }),
    JSON.stringify({ instance: 'm1', message: 'err', source: 'stderr' }),
    JSON.stringify({ instance: 'm1', message: 'out', source: 'stderr', stream: 'stdout' }),
  ].join('\n')
  await send(drain, body)
  expect(await rest(plain)).toEqual(['out'])
  expect(await rest(all)).toEqual(['err', 'out'])
})

test('match 34: what cannot be read is counted and loses nothing else; machines do not get each other’s lines', async () => {
  await using drain = await startLogDrain()
  const one = drain.follow('m1')
  const two = drain.follow('m2')
  await send(drain, [entry('m1', 'a'), '{broken', entry('m2', 'b'), '[]', '7', entry('m1', 'c')].join('\n'))
  expect(await rest(one)).toEqual(['a', 'c'])
  expect(await rest(two)).toEqual(['b'])
  expect(drain.counts).toMatchObject({ lines: 3, malformed: 2 })
})

test('match 31: closing a drain twice is harmless, and readers end', async () => {
  const drain = await startLogDrain()
  const reading = drain.follow('m1').next()
  await Promise.all([drain.close(), drain.close()])
  await drain.close()
  expect(await reading).toMatchObject({ done: true })
})

test('better 14: only with the token, on loopback; arrays, gzip and chunks; bodies, connections and queues are bounded', async () => {
  await using drain = await startLogDrain({ mostBytes: 2000, mostWaiting: 3, mostConnections: 4 })
  expect(drain.url).toMatch(/^http:\/\/127\.0\.0\.1:/)
  const lines = drain.follow('m1')
  expect(await send(drain, entry('m1', 'no'), { authorization: 'Bearer guessed' })).toBe(401)
  expect(await send(drain, 'x'.repeat(3000))).toBe(413)
  expect(await send(drain, gzipSync('x'.repeat(100_000)), { 'content-encoding': 'gzip' })).toBe(400)
  expect(await send(drain, `[${entry('m1', 'a')},{"broken":1},${entry('m1', 'b')}]`)).toBe(204)
  expect(await send(drain, gzipSync(entry('m1', 'c')), { 'content-encoding': 'gzip' })).toBe(204)
  const chunked = request(drain.url, { method: 'POST', headers: { authorization: `Bearer ${drain.token}` } })
  const text = entry('m1', 'd')
  chunked.write(text.slice(0, 9))
  await sleep(1)
  chunked.end(text.slice(9))
  await waitUntil(() => drain.counts.lines === 4, { what: 'the chunked body' })
  expect(await rest(lines)).toEqual(['b', 'c', 'd'])
  expect(drain.counts).toMatchObject({ lines: 4, dropped: 1, malformed: 1, refused: 3 })
  await expect(startLogDrain({ token: 'short' })).rejects.toThrow(/too short/)
})
