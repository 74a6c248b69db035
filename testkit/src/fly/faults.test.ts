import { expect, test } from 'vitest'
import { waitUntil } from '../wait.ts'
import type { FaultRule } from './faults.ts'
import { APP, FlyClient, type MachineView, testWithMachines } from './testing/fly-client.ts'

function create(client: FlyClient, name: string) {
  return client.machine<MachineView>('POST', '', { name, skip_launch: true, config: { image: 'base' } })
}

test('a fault happens to one operation, one machine, the nth call, so often, until its rule goes', async () => {
  await using client = await FlyClient.start()
  const { faults } = client.fly
  const statuses = async (path: string, times: number) => {
    const found = []
    for (let n = 0; n < times; n++) found.push((await client.machine('GET', path)).status)
    return found
  }
  const { json: machine } = await create(client, 'one')
  faults.add({ kind: '500', operation: 'Machines_list', nth: 2 })
  expect(await statuses('', 3)).toEqual([200, 500, 200])
  faults.add({ kind: '502', operation: ['Machines_list', 'Machines_show'], of: machine.id, times: 2 })
  expect(await statuses('', 1)).toEqual([200])
  expect(await statuses(`/${machine.id}`, 3)).toEqual([502, 502, 200])
  {
    using _ = faults.add({ kind: '504' })
    expect(await statuses('', 2)).toEqual([504, 504])
  }
  expect(await statuses('', 1)).toEqual([200])
  expect(client.fly.journal.filter(({ fault }) => fault !== undefined)).toHaveLength(5)
})

test('an answer that is a fault has the body and the header that its rule says', async () => {
  await using client = await FlyClient.start()
  const faulty = (rule: FaultRule) => {
    client.fly.faults.clear()
    client.fly.faults.add(rule)
    return client.machine('GET', '')
  }
  const limited = await faulty({ kind: '429', retryAfter: 3 })
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '3'])
  expect((await faulty({ kind: '429' })).headers.get('retry-after')).toBeNull()
  expect((await faulty({ kind: '502', body: 'html' })).text).toContain('<html>')
  expect((await faulty({ kind: '503', body: 'empty' })).text).toBe('')
  expect((await faulty({ kind: '500' })).json.error).toContain('internal')
})

test('a mutation that fails may have been done or not', async () => {
  await using client = await FlyClient.start()
  const attempt = async (name: string, rule: FaultRule) => {
    client.fly.faults.clear()
    client.fly.faults.add({ operation: 'Machines_create', ...rule })
    return create(client, name).then(
      ({ status }) => status,
      (error: Error) => (error.cause as { code?: string }).code,
    )
  }
  expect(await attempt('reset-before', { kind: 'reset' })).toBe('ECONNRESET')
  expect(await attempt('reset-after', { kind: 'reset', after: true })).toBe('ECONNRESET')
  expect(await attempt('refused', { kind: '503' })).toBe(503)
  expect(await attempt('late', { kind: '408', after: true })).toBe(408)
  const names = client.fly.machines().map(({ name }) => name)
  expect(names).toEqual(['reset-after', 'late'])
})

test('a call may never be answered, or later than it was to be', async () => {
  const { client, clock } = await FlyClient.withFakeClock()
  await using _ = client
  const { json: machine } = await create(client, 'one')
  client.fly.faults.add({ kind: 'hang', operation: 'Machines_wait', times: 1 })
  const left = new AbortController()
  const url = `${client.fly.apiUrl}/apps/${APP}/machines/${machine.id}/wait?timeout=1`
  const hanging = fetch(url, { headers: { authorization: client.fly.token }, signal: left.signal })
  await waitUntil(() => client.fly.journal.at(-1)?.fault === 'hang', { what: 'the call' })
  left.abort()
  await expect(hanging).rejects.toThrow('aborted')
  client.fly.faults.add({ kind: 'slow', operation: 'Machines_wait', times: 1, delayMs: 90_000 })
  const slow = client.machine('GET', `/${machine.id}/wait?timeout=1`)
  await waitUntil(() => clock.sleeping > 0, { what: 'the call' })
  await clock.advance(90_000)
  await waitUntil(() => clock.sleeping > 0, { what: 'the wait itself' })
  await clock.advance(1_000)
  expect((await slow).status).toBe(408)
})

