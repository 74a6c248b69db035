import { expect, test } from 'vitest'
import { waitUntil } from '../wait.ts'
import { bootProfiles } from './options.ts'
import { APP, FlyClient, type MachineView, testWithMachines } from './testing/fly-client.ts'

test('06: what is created is answered at once, with all that nobody said filled in', async () => {
  const { client } = await FlyClient.withFakeClock({ boot: 'slim' })
  await using _ = client
  const service = { protocol: 'tcp', internal_port: 8080, ports: [{ port: 443, handlers: ['tls', 'http'] }] }
  const config = { image: 'node:20-slim', env: { A: 'b' }, services: [service] }
  const { status, json } = await client.machine<MachineView>('POST', '', { config })
  expect(status).toBe(200)
  expect(json).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{14}$/),
    instance_id: expect.stringMatching(/^[0-9A-Z]{26}$/),
    state: 'created',
    config: {
      init: {},
      guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 },
      restart: { policy: 'on-failure', max_retries: 10 },
      services: [{ force_instance_key: null }],
    },
    incomplete_config: null,
    image_ref: { repository: 'library/node', tag: '20-slim', labels: null },
    events: [{ type: 'launch', status: 'created', source: 'user' }],
    host_status: 'ok',
  })
  expect(json.events[0]).not.toHaveProperty('request')
  expect((await client.machine('POST', '', { config: {} })).status).toBe(400)
})

testWithMachines('07: a machine takes as long to start as its profile says, or never does', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ boot: 'slim' })
  await using _ = client
  const slim = await client.create()
  await clock.advance(3_999)
  expect((await client.show(slim)).state).toBe('created')
  await clock.advance(1)
  expect((await client.show(slim)).state).toBe('starting')
  await clock.advance(500)
  await client.until(slim, 'started')
  client.fly.behaviour.boot = bootProfiles.never
  const never = await client.create()
  await clock.advance(3_600_000)
  expect((await client.show(never)).state).toBe('created')
})

test('08: a machine without an image fails, or is gone', async () => {
  await using client = await FlyClient.start()
  const failed = await client.create(undefined, { image: 'registry.fly.io/none:1' })
  await client.until(failed, 'failed')
  client.fly.behaviour.badImage = 'launch_failed'
  const gone = await client.create(undefined, { image: 'registry.fly.io/none:1' })
  await client.until(gone, 'destroyed')
  expect((await client.show(gone)).events.map(({ status }) => status)).toEqual([
    'destroyed',
    'launch_failed',
    'created',
  ])
})

testWithMachines('09: with skip_launch it stays created until it is started', async () => {
  await using client = await FlyClient.start()
  const machine = await client.create(undefined, {}, { skip_launch: true })
  expect((await client.show(machine)).state).toBe('created')
  expect(client.fly.machine(machine.id).pid).toBeUndefined()
  expect((await client.machine<{ previous_state: string }>('POST', `/${machine.id}/start`)).json.previous_state).toBe(
    'created',
  )
  await client.until(machine, 'started')
})

test('10: a name is for one machine, and who has it is told', async () => {
  await using client = await FlyClient.start()
  const first = await client.create(undefined, {}, { name: 'one', skip_launch: true })
  const second = await client.machine('POST', '', { name: 'one', config: { image: 'base' } })
  expect(second).toMatchObject({
    status: 409,
    json: {
      error: `already_exists: unique machine name violation, machine ID ${first.id} already exists with name "one"`,
    },
  })
})

test('11: lists are filtered by state, region and metadata, and hide what is destroyed', async () => {
  await using client = await FlyClient.start()
  const create = (region: string, metadata: Record<string, string>) =>
    client.create(undefined, { metadata, env: { SOME: 'thing' } }, { region, skip_launch: true })
  const ams = await create('ams', { owner: 'a', run: '1' })
  const iad = await create('iad', { owner: 'a', run: '2' })
  const gone = await create('iad', { owner: 'b' })
  await client.machine('DELETE', `/${gone.id}`)
  await client.until(gone, 'destroyed')
  const ids = async (query: string) =>
    (await client.machine<MachineView[]>('GET', `?${query}`)).json.map(({ id }) => id).sort()
  expect(await ids('')).toEqual([ams.id, iad.id].sort())
  expect(await ids('include_deleted=true')).toEqual([ams.id, iad.id, gone.id].sort())
  expect(await ids('region=ams')).toEqual([ams.id])
  expect(await ids('metadata.owner=a&metadata.run=2')).toEqual([iad.id])
  expect(await ids('state=started')).toEqual([])
  expect(await ids('state=created,started')).toHaveLength(2)
  const summary = await client.machine<MachineView[]>('GET', '?summary=true')
  expect(summary.json[0]?.config).not.toHaveProperty('env')
})

