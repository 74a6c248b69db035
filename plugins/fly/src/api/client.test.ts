import { SkeinError } from '@skein/plugin-api'
import { type FlyEmulator, startFly, waitUntil } from '@skein/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { machineLogs } from '../logs/api.ts'
import { answering } from '../testing/answering.ts'
import { DEFAULT_APP, ensureApp, getApp } from './apps.ts'
import { endpointsOf, FlyClient, retryAfter } from './client.ts'
import { FlyError, reasonOf, textOf } from './failure.ts'
import {
  destroyMachine,
  getMachine,
  listMachines,
  postMachine,
  startMachine,
  stopMachine,
  updateMachine,
} from './machines.ts'
import { waitForMachine } from './wait.ts'

const plain = { cmd: ['sh', '-c', 'echo hello; exec sleep 1000'] }
const CONFIG = { image: 'plain:1', guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }, restart: { policy: 'no' } }

describe('the API client', () => {
  let fly: FlyEmulator
  let client: FlyClient
  let told = 0
  beforeAll(async () => {
    const ends = { cmd: ['sh', '-c', 'echo bye; exit 7'] }
    fly = await startFly({
      boot: 'instant',
      apps: ['app'],
      foreignApps: ['taken'],
      images: { 'plain:1': plain, 'ends:1': ends },
    })
    client = new FlyClient({ api: fly.apiUrl, logs: fly.logsUrl, token: fly.token, random: () => 0.05 })
  })
  afterEach(() => fly.faults.clear())
  afterAll(async () => {
    fly.check()
    await fly[Symbol.asyncDispose]()
  })
  const make = (image = 'plain:1') =>
    postMachine(client, { app: 'app' }, { region: 'iad', config: { ...CONFIG, image } })
  const since = () => {
    const calls = fly.journal.slice(told).map(({ method, action, status }) => `${method} ${action} ${status}`)
    told = fly.journal.length
    return calls
  }

  test('match 3: calls go to Fly’s public address unless another is named, below its version', () => {
    expect(endpointsOf({}, {})).toEqual({ api: 'https://api.machines.dev/v1', logs: 'https://api.fly.io' })
    const named = endpointsOf({}, { FLY_FLAPS_BASE_URL: 'http://_api.internal:4280', FLY_API_BASE_URL: 'http://x/' })
    expect(named).toEqual({ api: 'http://_api.internal:4280/v1', logs: 'http://x' })
  })

  test('match 4: a refusal carries status, body, method, URL and Fly’s id of the request, and never the token', async () => {
    const bad = new FlyClient({ ...client.endpoints, token: 'FlyV1 fm2_not_a_good_one' })
    const refused = await getMachine(bad, { app: 'app' }, '6833e4db1e9468').catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(FlyError)
    if (!(refused instanceof FlyError)) return
    expect(refused).toMatchObject({ status: 401, method: 'GET', code: 'unauthorized', reason: 'unauthorized' })
    expect(refused.url).toBe(`${fly.apiUrl}/apps/app/machines/6833e4db1e9468`)
    expect(refused.body).toContain('token')
    expect(refused.requestId).toMatch(/\w{20}/)
    expect(refused.next).toContain('FLY_API_TOKEN')
    expect(JSON.stringify(refused.toBody()) + refused.stack).not.toContain('not_a_good_one')
  })

  test('match 5: an app that is there costs one GET; one that is not is made, with name and organization', async () => {
    since()
    expect(await ensureApp(client, { app: 'app', org: fly.org })).toEqual({ app: 'app', made: false })
    expect(since()).toEqual(['GET Apps_show 200'])
    expect(await ensureApp(client, { app: 'new-app', org: fly.org })).toEqual({ app: 'new-app', made: true })
    expect(since()).toEqual(['GET Apps_show 404', 'POST Apps_create 201'])
    expect(fly.journal.at(-1)?.body).toMatchObject({ app_name: 'new-app', org_slug: fly.org })
    await expect(ensureApp(client, { app: 'taken', org: fly.org })).rejects.toThrow(/somebody else has an app/)
  })

  test('match 6: an app that nobody names has the default name, in the organization personal', async () => {
    const seen: unknown[] = []
    await using server = await answering((body) => {
      if (body === undefined) return [404, '{"error":"not found"}']
      seen.push(body)
      return [201, '{"id":"x"}']
    })
    const other = new FlyClient({ api: server.url, logs: server.url, token: 'tokentoken' })
    expect(await ensureApp(other)).toEqual({ app: DEFAULT_APP, made: true })
    expect(seen).toEqual([expect.objectContaining({ app_name: DEFAULT_APP, org_slug: 'personal' })])
  })

  test('match 7: an app that is not there is null, a server that fails is an error', async () => {
    expect(await getApp(client, 'nowhere')).toBeNull()
    await using server = await answering(() => [500, '{"error":"unauthorized"}'])
    const other = new FlyClient({ api: server.url, logs: server.url, token: 'tokentoken' })
    await expect(getApp(other, 'app')).rejects.toMatchObject({ status: 500, reason: 'unauthorized' })
  })

  test('match 14: a machine’s name is sent only when it is given', async () => {
    const { id } = await make()
    expect(fly.journal.find(({ action }) => action === 'Machines_create')?.body).not.toHaveProperty('name')
    await destroyMachine(client, { app: 'app' }, id)
  })

  test('match 15 and 16: stop passes over 404 and 409, start over 409, destroy forces and passes over 404', async () => {
    const gone = '00000000000000'
    await stopMachine(client, { app: 'app' }, gone)
    await destroyMachine(client, { app: 'app' }, gone)
    expect(fly.journal.at(-1)?.query).toMatchObject({ force: 'true' })
    await expect(startMachine(client, { app: 'app' }, gone)).rejects.toMatchObject({ status: 404 })
    await using server = await answering(() => [409, '{"error":"aborted: machine is changing"}'])
    const other = new FlyClient({ api: server.url, logs: server.url, token: 'tokentoken' })
    await stopMachine(other, { app: 'app' }, gone)
    await startMachine(other, { app: 'app' }, gone)
    await using full = await answering(() => [409, '{"error":"aborted: could not reserve resource for machine"}'])
    const crowded = new FlyClient({ api: full.url, logs: full.url, token: 'tokentoken' })
    await expect(startMachine(crowded, { app: 'app' }, gone)).rejects.toMatchObject({ reason: 'capacity' })
    await using wrong = await answering(() => [400, '{"error":"invalid_argument: x"}'])
    const picky = new FlyClient({ api: wrong.url, logs: wrong.url, token: 'tokentoken' })
    await expect(stopMachine(picky, { app: 'app' }, gone)).rejects.toMatchObject({ status: 400 })
  })

  test('match 23: while the wait endpoint fails, the machine is looked at until it is there', async () => {
    const { id } = await make()
    fly.faults.add({ kind: '500', operation: 'Machines_wait' })
    expect(await waitForMachine(client, { app: 'app', id, states: ['started'], deadlineMs: 20_000 })).toMatchObject({
      state: 'started',
    })
    await destroyMachine(client, { app: 'app' }, id)
  })

  test('a wait that hangs is given up, and the machine waited for on', async () => {
    const { id } = await make()
    fly.faults.add({ kind: 'hang', operation: 'Machines_wait', times: 1 })
    const waiting = { app: 'app', id, states: ['started'] as const, deadlineMs: 30_000, sliceMs: 1000 }
    expect(await waitForMachine(client, waiting)).toMatchObject({ state: 'started' })
    await destroyMachine(client, { app: 'app' }, id)
  })

  test('match 24: a machine that is not found while it is waited for is destroyed, and how it ended unknown', async () => {
    const waited = await waitForMachine(client, {
      app: 'app',
      id: '00000000000001',
      states: ['stopped'],
      deadlineMs: 9000,
    })
    expect(waited).toEqual({ state: 'destroyed', machine: undefined })
  })

  test('better 7: waiting goes in slices under one deadline, whose end is one typed error', async () => {
    const { id, instance_id } = await make()
    since()
    const waiting = waitForMachine(client, {
      app: 'app',
      id,
      states: ['stopped'],
      version: instance_id,
      deadlineMs: 2500,
      sliceMs: 1000,
    })
    await expect(waiting).rejects.toMatchObject({
      code: 'timed_out',
      message: expect.stringMatching(/not stopped within 3 s/),
    })
    const waits = fly.journal.filter(({ action, machine }) => action === 'Machines_wait' && machine === id)
    expect(waits.length).toBeGreaterThanOrEqual(2)
    for (const { query } of waits) expect(query).toMatchObject({ version: instance_id, timeout: '1' })
    const over = new AbortController()
    const cancelled = waitForMachine(client, {
      app: 'app',
      id,
      states: ['stopped'],
      deadlineMs: 60_000,
      signal: over.signal,
    })
    over.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    await destroyMachine(client, { app: 'app' }, id)
  })

  test('better 5: 429, 5xx and resets are passed over for what may be repeated, with Retry-After; a bad token is not tried twice', async () => {
    const { id } = await make()
    for (const rule of [
      { kind: '429', retryAfter: 0.05 },
      { kind: '503', body: 'html' },
      { kind: '502', body: 'empty' },
      { kind: 'reset' },
    ] as const)
      fly.faults.add({ ...rule, operation: 'Machines_show', times: 1 })
    expect(await getMachine(client, { app: 'app' }, id)).toMatchObject({ id })
    fly.faults.add({ kind: 'reset', operation: 'Machines_delete', after: true, times: 1 })
    fly.faults.add({ kind: '429', operation: 'Machines_create', times: 1 })
    await destroyMachine(client, { app: 'app' }, id)
    const again = await make()
    await destroyMachine(client, { app: 'app' }, again.id)
    // What may have been made is not asked for again.
    fly.faults.add({ kind: '504', operation: 'Machines_create', times: 1 })
    since()
    await expect(make()).rejects.toMatchObject({ ambiguous: true })
    expect(since()).toHaveLength(1)
    expect([retryAfter('2'), retryAfter('x'), retryAfter(null)]).toEqual([2000, undefined, undefined])
    expect(retryAfter(new Date(5000).toUTCString(), 2000)).toBe(3000)
  })

  test('one deadline holds for all tries, and an abort ends them at once', async () => {
    fly.faults.add({ kind: '503', operation: 'Machines_list' })
    const call = { doing: 'listing', path: '/apps/app/machines', action: 'list', id: 'deadline' }
    await expect(client.call({ ...call, deadlineMs: 300 })).rejects.toMatchObject({ code: 'timed_out' })
    const over = new AbortController()
    const listing = client.call({ ...call, id: 'abort', signal: over.signal })
    over.abort()
    await expect(listing).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('an update replaces the whole config by POST, and starts nothing', async () => {
    const { id } = await make()
    await waitForMachine(client, { app: 'app', id, states: ['started'], deadlineMs: 20_000 })
    await stopMachine(client, { app: 'app' }, id)
    await waitForMachine(client, { app: 'app', id, states: ['stopped'], deadlineMs: 20_000 })
    const changed = await updateMachine(client, { app: 'app' }, id, { config: { ...CONFIG, env: { A: 'b' } } })
    expect(changed.config?.env).toEqual({ A: 'b' })
    expect(fly.journal.at(-1)).toMatchObject({ method: 'POST', body: { skip_launch: true } })
    expect(fly.machine(id).state).toBe('stopped')
    await destroyMachine(client, { app: 'app' }, id)
  })

  test('match 40: a machine’s console can be read after it is gone: its own lines, those that say something, in order', async () => {
    const [one, two] = [await make('ends:1'), await make()]
    for (const { id } of [one, two])
      await waitForMachine(client, { app: 'app', id, states: ['started', 'stopped'], deadlineMs: 20_000 })
    await Promise.all([one, two].map(({ id }) => destroyMachine(client, { app: 'app' }, id)))
    fly.faults.add({ kind: 'logs-duplicated', operation: 'Logs_read', times: 1 })
    let lines = await machineLogs(client, { app: 'app', machine: one.id })
    await waitUntil(
      async () => {
        lines = await machineLogs(client, { app: 'app', machine: one.id })
        return lines.some(({ message }) => message === 'bye')
      },
      { what: 'the line to be taken in' },
    )
    expect(lines.filter(({ message }) => message === 'bye')).toHaveLength(1)
    expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).sort())
    expect(lines.every(({ machine, message }) => machine === one.id && message !== '')).toBe(true)
    expect((await listMachines(client, { app: 'app' })).map(({ id }) => id)).not.toContain(one.id)
  })
})

