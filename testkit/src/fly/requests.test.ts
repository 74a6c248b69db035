import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { waitUntil } from '../wait.ts'
import { fakeClock } from './clock.ts'
import { startFly } from './start.ts'
import { APP, FlyClient, testWithMachines } from './testing/fly-client.ts'

test('01: a macaroon comes with FlyV1, another token with Bearer, and each service refuses in its own words', async () => {
  const tokens = [
    { value: 'FlyV1 fm2_secret', kind: 'org' as const },
    { value: 'plain', kind: 'org' as const },
  ]
  await using client = await FlyClient.start({ tokens })
  const status = async (authorization: string) =>
    (await client.call('GET', `/apps/${APP}/machines`, undefined, { authorization })).status
  expect(await status('FlyV1 fm2_secret')).toBe(200)
  expect(await status('FlyV1 fm2_other,fm2_secret')).toBe(200)
  expect(await status('Bearer plain')).toBe(200)
  expect(await status('Bearer FlyV1 fm2_secret')).toBe(401)
  expect(await status('Bearer fm2_secret')).toBe(401)
  expect(await status('FlyV1 plain')).toBe(401)
  const machines = await client.call('GET', `/apps/${APP}/machines`, undefined, { authorization: 'Bearer no' })
  expect(machines.json).toEqual({ error: 'Authenticate: token validation error' })
  expect(machines.headers.get('www-authenticate')).toContain('Basic')
  const app = await client.call('GET', `/apps/${APP}`, undefined, { authorization: 'Bearer no' })
  expect(app).toMatchObject({ status: 401, json: { message: 'Unauthorized' } })
})

test('02: what is not routed is answered in plain text, before anybody looks at the token', async () => {
  await using client = await FlyClient.start()
  const asked = [
    ['GET', '/nothing'],
    ['PUT', `/apps/${APP}/machines/1`],
    ['GET', '/apps'],
  ] as const
  for (const [method, path] of asked) {
    const reply = await client.call(method, path, undefined, { authorization: 'Bearer no' })
    expect(reply.status).toBe(404)
    expect(reply.text).toContain('404 page not found')
    expect(reply.headers.get('content-type')).toContain('text/plain')
  }
  const emptyId = await client.call('GET', `/apps/${APP}/machines/`)
  expect([emptyId.status, emptyId.headers.get('location')]).toEqual([301, `/v1/apps/${APP}/machines`])
})

test('03: errors have three shapes, and each answer names its request', async () => {
  await using client = await FlyClient.start()
  const machine = await client.machine('GET', '/1234')
  expect(machine.json).toEqual({ error: 'not_found: machine not found' })
  expect((await client.call('GET', '/apps/nobody')).json.message).toBe('Could not find App')
  expect((await client.call('GET', '/nothing')).json).toBeUndefined()
  expect(machine.headers.get('fly-request-id')).toMatch(/^[0-9A-Z]{26}-iad$/)
  expect(machine.headers.get('via')).toBe('1.1 fly.io')
  expect(machine.headers.get('set-cookie')).toContain(`fly_flaps_affinity=emulator; Path=/v1/apps/${APP}`)
  expect(client.fly.journal[0]?.requestId).toBe(machine.headers.get('fly-request-id'))
})

test('04: an app is made once; a name that is taken and a token that may not are told apart', async () => {
  const tokens = [
    { value: 'one', kind: 'org' as const },
    { value: 'two', kind: 'org' as const, mayCreateApps: false },
  ]
  await using client = await FlyClient.start({ tokens, foreignApps: ['theirs'] })
  const create = (name: string, token = 'one', field = 'name') =>
    client.call('POST', '/apps', { [field]: name, org_slug: 'personal' }, { authorization: `Bearer ${token}` })
  const bearer = { authorization: 'Bearer one' }
  expect(await create('new')).toMatchObject({
    status: 201,
    json: { id: expect.any(String), created_at: expect.any(Number) },
  })
  expect((await create('older', 'one', 'app_name')).status).toBe(201)
  expect(await create('new')).toMatchObject({
    status: 422,
    json: { error: 'Validation failed: Name has already been taken', status: 'name_taken' },
  })
  expect(await create('theirs')).toMatchObject({ status: 422 })
  expect(await create('x', 'two')).toMatchObject({ status: 500, json: { error: 'unauthorized' } })
  expect(await client.call('GET', '/apps/theirs', undefined, bearer)).toMatchObject({ status: 403 })
  const list = await client.call<{ total_apps: number }>('GET', '/apps?org_slug=personal', undefined, bearer)
  expect(list.json.total_apps).toBe(3)
})

test('04: a new app may be unknown for a while where machines are made', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ appDelayMs: 3_000 })
  await using _ = client
  const machines = (method: string, body?: object) => client.machine(method, '', body)
  const body = { config: { image: 'base' }, skip_launch: true }
  expect((await machines('GET')).status).toBe(404)
  expect(await machines('POST', body)).toMatchObject({
    status: 400,
    json: { error: 'invalid_argument: could not find app' },
  })
  await clock.advance(3_000)
  expect((await machines('GET')).status).toBe(200)
  expect((await machines('POST', body)).status).toBe(200)
})

