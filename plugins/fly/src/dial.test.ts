import { createServer } from 'node:net'
import { RunnerStream } from '@skein/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { DialTickets, dialSecret, issueDialTicket } from './door/dial-ticket.ts'
import { type FlyWorld, flyWorld } from './testing/fly-world.ts'

let world: FlyWorld
beforeAll(async () => {
  world = await flyWorld()
})
afterAll(async () => {
  await world?.provider.close?.()
  await world?.[Symbol.asyncDispose]()
})

test('a machine that calls is entered without any address of its own, and what it is known by stands in no config', async () => {
  const port = await freePort()
  const settings = { dial: `ws://${world.fly.hostLoopback}:${port}`, dialListen: `127.0.0.1:${port}` }
  const machine = await world.make('caller', settings)
  const made = JSON.stringify(world.fly.machines().map(({ config }) => config))
  const secret = world.fly.journal.find(({ path }) => path.includes('/secrets/'))?.body as { value: string }
  expect(made).not.toContain(secret.value)
  expect(made).toContain('"services":[]')
  await using runner = await RunnerStream.greet(await machine.open({ runner: true }))
  const { stdout } = await runner.ask('exec', { argv: ['sh', '-c', 'env; echo done'], env: {} })
  expect(stdout).toMatch(/done\n$/)
  expect(stdout).not.toContain(secret.value)
  const stranger = new WebSocket(`ws://127.0.0.1:${port}/skein/dial/${machine.record.details.machine}`, {
    headers: { authorization: `Bearer ${issueDialTicket('guessed', String(machine.record.details.machine))}` },
  })
  const status = await new Promise((resolve) => {
    stranger.on('error', () => undefined)
    stranger.once('unexpected-response', (_request, response) => resolve(response.statusCode))
    stranger.once('open', () => resolve(101))
  })
  expect(status).toBe(401)
  await machine.destroy()
})

test('a call’s ticket is good once, for its machine, for minutes', () => {
  const secret = dialSecret('key', 'app')
  expect(secret).not.toBe(dialSecret('key', 'other'))
  const tickets = new DialTickets()
  const ticket = issueDialTicket(secret, 'm1')
  expect(tickets.accepts(secret, 'm2', ticket)).toBe(false)
  expect(tickets.accepts('other', 'm1', ticket)).toBe(false)
  expect(tickets.accepts(secret, 'm1', ticket)).toBe(true)
  expect(tickets.accepts(secret, 'm1', ticket)).toBe(false)
  expect(tickets.accepts(secret, 'm1', issueDialTicket(secret, 'm1', Date.now() - 3_600_000))).toBe(false)
  expect(tickets.accepts(secret, 'm1', '')).toBe(false)
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
