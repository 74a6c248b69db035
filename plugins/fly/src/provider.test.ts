import type { MachineRecord } from '@skein/plugin-api'
import { temporaryFolder, waitUntil } from '@skein/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { rememberApp, rememberKey } from './machine/known.ts'
import { namesFor } from './machine/names.ts'
import { createFlyProvider } from './provider.ts'
import { answering } from './testing/answering.ts'
import { type FlyWorld, flyWorld } from './testing/fly-world.ts'

describe('with a Fly.io of our own', () => {
  let world: FlyWorld
  beforeAll(async () => {
    world = await flyWorld({
      capacity: { syd: { hostMb: 0 } },
    })
  })
  afterEach(async () => {
    world.fly.faults.clear()
    expect(world.fly.machines().map(({ name }) => name)).toEqual([])
    expect(world.fly.volumes()).toEqual([])
  })
  afterAll(async () => {
    world.fly.check()
    await world?.[Symbol.asyncDispose]()
  })
  const createBody = () => {
    const made = world.fly.journal.filter(({ action }) => action === 'Machines_create')
    return made.at(-1)?.body as { name: string; region: string; config: Record<string, never> }
  }
  /** Without a door of its own, which not every test waits for. */
  const plain = { image: 'plain:1' }

  test('match 17 and better 19: a machine is made, entered and destroyed with five calls, without a stop', async () => {
    world.calls()
    const machine = await world.make('k1')
    await expect(machine.open({ port: 1 })).rejects.toMatchObject({ details: { errno: 'ECONNREFUSED' } })
    await machine.destroy()
    expect(world.calls()).toEqual([
      'POST /apps/APP/machines',
      'GET /apps/APP/machines/ID/wait',
      'DELETE /apps/APP/machines/ID',
      'GET /apps/APP/machines/ID/wait',
      'GET /apps/APP/machines',
    ])
  })

  test('match 9, 10 and 13: what a machine is made of, with a person’s variables and metadata, and nothing secret', async () => {
    const settings = { ...plain, size: 'performance-2x/4096', env: 'LANG=de_DE.UTF-8,A=b=c', metadata: 'team=blue' }
    const machine = await world.make('k2', settings)
    const { name, region, config } = createBody()
    expect(name).toBe(namesFor('tests', 'k2').machine)
    expect(region).toBe('iad')
    expect(config).toMatchObject({
      image: 'plain:1',
      env: { LANG: 'de_DE.UTF-8', A: 'b=c' },
      guest: { cpu_kind: 'performance', cpus: 2, memory_mb: 4096 },
      // flaude's default is true, with which a result can be lost.
      auto_destroy: false,
      restart: { policy: 'no' },
      metadata: { managed_by: 'skein', team: 'blue', skein_owner: 'tests', skein_key: 'k2', skein_name: 'k2' },
    })
    expect(JSON.stringify(config)).not.toMatch(/PRIVATE|fm2_/)
    expect(JSON.stringify(machine.record)).not.toMatch(/PRIVATE|fm2_/)
    await machine.destroy()
  })

  test('better 2: asking twice, at once or after a lost answer, is one machine, and asking again finds it', async () => {
    world.fly.faults.add({ kind: 'reset', operation: 'Machines_create', after: true, nth: 1 })
    const [one, two] = await Promise.all([world.make('k3', plain), world.make('k3', plain)])
    expect(two.record.details.machine).toBe(one.record.details.machine)
    expect(world.fly.machines()).toHaveLength(1)
    const [listed] = await world.list()
    expect(listed).toMatchObject({ kind: 'fly', id: one.record.id, details: { key: 'k3', app: world.app('k3') } })
    await (await world.provider.attach(listed as MachineRecord, world.context)).destroy()
    await Promise.all([one.destroy(), two.destroy()])
  })

  test('match 18: a machine that does not come up is destroyed, and its console told', async () => {
    const settings = { ...plain, image: 'registry.fly.io/app:none' }
    await expect(world.make('k4', settings)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/did not come up: it is failed/),
      next: expect.stringContaining('skein image build'),
    })
  })

  test('match 18: a machine that is made while its maker gives up is destroyed', async () => {
    const over = new AbortController()
    world.fly.faults.add({ kind: 'hang', operation: 'Machines_create', after: true, times: 1 })
    const making = world.provider.create(world.spec('k5', plain), { ...world.context, signal: over.signal })
    const refused = expect(making).rejects.toMatchObject({ code: 'cancelled' })
    await waitUntil(() => world.fly.machines().length > 0, { what: 'the machine' })
    over.abort()
    await refused
  })

  test('match 19: where making was refused, nothing is destroyed', async () => {
    world.calls()
    await expect(world.make('k6', { app: 'nowhere' })).rejects.toMatchObject({ code: 'not_found', status: 404 })
    expect(world.calls()).toEqual(['POST /apps/APP/machines'])
    await expect(world.make('k6', { size: 'huge' })).rejects.toMatchObject({ code: 'invalid' })
    expect(world.calls()).toEqual([])
  })

  test('where there is no room the next size and region are tried, and nothing stays behind where there was none', async () => {
    const settings = { ...plain, region: 'syd,iad', volume: 1 }
    const machine = await world.make('k8', settings)
    expect(machine.record.details).toMatchObject({ region: 'iad', volume: true })
    expect(world.fly.volumes().map(({ region }) => region)).toEqual(['iad'])
    expect(world.progress.join()).toMatch(/no room for shared-cpu-1x\/512 in syd/)
    await machine.destroy()
    await expect(world.make('k9', { ...plain, region: 'syd' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/no room for shared-cpu-1x\/512 in syd/),
      next: expect.stringContaining('regions or sizes'),
    })
  })

  test('better 3: destroying goes on until machine and volume are gone, whatever stands in the way', async () => {
    const machine = await world.make('k10', { ...plain, volume: 1 })
    world.fly.faults.add({ kind: '503', operation: 'Machines_delete', times: 1 })
    world.fly.faults.add({ kind: 'stuck-destroying', operation: 'Machines_delete', delayMs: 1500, times: 1 })
    world.fly.faults.add({ kind: '429', operation: 'Volume_delete', times: 1 })
    world.fly.behaviour.volumeReleaseMs = 1000
    await machine.destroy()
    expect(world.fly.machines()).toEqual([])
    expect(world.fly.volumes()).toEqual([])
    await machine.destroy()
    world.fly.behaviour.volumeReleaseMs = 0
  })

  test('better 3: a second machine that a lost answer left is destroyed with the first', async () => {
    world.fly.faults.add({ kind: 'duplicate-create', operation: 'Machines_create', times: 1 })
    const machine = await world.make('k11', plain)
    expect(world.fly.machines()).toHaveLength(2)
    await machine.destroy()
  })

  test('better 1: who knows only the home finds machines and volumes again, others’ once their time is over', async () => {
    const machine = await world.make('k12', { ...plain, volume: 1 })
    const records = await world.list()
    expect(records.map(({ details }) => details.key)).toEqual(['k12'])
    expect(await world.list('somebody')).toEqual([])
    const theirs = await world.provider.create(
      { ...world.spec('k13', { ...plain, hours: 0 }), owner: 'gone' },
      world.context,
    )
    const kept = await world.provider.create(
      { ...world.spec('k19', { ...plain, hours: 0, volume: 1 }), owner: 'away' },
      world.context,
    )
    const found = await world.list()
    expect(found.map(({ owner, details }) => `${owner} ${details.key}`).sort()).toEqual(['gone k13', 'tests k12'])
    for (const record of found) await (await world.provider.attach(record, world.context)).destroy()
    expect(machine.record.id).toBe(records[0]?.id)
    expect(theirs.record.owner).toBe('gone')
    expect(world.fly.volumes()).toHaveLength(1)
    await kept.destroy()
  })

  test('a volume that was left without a machine is listed by its key, and goes', async () => {
    const { client } = world
    // Where a maker was killed between the volume and the machine.
    const app = world.app('lost')
    await rememberApp(world.home, { app, api: world.fly.apiUrl })
    await rememberKey(world.home, 'lost')
    await client.call({
      ...{ doing: 'x', method: 'POST', path: `/apps/${app}/volumes`, action: 'create-volume', id: app },
      body: { name: namesFor('tests', 'lost').volume, region: 'iad', size_gb: 1 },
    })
    const [record] = await world.list()
    expect(record).toMatchObject({ id: namesFor('tests', 'lost').machine, details: { key: 'lost', volume: true } })
    await (await world.provider.attach(record as MachineRecord, world.context)).destroy()
  })
})

test('match 20: what cannot be taken back is said beside the reason, not instead of it', async () => {
  const folder = await temporaryFolder('fly-refusing')
  await using server = await answering((_body, { method = '', url = '' }) => {
    if (method === 'POST') return [200, '{"id":"6833e4db1e9468","state":"created"}']
    if (method === 'DELETE') return [403, '{"error":"this token may not destroy"}']
    return url.includes('/wait') ? [200, '{"ok":true,"state":"failed"}'] : [404, '{"error":"no"}']
  })
  const context = {
    home: folder.path,
    runnerBundle: () => Promise.reject(new Error('not needed')),
    log: () => undefined,
    progress: () => undefined,
    signal: new AbortController().signal,
  }
  const spec = { key: 'k', name: 'app', owner: 'tests', settings: { api: server.url, logs: server.url, image: 'x:1' } }
  await expect(createFlyProvider({ token: 'tokentoken' }).create(spec, context)).rejects.toMatchObject({
    message: expect.stringMatching(/did not come up: it is failed/),
    details: { leftBehind: expect.stringMatching(/may not destroy/) },
  })
  await folder[Symbol.asyncDispose]()
})
