import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { RunnerDoor } from '@skein/plugin-api'
import { waitUntil } from '@skein/testkit'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { buildRunner } from '../../../../scripts/build-runner.ts'
import { flyDoor, openPort } from '../door/fly-door.ts'
import { throughProxy } from '../door/through-proxy.ts'
import { issueTicket, makeDoorKey } from '../door/ticket.ts'
import { findExitMarker } from '../logs/marker.ts'
import { doorUnderTest, isRoot } from '../testing/door-under-test.ts'
import { abandoned } from './dead-man.ts'

describe('the door', () => {
  test('a command runs behind it with stdin, stdout, stderr and its exit status, and large output arrives whole', async () => {
    await using door = await doorUnderTest()
    const shell = flyDoor('door', door.connect)
    const run = await shell.run('cat; echo "and $HOME" ; echo oops >&2; exit 3')
    run.stream.end('hello ')
    expect(await text(run.stream)).toBe(`hello and ${door.home}\n`)
    expect(await run.exited).toEqual({ code: 3, signal: null })
    expect(run.stderr()).toBe('oops\n')
    const large = await shell.run('head -c 20000000 /dev/zero; exec cat >/dev/null')
    let size = 0
    large.stream.on('data', (part: Buffer) => {
      size += part.length
    })
    await waitUntil(() => size === 20_000_000, { what: 'all of the output' })
    large.kill()
  })

  test('a command ends with its connection', async () => {
    await using door = await doorUnderTest()
    const run = await flyDoor('door', door.connect).run(
      `echo $$ >${door.home}/pid; trap "" TERM HUP; while :; do sleep 1; done`,
    )
    await waitUntil(() => existsSync(join(door.home, 'pid')), { what: 'the command to run' })
    run.kill()
    const check = await flyDoor('door', door.connect).run(
      `while kill -0 $(cat ${door.home}/pid) 2>/dev/null; do sleep 0.05; done; echo gone`,
    )
    expect(await text(check.stream)).toBe('gone\n')
  })

  test('a runner is brought, started and joined through it, and outlives the connection', async () => {
    await using door = await doorUnderTest()
    const bundle = await buildRunner()
    const signal = new AbortController().signal
    const context = { home: door.folder, runnerBundle: async () => bundle, log() {}, progress() {}, signal }
    const runner = new RunnerDoor(flyDoor('door', door.connect), context, { owner: 'me', directory: '~/.skein' })
    const first = await runner.open()
    expect(runner.facts).toMatchObject({ home: door.home, dir: join(door.home, '.skein') })
    first.destroy()
    const again = await runner.open()
    again.destroy()
    expect((await runner.diagnose()).map(({ what }) => what).join()).toMatch(/git version/)
  })

  test('ports of the machine are reached, and who asks for one where nobody listens is told', async () => {
    await using door = await doorUnderTest()
    const server = createServer((_request, response) => response.end('hello from inside'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const stream = await openPort('door', door.connect, (server.address() as AddressInfo).port, undefined)
      stream.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      expect(await text(stream)).toContain('hello from inside')
      await expect(openPort('door', door.connect, 1, undefined)).rejects.toMatchObject({
        code: 'unavailable',
        details: { errno: 'ECONNREFUSED' },
      })
    } finally {
      server.close()
    }
  })

  test('better 15: nobody enters without a ticket of the owner’s, for this machine, in its time, once', async () => {
    await using door = await doorUnderTest()
    const { privatePem: stranger } = makeDoorKey()
    const status = async (ticket: string): Promise<number> => {
      const headers = ticket === '' ? {} : { authorization: `Bearer ${ticket}` }
      const socket = new WebSocket(`${door.url.replace('http', 'ws')}/skein/run`, { headers })
      socket.on('error', () => undefined)
      return new Promise((resolve) => {
        socket.once('open', () => {
          socket.terminate()
          resolve(101)
        })
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
      })
    }
    const good = issueTicket(door.privatePem, door.machine)
    expect(await status(good)).toBe(101)
    expect(await status(good)).toBe(401)
    expect(await status('')).toBe(401)
    expect(await status(issueTicket(stranger, door.machine))).toBe(401)
    expect(await status(issueTicket(door.privatePem, 'another'))).toBe(401)
    expect(await status(issueTicket(door.privatePem, door.machine, Date.now() - 200_000))).toBe(401)
    expect(await status(issueTicket(door.privatePem, door.machine, Date.now() + 3_600_000))).toBe(401)
    expect(await status(`${good.slice(0, -4)}AAAA`)).toBe(401)
    expect((await fetch(`${door.url}/anything`)).status).toBe(404)
    const wrong = throughProxy({ app: 'a', machine: door.machine, proxy: door.url, privateKey: () => stranger })
    await expect(wrong({ run: true }, undefined)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(door.console.join('\n')).not.toContain(good)
  })

  test.skipIf(!isRoot)('processes whose parents ended are taken in, so that none stays as a zombie', async () => {
    await using door = await doorUnderTest()
    const shell = flyDoor('door', door.connect)
    const run = await shell.run(
      'for i in 1 2 3 4 5; do (sh -c "sleep 0.1" & ) ; done; sleep 0.5; cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z " || true',
    )
    run.stream.end()
    expect((await text(run.stream)).trim()).toBe('0')
  })

  test.skipIf(!isRoot)('SIGTERM reaches what runs, which gets time to end, and the last line says so', async () => {
    await using door = await doorUnderTest()
    const file = join(door.home, 'said')
    const script = `trap "sleep 0.2; echo goodbye >>${file}; exit" TERM; echo up >${file}; while :; do sleep 0.05; done`
    // As an agent is: in a session of its own.
    const run = await flyDoor('door', door.connect).run(`setsid sh -c '${script}' >/dev/null 2>&1 & exec sleep 100`)
    await waitUntil(() => existsSync(file) && readFileSync(file, 'utf8') !== '', { what: 'the agent to run' })
    door.kill('SIGTERM')
    expect(await door.exited()).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('up\ngoodbye\n')
    expect(findExitMarker(door.console, 'n1')).toEqual({ reason: 'stopped', code: 0 })
    run.stream.destroy()
  })

  test('better 1: a machine that nobody comes to ends by itself, and says why', async () => {
    await using door = await doorUnderTest({ SKEIN_DOOR_GRACE_MS: '100' })
    expect(await door.exited()).toBe(0)
    expect(findExitMarker(door.console, 'n1')).toEqual({ reason: 'nobody', code: 0 })
  })

  test('better 1: a machine whose lease ran out ends, though its runner hangs', async () => {
    const overdue = { expiresAt: uptime() * 1000 - 500_000, hardMs: 1000, onEnd: 'stop_agents' }
    await using door = await doorUnderTest()
    const run = await flyDoor('door', door.connect).run('readlink /proc/self/ns/pid; exec sleep 100')
    const [namespace] = (await once(run.stream, 'data')) as [Buffer]
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const bootId = `${boot}.${namespace.toString().replace(/\D/g, '')}`
    const look = await flyDoor('door', door.connect).run('mkdir -p ~/.skein; cat >~/.skein/lease.json')
    look.stream.end(JSON.stringify({ ...overdue, bootId }))
    expect(await door.exited()).toBe(0)
    expect(findExitMarker(door.console, 'n1')).toEqual({ reason: 'lease', code: 0 })
    for (const { stream } of [run, look]) stream.destroy()
  })

  test('without what it needs it says what, and does not stay', async () => {
    await using door = await doorUnderTest({ SKEIN_DOOR_KEY: '' })
    expect(await door.exited()).toBe(2)
    expect(door.console.join()).toContain('SKEIN_DOOR_KEY is not set')
  })
})

test('the switch: clients and leases keep a machine, their absence ends it, a snapshot gets its time', () => {
  const base = { now: 1_000_000, clients: 0, lastClientAt: 999_000, lease: undefined, graceMs: 10_000, atRest: false }
  expect(abandoned(base)).toBeUndefined()
  expect(abandoned({ ...base, lastClientAt: 900_000 })).toBe('nobody')
  expect(abandoned({ ...base, lastClientAt: 900_000, clients: 1 })).toBeUndefined()
  const lease = { expiresAt: 800_000, hardMs: 100_000 }
  expect(abandoned({ ...base, lastClientAt: 0, lease })).toBeUndefined()
  expect(abandoned({ ...base, lease, now: 1_100_000 })).toBe('lease')
  expect(abandoned({ ...base, lastClientAt: 0, lease, atRest: true })).toBe('nobody')
  expect(abandoned({ ...base, lease, atRest: true })).toBeUndefined()
})