test('11: the organisation’s machines come in pages, of all apps', async () => {
  await using client = await FlyClient.start({ apps: [APP, 'other'] })
  await client.create(undefined, {}, { skip_launch: true })
  await client.create(undefined, { metadata: { owner: 'me' } }, { skip_launch: true })
  await client.call('POST', '/apps/other/machines', { config: { image: 'base' }, skip_launch: true })
  const found: { app_name: string; config: { metadata?: object } }[] = []
  let cursor = ''
  do {
    const { json } = await client.call<{ machines: typeof found; next_cursor: string }>(
      'GET',
      `/orgs/personal/machines?limit=2&cursor=${cursor}`,
    )
    found.push(...json.machines)
    cursor = json.next_cursor
  } while (cursor !== '')
  expect(found.map(({ app_name: app }) => app).sort()).toEqual([APP, APP, 'other'])
  expect(found.map(({ config }) => config.metadata)).toContainEqual({ owner: 'me' })
})

testWithMachines('12: an update replaces the configuration and makes a new version', async () => {
  await using client = await FlyClient.start()
  const machine = await client.run(undefined, { env: { A: '1' }, metadata: { keep: 'no' } })
  const stale = { current_version: 'old', config: { image: 'base' } }
  expect(await client.machine('POST', `/${machine.id}`, stale)).toMatchObject({ status: 409 })
  expect((await client.machine('POST', `/${machine.id}`, { region: 'ams', config: { image: 'base' } })).status).toBe(
    400,
  )
  const config = { image: 'base', env: { B: '2' }, init: { exec: ['sleep', '1001'] } }
  const update = { current_version: machine.instance_id, config }
  const reply = await client.machine<MachineView>('POST', `/${machine.id}`, update)
  expect(reply.json.instance_id).not.toBe(machine.instance_id)
  expect(reply.json.config).not.toHaveProperty('metadata')
  await client.until(machine, 'started')
  expect((await client.exec(machine, ['sh', '-c', 'echo $A$B'])).stdout).toBe('2\n')
  const versions = await client.machine<{ version: string }[]>('GET', `/${machine.id}/versions`)
  expect(versions.json.map(({ version }) => version)).toEqual([reply.json.instance_id, machine.instance_id])
  expect((await client.machine('GET', `/${machine.id}/wait?version=${machine.instance_id}`)).status).toBe(400)
})

testWithMachines('13: a stopped machine is still stopped after an update, and an update may stick', async () => {
  await using client = await FlyClient.start()
  const machine = await client.run(['sh', '-c', 'exit 0'])
  await client.until(machine, 'stopped')
  await client.machine('POST', `/${machine.id}`, { config: { image: 'base' } })
  await client.until(machine, 'stopped')
  expect(client.fly.machine(machine.id).pid).toBeUndefined()
  client.fly.machine(machine.id).stickIn('replacing')
  await client.machine('POST', `/${machine.id}`, { config: { image: 'base' } })
  expect((await client.machine('GET', `/${machine.id}/wait?state=stopped&timeout=1`)).status).toBe(408)
  expect((await client.machine('POST', `/${machine.id}/start`)).json.error).toContain('machine getting replaced')
  client.fly.machine(machine.id).release()
  await client.until(machine, 'stopped')
})

testWithMachines('14: a machine that is coming up refuses to be started', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ boot: 'slim' })
  await using _ = client
  const machine = await client.create()
  const start = () => client.machine('POST', `/${machine.id}/start`)
  expect(await start()).toMatchObject({
    status: 412,
    json: { error: "failed_precondition: unable to start machine from current state: 'created'" },
  })
  await clock.advance(4_000)
  expect((await start()).json.error).toBe('failed_precondition: machine still attempting to start')
  await clock.advance(500)
  await client.until(machine, 'started')
  expect((await start()).status).toBe(200)
})

testWithMachines('15: a machine that has just stopped refuses for a while to be started', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ activeAfterStopMs: 8_000 })
  await using _ = client
  const machine = await client.run(['true'])
  await client.until(machine, 'stopped')
  await clock.advance(7_999)
  expect(await client.machine('POST', `/${machine.id}/start`)).toMatchObject({
    status: 412,
    json: { error: 'failed_precondition: machine still active, refusing to start' },
  })
  await clock.advance(1)
  expect((await client.machine('POST', `/${machine.id}/start`)).status).toBe(200)
})

testWithMachines(
  '36: a host that cannot be reached shows an incomplete configuration; a placement that moved is over',
  async () => {
    await using client = await FlyClient.start()
    const machine = await client.run()
    client.fly.machine(machine.id).host('unreachable')
    expect(await client.show(machine)).toMatchObject({
      host_status: 'unreachable',
      config: null,
      incomplete_config: { image: 'base' },
    })
    client.fly.machine(machine.id).host('ok')
    client.fly.machine(machine.id).migrate()
    await waitUntil(() => client.fly.machine(machine.id).state === 'migrated', { what: 'the move' })
    expect((await client.machine('POST', `/${machine.id}/start`)).status).toBe(412)
  },
)