test('every shape of a refusal is understood', () => {
  expect(textOf('{"error":"not_found: machine not found"}')).toBe('not_found: machine not found')
  expect(textOf('{"message":"Unauthorized"}')).toBe('Unauthorized')
  expect(textOf('404 page not found\n')).toBe('404 page not found')
  expect(textOf('<html><title>502 Bad Gateway</title>')).toBe('502 Bad Gateway')
  expect(textOf('')).toBe('')
})

test.each([
  [409, '{"error":"machine ID 6833 lease currently held by me"}', 'lease'],
  [
    409,
    '{"error":"already_exists: unique machine name violation, machine ID 683 already exists with name \\"x\\""}',
    'name_taken',
  ],
  [409, '{"error":"aborted: machine update failed due to concurrent update"}', 'concurrent'],
  [409, '{"error":"aborted: no capacity"}', 'capacity'],
  [
    412,
    '{"error":"insufficient resources to create new machine with existing volume","status":"volume_placement_capacity"}',
    'capacity',
  ],
  [412, '{"error":"failed_precondition: machine still active, refusing to start"}', 'state'],
  [422, '{"error":"could not find a candidate host","status":"insufficient_capacity"}', 'capacity'],
  [422, '{"error":"Validation failed: Name has already been taken"}', 'name_taken'],
  [403, '{"error":"organization \\"x\\" is using 9 MB of memory in dfw which is over the allowed quota"}', 'quota'],
  [500, '{"error":"unauthorized"}', 'unauthorized'],
  [500, '{"error":"boom"}', 'server'],
  [404, '{"error":"not_found: failed to get manifest registry.fly.io/x:1"}', 'image'],
  [429, '{"error":"resource_exhausted: rate limit exceeded"}', 'rate'],
  [408, '{"error":"deadline_exceeded: x"}', 'timeout'],
])('%i %s means %s', (status, body, reason) => {
  expect(reasonOf(status, body)).toBe(reason)
})

test('a place that nobody answers at is said, without a stack of causes that holds the request', async () => {
  const closed = await answering(() => [200, ''])
  await closed[Symbol.asyncDispose]()
  const client = new FlyClient({ api: closed.url, logs: '', token: 'tokentoken', random: () => 0 })
  const call = { doing: 'looking', path: '/x', action: 'get', id: 'x', deadlineMs: 200 }
  const error = await client.call(call).catch((one: unknown) => one)
  expect(error).toBeInstanceOf(SkeinError)
  expect(error).toMatchObject({
    code: 'timed_out',
    message: expect.stringMatching(/did not answer: fetch failed: .*ECONNREFUSED/),
  })
})