test('one request may make two machines, and a list may not show them yet', async () => {
  const { client, clock } = await FlyClient.withFakeClock()
  await using _ = client
  client.fly.faults.add({ kind: 'duplicate-create', times: 1 })
  await create(client, 'twice')
  expect(client.fly.machines().map(({ name }) => name)).toEqual(['twice', 'twice'])
  client.fly.faults.add({ kind: 'stale-list', operation: 'Machines_create', times: 1, delayMs: 5_000 })
  const { json: hidden } = await create(client, 'hidden')
  const listed = async () => (await client.machine<MachineView[]>('GET', '')).json.map(({ name }) => name)
  expect(await listed()).toEqual(['twice', 'twice'])
  expect((await client.show(hidden)).name).toBe('hidden')
  expect(client.fly.machine(hidden.id).hidden).toBe(true)
  await clock.advance(5_000)
  expect(await listed()).toContain('hidden')
})

test('events may come late, without the end, twice, or in another order', async () => {
  const { client, clock } = await FlyClient.withFakeClock()
  await using _ = client
  const { json: machine } = await create(client, 'one')
  await clock.advance(500)
  await client.machine('POST', `/${machine.id}`, { config: { image: 'base' } })
  await client.until(machine, 'stopped')
  const types = async (kind?: FaultRule['kind']) => {
    client.fly.faults.clear()
    if (kind !== undefined) client.fly.faults.add({ kind, operation: ['Machines_show', 'Machines_list_events'] })
    const listed = (await client.machine<MachineView['events']>('GET', `/${machine.id}/events`)).json
    expect((await client.show(machine)).events).toEqual(listed)
    return listed.map(({ type }) => type)
  }
  expect(await types()).toEqual(['update', 'launch'])
  expect(await types('events-delayed')).toEqual([])
  expect(await types('events-duplicated')).toEqual(['update', 'update', 'launch', 'launch'])
  expect(await types('events-reordered')).toEqual(['launch', 'update'])
  expect(await types('events-missing')).toEqual(['update', 'launch'])
})

testWithMachines('an exec may hang, a start find no room, a volume still be claimed, a clock lag behind', async () => {
  const { client, clock } = await FlyClient.withFakeClock()
  await using _ = client
  const machine = await client.run(['sh', '-c', 'while :; do echo tick; sleep 0.05; done'])
  client.fly.faults.add({ kind: 'hang', operation: 'Machines_exec', times: 1 })
  const left = new AbortController()
  const url = `${client.fly.apiUrl}/apps/${APP}/machines/${machine.id}/exec`
  const headers = { authorization: client.fly.token }
  const hanging = fetch(url, { method: 'POST', body: '{"command":["true"]}', headers, signal: left.signal })
  await waitUntil(() => client.fly.journal.at(-1)?.fault === 'hang', { what: 'the call' })
  left.abort()
  await expect(hanging).rejects.toThrow('aborted')
  await client.machine('POST', `/${machine.id}/suspend`)
  await client.until(machine, 'suspended')
  client.fly.faults.add({ kind: 'capacity', operation: 'Machines_start', times: 1 })
  expect((await client.machine('POST', `/${machine.id}/start`)).status).toBe(409)
  client.fly.faults.add({ kind: 'clock-skew', operation: 'Machines_start', times: 1, delayMs: 30_000 })
  await client.machine('POST', `/${machine.id}/start`)
  await client.until(machine, 'started')
  const lagging = new Date(clock.now() - 30_000).toISOString()
  await waitUntil(
    async () => (await client.logs()).json.data.some(({ attributes }) => attributes.timestamp === lagging),
    {
      what: 'a line with the time of before',
    },
  )
  const data = await client.call<{ id: string }>('POST', `/apps/${APP}/volumes`, { name: 'data', region: 'iad' })
  client.fly.faults.add({ kind: 'volume-claimed', operation: 'Machines_create', times: 1 })
  const mounts = [{ volume: data.json.id, path: '/data' }]
  const mounting = () => client.machine('POST', '', { config: { image: 'base', mounts }, skip_launch: true })
  expect(await mounting()).toMatchObject({ status: 412, json: { error: expect.stringContaining('claimed') } })
  expect((await mounting()).status).toBe(200)
})
