import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine, ProcessExit, SkeinError } from '@skein/plugin-api'
import { waitUntil } from '@skein/testkit'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { flyDoor } from '../door/fly-door.ts'
import { doorKey } from '../door/key.ts'
import { throughProxy } from '../door/through-proxy.ts'
import { type FlyWorld, flyWorld } from '../testing/fly-world.ts'

const BROKEN = 'i=0; while [ $i -lt 30 ]; do echo "line $i."; i=$((i+1)); done; exit 3'
/** Without a door of its own, which not every test waits for. */
const plain = { image: 'plain:1' }

let world: FlyWorld
beforeAll(async () => {
  world = await flyWorld({ images: { 'x:skein-broken': { cmd: ['sh', '-c', BROKEN] } } })
})
afterEach(() => {
  expect([...world.fly.machines(), ...world.fly.volumes()]).toEqual([])
})
afterAll(async () => {
  world.fly.check()
  await world?.[Symbol.asyncDispose]()
})

/** The door is there, and lets its owner in: to a port on which nobody listens. */
async function entered(machine: Machine): Promise<void> {
  await expect(machine.open({ port: 1 })).rejects.toMatchObject({ details: { errno: 'ECONNREFUSED' } })
}

test('match 28: who meets a machine that ended gets its console, of which a message shows at most 20 lines', async () => {
  const ended = await world.make('k20', { image: 'x:skein-broken' }).then(
    async (machine) => {
      const refused = await machine.open({ runner: true }).catch((error: unknown) => error)
      await machine.destroy()
      return refused
    },
    (error: unknown) => error,
  )
  const { message, details } = ended as SkeinError
  expect(message).toMatch(/it (is|ended with|is stopped; it ended with) .*exit code 3/)
  expect(message.split('\n').length).toBeLessThanOrEqual(22)
  expect(details?.logs).toEqual(expect.arrayContaining(['line 0.', 'line 15.', 'line 29.']))
})

test('a machine with a volume costs the calls that docs/fly.md tells, stops, keeps its files and starts; one that would lose them refuses to', async () => {
  world.calls()
  const machine = await world.make('k14', { volume: 1 })
  await entered(machine)
  await machine.stop()
  expect(world.calls()).toEqual([
    'GET /apps/APP/volumes',
    'POST /apps/APP/volumes',
    'POST /apps/APP/machines',
    'GET /apps/APP/machines/ID/wait',
    'POST /apps/APP/machines/ID/stop',
    'GET /apps/APP/machines/ID/wait',
  ])
  expect(world.fly.machines().map(({ state }) => state)).toEqual(['stopped'])
  await expect(machine.open({ runner: true })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/does not run: it is stopped; it was stopped/),
  })
  expect(await world.provider.diagnose?.(machine, world.context)).toMatchObject([{ ok: false }])
  world.calls()
  const [volume] = world.fly.volumes()
  writeFileSync(join(volume?.folder ?? '', 'home/kept'), 'yes')
  await machine.start()
  expect(world.calls()).toEqual(['POST /apps/APP/machines/ID/start', 'GET /apps/APP/machines/ID/wait'])
  await entered(machine)
  world.calls()
  await machine.destroy()
  expect(world.calls()).toEqual([
    'DELETE /apps/APP/machines/ID',
    'GET /apps/APP/machines/ID/wait',
    'GET /apps/APP/machines',
    'GET /apps/APP/volumes',
    'DELETE /apps/APP/volumes/ID',
    'GET /apps/APP/volumes',
  ])
  await expect(machine.open({ runner: true })).rejects.toMatchObject({ code: 'not_found' })
  const large = await world.make('k15', { ...plain, size: 'performance-2x/4096' })
  await expect(large.stop()).rejects.toThrow(/its files would be lost/)
  await large.destroy()
})

test('a small machine without a volume is suspended, and goes on', async () => {
  const machine = await world.make('k16', plain)
  await machine.stop()
  expect(world.fly.machines().map(({ state }) => state)).toEqual(['suspended'])
  await machine.start()
  await machine.start()
  expect(world.fly.machines().map(({ state }) => state)).toEqual(['started'])
  await machine.destroy()
})

test('an image of others gets the door brought along, and a healthy machine is told to be so', async () => {
  const machine = await world.make('k17', { image: 'plain:1' })
  expect(machine.environment?.()).toEqual({ IS_SANDBOX: '1' })
  const found = await world.provider.diagnose?.(machine, world.context)
  expect(found?.map(({ what }) => what).join('\n')).toMatch(/the machine \w+ of app-\d+ runs \(iad, .*git version/s)
  await machine.destroy()
})

test('better 8: a machine whose memory was used up says so, to who opens it and of what was lost with it', async () => {
  const machine = await world.make('k18', { image: 'plain:1', size: 'shared-cpu-1x/256' })
  const place = { app: world.app('k18'), machine: String(machine.record.details.machine), proxy: world.fly.proxyUrl }
  const door = flyDoor('k18', throughProxy({ ...place, privateKey: () => doorKey(world.home) }))
  const hungry = 'const a = []; setInterval(() => a.push(Buffer.alloc(2e7, 1)), 1)'
  const run = await door.run(`exec node -e '${hungry}'`)
  run.stream.resume()
  expect(await run.exited).toMatchObject({ signal: 'SIGKILL' })
  expect(await machine.explainExit?.({ signal: 'SIGKILL' } as ProcessExit)).toMatchObject({
    message: expect.stringContaining('out of memory: the machine’s 256 MB'),
  })
  expect(await machine.explainExit?.({ code: 1 } as ProcessExit)).toBeUndefined()
  world.fly.machine(place.machine).signal('SIGKILL')
  await waitUntil(() => world.fly.machine(place.machine).state === 'stopped', { what: 'its end' })
  await expect(machine.open({ runner: true })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/does not run: it is stopped; its memory was used up/),
  })
  await machine.destroy()
})