testWithMachines('05: an app goes with 202 and nothing else, and takes machines and volumes along', async () => {
  await using client = await FlyClient.start()
  const machine = await client.run()
  await client.call('POST', `/apps/${APP}/volumes`, { name: 'data', region: 'iad' })
  const { pid } = client.fly.machine(machine.id)
  const reply = await client.call('DELETE', `/apps/${APP}?force=true`)
  expect([reply.status, reply.text]).toEqual([202, ''])
  await waitUntil(() => client.fly.machines().length === 0, { what: 'the end of its machines' })
  expect(client.fly.volumes()).toEqual([])
  expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH')
  expect((await client.call('GET', `/apps/${APP}`)).status).toBe(404)
})

test('34: each action is limited by itself, for each machine or app, and what is too much is noted', async () => {
  const clock = fakeClock()
  await using client = await FlyClient.start({ clock, limits: {} })
  const { id } = await client.create(undefined, {}, { skip_launch: true })
  const statuses = async (times: number, path: string) =>
    (await Promise.all(Array.from({ length: times }, () => client.machine('GET', path))))
      .map(({ status }) => status)
      .sort()
  expect(await statuses(4, '')).toEqual([200, 200, 200, 429])
  expect((await statuses(11, `/${id}`)).filter((status) => status === 429)).toHaveLength(1)
  const late = await client.machine('GET', '')
  expect(late).toMatchObject({ status: 429, json: { error: 'resource_exhausted: rate limit exceeded' } })
  expect(late.headers.get('retry-after')).toBeNull()
  expect(client.fly.limits.violations.map(({ action, of }) => [action, of])).toEqual([
    ['Machines_list', APP],
    ['Machines_show', id],
    ['Machines_list', APP],
  ])
  await clock.advance(1_000)
  expect((await client.machine('GET', '')).status).toBe(200)
  expect((await client.machine('GET', '')).status).toBe(429)
})

test('34: limits can be noted without being enforced, and be wider by a factor', async () => {
  await using client = await FlyClient.start({ clock: fakeClock(), limits: { scale: 2, enforce: false } })
  for (let times = 0; times < 7; times++) expect((await client.machine('GET', '')).status).toBe(200)
  expect(client.fly.limits.violations).toHaveLength(1)
  expect(() => client.fly.check()).toThrow('"action": "Machines_list"')
})

test('40: a test has the clock, faults by a seed, all requests and all that there is in its hands', async () => {
  const faulty = async (seed: number) => {
    await using client = await FlyClient.start({ seed })
    client.fly.faults.add({ kind: '503', probability: 0.5 })
    const statuses = []
    for (let times = 0; times < 12; times++) statuses.push((await client.machine('GET', '')).status)
    return statuses
  }
  expect(await faulty(7)).toEqual(await faulty(7))
  expect(await faulty(7)).not.toEqual(await faulty(8))

  const { client, clock } = await FlyClient.withFakeClock({ boot: 'slim' })
  await using _ = client
  const before = clock.now()
  const machine = await client.create(undefined, { metadata: { run: randomUUID() } }, { name: 'one' })
  expect(client.fly.journal).toMatchObject([
    { action: 'Machines_create', app: APP, method: 'POST', status: 200, at: before, body: { name: 'one' } },
  ])
  expect(client.fly.snapshot()).toMatchObject({
    now: before,
    apps: [APP],
    machines: [{ id: machine.id, state: 'created', metadata: machine.config.metadata }],
    volumes: [],
  })
})

test('40: another process drives it over /_emulator, with the token', async () => {
  await using fly = await startFly({ apps: [APP], clock: fakeClock() })
  const control = (method: string, path: string, body?: object, authorization = fly.token) =>
    fetch(`${fly.logsUrl}/_emulator${path}`, {
      method,
      headers: { authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const list = () => fetch(`${fly.apiUrl}/apps/${APP}/machines`, { headers: { authorization: fly.token } })
  expect((await control('GET', '/journal', undefined, 'Bearer no')).status).toBe(401)
  const { id } = (await (await control('POST', '/faults', { kind: '502' })).json()) as { id: number }
  expect((await list()).status).toBe(502)
  await control('DELETE', `/faults/${id}`)
  expect((await list()).status).toBe(200)
  await control('POST', '/apps', { name: 'another' })
  await control('POST', '/behaviour', { exitEvents: 'c' })
  await control('POST', '/clock', { advance: 5_000 })
  expect(fly.behaviour.exitEvents).toBe('c')
  const snapshot = await (await control('GET', '/snapshot')).json()
  expect(snapshot).toMatchObject({ apps: [APP, 'another'], now: fly.clock.now() })
  expect(await (await control('GET', '/journal')).json()).toHaveLength(2)
})
