import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { waitUntil } from '../../wait.ts'
import { APP, FlyClient, testWithMachines } from '../testing/fly-client.ts'

testWithMachines('37: lines come in pages by a token, none twice, and say who wrote them', async () => {
  await using client = await FlyClient.start()
  const machine = await client.run(['sh', '-c', 'seq 250; echo problem >&2'])
  await client.until(machine, 'stopped')
  const lines: { provider: string; message: string }[] = []
  let token = '1'
  for (let more = true; more; ) {
    const { json } = await client.logs(`instance=${machine.id}&next_token=${token}`)
    expect(json.data.length).toBeLessThanOrEqual(100)
    for (const { attributes } of json.data)
      lines.push({ provider: attributes.meta.event.provider, message: attributes.message })
    token = json.meta.next_token
    more = json.data.length > 0
  }
  const written = lines.filter(({ message }) => /^(\d+|problem)$/.test(message))
  expect(written.filter(({ message }) => message !== 'problem').map(({ message }) => Number(message))).toEqual(
    Array.from({ length: 250 }, (_, n) => n + 1),
  )
  expect(new Set(written.map(({ provider }) => provider))).toEqual(new Set(['app']))
  expect(lines).toContainEqual({ provider: 'app', message: ' INFO Main child exited normally with code: 0' })
  expect(lines.at(-1)).toEqual({ provider: 'runner', message: 'machine exited with exit code 0, not restarting' })
  expect((await client.logs()).json.data).toHaveLength(100)
  expect((await client.logs('region=ams')).json.data).toEqual([])
})

testWithMachines('37: lines are shown late, and still after their machine is gone', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ logDelayMs: 5_000 })
  await using _ = client
  const machine = await client.run(['echo', 'last words'], { auto_destroy: true })
  await client.until(machine, 'destroyed')
  expect(await client.messages()).toEqual([])
  await clock.advance(5_000)
  expect(await client.messages()).toContain('last words')
  await clock.advance(7 * 24 * 3_600_000)
  expect(await client.messages()).toEqual([])
})

test('37: logs may refuse a token, and cut, delay, repeat or mix up lines', async () => {
  const { client, clock } = await FlyClient.withFakeClock()
  await using _ = client
  await client.until(await client.create(undefined, { image: 'none' }), 'failed')
  const plain = await client.messages()
  expect(plain).toHaveLength(2)
  const once = (kind: 'logs-refused' | 'logs-truncated' | 'logs-delayed' | 'logs-duplicated' | 'logs-reordered') =>
    client.fly.faults.add({ kind, operation: 'Logs_read', times: 1 })
  once('logs-refused')
  expect((await client.logs()).status).toBe(401)
  const { json } = await client.call<{ token: string }>('POST', `/apps/${APP}/deploy_token`, {})
  expect((await client.logs('', json.token)).status).toBe(200)
  client.fly.behaviour.logsRefuseDeployTokens = true
  expect((await client.logs('', json.token)).status).toBe(401)
  once('logs-truncated')
  expect(await client.messages()).toEqual(plain.map((message) => message.slice(0, 20)))
  once('logs-duplicated')
  expect(await client.messages()).toEqual(plain.flatMap((message) => [message, message]))
  once('logs-reordered')
  expect(await client.messages()).toEqual(plain.toReversed())
  once('logs-delayed')
  expect(await client.messages()).toEqual([])
  await clock.advance(1)
  expect(await client.messages()).toEqual(plain)
})

test('38: the feed has lines as they come, for who is there and is known', async () => {
  const { client } = await FlyClient.withFakeClock()
  await using _ = client
  const failed = (image: string) => client.create(undefined, { image })
  await client.until(await failed('before'), 'failed')
  const refused = await subscribe(client, { user: 'personal', pass: 'wrong' })
  await waitUntil(() => refused.received().includes('Authorization Violation'), { what: 'the refusal' })
  const feed = await subscribe(client, { user: 'personal', pass: client.fly.token })
  await waitUntil(() => feed.received().includes('PONG'), { what: 'the subscription' })
  const machine = await failed('after')
  await client.until(machine, 'failed')
  await waitUntil(() => feed.received().includes('not found'), { what: 'the lines' })
  expect(feed.received()).not.toContain('before')
  expect(feed.received()).toContain(`MSG logs.${APP}.iad.${machine.id} 1 `)
  const message = /\{"event".*\}/.exec(feed.received())?.[0] ?? ''
  expect(JSON.parse(message)).toMatchObject({
    event: { provider: 'runner' },
    fly: { app: { instance: machine.id, name: APP }, region: 'iad' },
    log: { level: 'info' },
    message: 'Pulling container image after',
  })
  for (const { socket } of [refused, feed]) socket.destroy()
})

async function subscribe(client: FlyClient, who: { user: string; pass: string }) {
  const { hostname, port } = new URL(client.fly.natsUrl)
  const socket: Socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text
  })
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, ...who })}\r\nSUB logs.${APP}.*.> 1\r\nPING\r\n`)
  return { socket, received: () => received }
}
