import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Change } from '@skein/protocol'
import { echo, waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { key, processesWith, readyWorkspace, Screen, service, verdict, worldWith } from './working-world.ts'
import { kill, type World } from './world.ts'

/** Listens on `$PORT`; `/health` answers 503 once there is a file `ill`. */
const WEB = `
const { existsSync } = require('node:fs')
require('node:http').createServer((request, response) => {
  response.statusCode = request.url === '/health' && existsSync('ill') ? 503 : 200
  response.end('hello from ' + process.env.SKEIN_SERVICE)
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening on ' + process.env.PORT))
`
const MARK = `service-${process.pid}`
const SLEEPS = `sleep 1000; : ${MARK}`
const CONFIG = {
  services: {
    web: { run: 'exec node web.cjs', port: 2, health: '/health' },
    eager: { run: 'sleep 1000', autostart: true },
    quiet: `setsid sh -c '${SLEEPS}' & ${SLEEPS}`,
    bad: 'exit 7',
  },
  checks: { endless: SLEEPS },
  teardown: 'echo "$SKEIN_WORKSPACE $SKEIN_PORT" > ../torn-down; echo oops; exit 3',
}

describe('services', () => {
  let world: World
  beforeAll(async () => {
    world = await worldWith(CONFIG, echo, { 'web.cjs': WEB })
  })
  afterAll(() => world[Symbol.asyncDispose]())

  it('do not start on a port that something else has, nor for a repository that is not trusted', async () => {
    const { id: workspaceId, port = 0 } = await readyWorkspace(world, { trusted: false })
    const start = () => world.api.call('services.start', { key: key(), workspaceId, name: 'web' })
    await expect(start()).rejects.toMatchObject({ code: 'conflict', details: { reason: 'needs_trust' } })
    await readyWorkspace(world)
    const other = createServer().listen(port + 2, '127.0.0.1')
    try {
      await expect(start()).rejects.toMatchObject({ message: expect.stringContaining(`its port ${port + 2} already`) })
    } finally {
      other.close()
    }
    expect((await start()).state).toBe('starting')
  })

  it('start once, become well, tell when they are not, and stop with all that belongs to them', async () => {
    const { id: workspaceId, port = 0 } = await readyWorkspace(world)
    const start = (name: string) => world.api.call('services.start', { key: key(), workspaceId, name })
    const [one, two] = await Promise.all([start('web'), start('web'), start('quiet'), start('bad')])
    expect([one.epoch, two.epoch, one.port]).toEqual([1, 1, port + 2])
    const running = await service(world, workspaceId, 'web', 'running')
    expect(running.because).toBe(`port ${port + 2} answers, /health is well`)
    expect(await (await fetch(`http://127.0.0.1:${port + 2}/`)).text()).toBe('hello from web')
    expect(await world.api.call('ports.list', { workspaceId })).toEqual([{ port: port + 2, by: 'web' }])
    expect(await service(world, workspaceId, 'bad', 'failed')).toMatchObject({
      exitCode: 7,
      because: 'it ended with exit code 7',
    })
    await waitUntil(async () => (await processesWith(MARK)).length >= 2, { what: 'the quiet service and its stray' })
    await world.api.call('services.stop', { key: key(), workspaceId, name: 'quiet' })
    expect(await processesWith(MARK)).toEqual([])
    const again = await world.skein(['services', workspaceId, 'restart', 'web'])
    expect(again.stdout, again.stderr).toMatch(/web {2}(starting|running) .* http:\/\/localhost:/)
    expect((await service(world, workspaceId, 'web', 'running')).epoch).toBe(2)
    await service(world, workspaceId, 'web', 'running')
    const stopped = await world.api.call('services.stop', { key: key(), workspaceId, name: 'web' })
    expect(stopped).toMatchObject({ state: 'stopped', because: 'it was stopped' })
    await expect(fetch(`http://127.0.0.1:${port + 2}/`)).rejects.toThrow()
  })

  it('run on through kill -9 of server and runner, with their log; one that a reboot ended is told', async () => {
    const { id: workspaceId, path } = await readyWorkspace(world)
    await service(world, workspaceId, 'eager', 'running')
    await world.api.call('services.start', { key: key(), workspaceId, name: 'web' })
    const before = await service(world, workspaceId, 'web', 'running')
    let log = ''
    const stop = new AbortController()
    const following = (async () => {
      for await (const { text, epoch } of world.api.subscribe(
        'services.log',
        { workspaceId, name: 'web' },
        stop.signal,
      ))
        log += `${epoch}: ${text}`
    })().catch(() => undefined)
    const line = `listening on ${before.port}\n`
    await waitUntil(() => log === `1: ${line}`, { what: 'the log' })
    kill((await world.serverPid()) ?? 0)
    kill((await world.runnerPid()) ?? 0)
    await waitUntil(async () => (await world.serverPid()) === undefined, { what: 'the end of the server' })
    expect(await service(world, workspaceId, 'web', 'running')).toMatchObject({ pid: before.pid, epoch: 1 })
    await world.api.call('services.restart', { key: key(), workspaceId, name: 'web' })
    await service(world, workspaceId, 'web', 'running')
    await waitUntil(() => log.startsWith(`1: ${line}`) && log.endsWith(`2: ${line}`), {
      what: 'the log of the second start',
      explain: () => log,
    })
    await writeFile(join(path, 'ill'), '')
    expect(await service(world, workspaceId, 'web', 'unhealthy')).toMatchObject({ because: '/health answers 503' })
    stop.abort()
    await following
    const [{ pid = 0 } = {}] = (await world.api.call('services.list', { workspaceId })).filter(
      ({ name }) => name === 'web',
    )
    kill(pid)
    expect((await service(world, workspaceId, 'web', 'failed')).because).toBe('it was ended by SIGKILL')
  })

  it('end with their workspace, after which its teardown has run', async () => {
    const workspace = await readyWorkspace(world, { name: 'goes' })
    const workspaceId = workspace.id
    await world.api.call('services.start', { key: key(), workspaceId, name: 'quiet' })
    const [run] = await world.api.call('checks.run', { key: key(), workspaceId })
    const terminal = await world.api.call('terminals.open', { key: key(), workspaceId, cols: 80, rows: 24 })
    await using screen = new Screen(world, terminal.id)
    await world.api.call('terminals.input', { key: key(), terminalId: terminal.id, data: `${SLEEPS}\r` })
    await waitUntil(async () => (await processesWith(MARK)).length >= 3, { what: 'all three' })
    const told: Change[] = []
    const stop = new AbortController()
    const following = (async () => {
      for await (const change of world.api.subscribe('changes', { workspaceId }, stop.signal)) told.push(change)
    })().catch(() => undefined)
    await waitUntil(() => told.some(({ type }) => type === 'ready'), { what: 'what there is' })
    const kinds = (type: Change['type']) => told.filter((change) => change.type === type).length
    expect([kinds('check'), kinds('service'), kinds('terminal')]).toEqual([1, 4, 1])
    await world.api.call('workspaces.remove', { key: key(), workspaceId, confirm: true })
    expect(await processesWith(MARK)).toEqual([])
    expect(await readFile(join(workspace.path, '../torn-down'), 'utf8')).toBe(`goes ${workspace.port}\n`)
    expect(existsSync(workspace.path)).toBe(false)
    const notice = await waitUntil(() => told.find((change) => change.type === 'notice'), { what: 'the notice' })
    expect(notice).toMatchObject({ title: expect.stringContaining('exit code 3'), detail: 'oops' })
    expect(told.some((change) => change.type === 'terminal_gone')).toBe(true)
    await waitUntil(() => screen.exit !== undefined, { what: 'the end of the terminal' })
    expect(await verdict(world, run ?? { id: '', workspaceId })).toMatchObject({ state: 'cancelled' })
    stop.abort()
    await following
  })
})
