import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { waitUntil } from '../../wait.ts'
import type { MachineService } from '../state/shapes.ts'
import { APP, FlyClient, type MachineView, testWithMachines } from '../testing/fly-client.ts'

/** Says who it is; replays what is under /replay to whom the query names; echoes what comes over an upgraded connection. */
const SERVER = `
const { createServer } = require('node:http')
const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x')
  let body = ''
  for await (const chunk of request) body += chunk
  if (url.pathname === '/replay' && !request.headers['fly-replay-src'])
    return response.writeHead(307, { 'fly-replay': url.searchParams.get('to') }).end()
  response.end(JSON.stringify({ id: process.env.FLY_MACHINE_ID, body, headers: request.headers }))
})
server.on('upgrade', (request, socket) => {
  if (request.url.startsWith('/replay') && !request.headers['fly-replay-src'])
    return socket.end('HTTP/1.1 307 Replay\\r\\nfly-replay: ' + new URL(request.url, 'http://x').searchParams.get('to') + '\\r\\ncontent-length: 0\\r\\n\\r\\n')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: websocket\\r\\n\\r\\n' + process.env.FLY_MACHINE_ID + '\\n')
  socket.pipe(socket)
})
server.listen(8080, '0.0.0.0')
process.on('SIGINT', () => process.exit(0))
`

function serve(client: FlyClient, service: Partial<MachineService> = {}): Promise<MachineView> {
  const ports = [{ port: 443, handlers: ['tls', 'http'] }]
  const services = [{ protocol: 'tcp', internal_port: 8080, ports, ...service }]
  return client.run(['node', '-e', SERVER], { services })
}

async function ask(client: FlyClient, path = '/', headers: Record<string, string> = {}, body?: string) {
  const asked = request(`${client.fly.proxyUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { host: `${APP}.fly.dev`, ...headers },
    agent: false,
  })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const content = await text(response)
  const json = content.startsWith('{')
    ? (JSON.parse(content) as { id: string; body: string; headers: Record<string, string> })
    : undefined
  return { status: response.statusCode, headers: response.headers, id: json?.id, json }
}

/** What an upgraded connection says first, and whether it echoes. */
async function upgrade(client: FlyClient, path: string, headers: Record<string, string> = {}) {
  const asked = request(`${client.fly.proxyUrl}${path}`, {
    headers: { host: `${APP}.fly.dev`, connection: 'Upgrade', upgrade: 'websocket', ...headers },
    agent: false,
  })
  asked.end()
  const [, socket, head] = (await once(asked, 'upgrade')) as [
    IncomingMessage,
    NodeJS.ReadWriteStream & { destroy(): void; destroyed: boolean },
    Buffer,
  ]
  let received = head.toString()
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString()
  })
  socket.on('error', () => undefined)
  socket.write('hello')
  await waitUntil(() => received.endsWith('hello'), { what: 'the echo' })
  return { socket, id: received.split('\n')[0] }
}

testWithMachines(
  '39: the proxy finds the app by its host, one of its machines, and the one that is asked for',
  async () => {
    await using client = await FlyClient.start()
    const [one, two] = await Promise.all([serve(client), serve(client)])
    const ids = [one.id, two.id]
    const first = await ask(client)
    expect(ids).toContain(first.id)
    expect(first.json?.headers).toMatchObject({ 'x-forwarded-proto': 'https', via: '1.1 fly.io' })
    expect((await ask(client, '/', { host: 'localhost', 'fly-emulator-app': APP })).status).toBe(200)
    for (const id of ids) expect((await ask(client, '/', { 'fly-force-instance-id': id })).id).toBe(id)
    expect((await ask(client, '/', { 'fly-force-instance-id': '1234' })).status).toBe(503)
    expect((await ask(client, '/', { 'fly-prefer-instance-id': two.id })).id).toBe(two.id)
    const fallback = await ask(client, '/', { 'fly-prefer-instance-id': '1234' })
    expect(fallback).toMatchObject({ status: 200, headers: { 'fly-preferred-instance-unavailable': '1234' } })
    await client.machine('POST', `/${one.id}/cordon`)
    for (let times = 0; times < 3; times++) expect((await ask(client)).id).toBe(two.id)
    expect((await ask(client, '/', { host: 'nobody.fly.dev' })).status).toBe(404)
  },
)

testWithMachines('39: an answer may send a request, body and all, or a WebSocket to another machine', async () => {
  await using client = await FlyClient.start()
  const [router, agent] = await Promise.all([serve(client), serve(client)])
  const path = `/replay?to=${encodeURIComponent(`instance=${agent.id};state=who`)}`
  const headers = { 'fly-force-instance-id': router.id }
  const replayed = await ask(client, path, headers, 'a body')
  expect(replayed).toMatchObject({ id: agent.id, json: { body: 'a body' } })
  expect(replayed.json?.headers['fly-replay-src']).toMatch(
    new RegExp(`^instance=${router.id};region=iad;t=\\d+;state=who$`),
  )
  const direct = await upgrade(client, '/', headers)
  const elsewhere = await upgrade(client, path, headers)
  expect([direct.id, elsewhere.id]).toEqual([router.id, agent.id])
  await client.machine('POST', `/${agent.id}/suspend`)
  await waitUntil(() => elsewhere.socket.destroyed, { what: 'the end of the connection to what is suspended' })
  direct.socket.destroy()
})

testWithMachines(
  '39: a request starts what is stopped or suspended, and what is idle is stopped, if the service says so',
  async () => {
    const { client, clock } = await FlyClient.withFakeClock({ autostopMs: 60_000 })
    await using _ = client
    const machine = await serve(client, { autostart: true, autostop: 'suspend', min_machines_running: 0 })
    expect((await ask(client)).id).toBe(machine.id)
    await waitUntil(() => clock.sleeping > 0, { what: 'the end of the connection' })
    await clock.advance(60_000)
    await client.until(machine, 'suspended')
    expect((await ask(client)).id).toBe(machine.id)
    await client.machine('POST', `/${machine.id}/stop`)
    await client.until(machine, 'stopped')
    expect((await ask(client)).id).toBe(machine.id)

    const manual = await serve(client, { autostart: false })
    await client.machine('POST', `/${manual.id}/stop`)
    await client.until(manual, 'stopped')
    expect((await ask(client, '/', { 'fly-force-instance-id': manual.id })).status).toBe(503)
  },
)
