import { expect, test } from 'vitest'
import { waitUntil } from '../wait.ts'
import { APP, FlyClient, testWithMachines } from './testing/fly-client.ts'

interface Waited {
  ok: boolean
  state: string
  version: string
  event_id: string
  error?: string
}

function wait(client: FlyClient, { id }: { id: string }, query: string) {
  return client.machine<Waited>('GET', `/${id}/wait?${query}`)
}

testWithMachines('26: a wait ends with any of its states, of a version, or when all is settled', async () => {
  await using client = await FlyClient.start()
  const machine = await client.create()
  const query = `state=stopped&state=started,failed&version=${machine.instance_id}`
  const started = await wait(client, machine, query)
  expect(started.json).toMatchObject({ ok: true, state: 'started', version: machine.instance_id })
  expect((await client.show(machine)).events[0]?.id).toBe(started.json.event_id)
  expect((await wait(client, machine, 'state=settled')).json.state).toBe('started')
  const stopping = wait(client, machine, 'state=stopped')
  await client.machine('POST', `/${machine.id}/stop`)
  expect((await stopping).json.state).toBe('stopped')
})

testWithMachines('26: from an event on, only what comes after it counts, even when it has passed', async () => {
  await using client = await FlyClient.start()
  const machine = await client.run()
  const [newest] = (await client.show(machine)).events
  const again = wait(client, machine, `state=started&from_event_id=${newest?.id}&timeout=30`)
  await client.machine('POST', `/${machine.id}/restart`)
  expect((await again).json.event_id).not.toBe(newest?.id)
  await client.machine('POST', `/${machine.id}/stop`)
  await client.until(machine, 'stopped')
  expect((await wait(client, machine, `state=started&from_event_id=${newest?.id}`)).json.state).toBe('started')
  expect((await wait(client, machine, 'state=started&from_event_id=01J')).status).toBe(400)
})

test('27: a timeout is a second to a minute, and a wait that is over says where the machine is', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ boot: 'never' })
  await using _ = client
  const machine = await client.create()
  for (const timeout of ['0', '61', '-1'])
    expect(await wait(client, machine, `timeout=${timeout}`)).toMatchObject({
      status: 400,
      json: {
        error: 'invalid_argument: invalid WaitMachineRequest.Timeout: value must be inside range [1s, 1m0s]',
      },
    })
  expect((await wait(client, machine, 'timeout=soon')).status).toBe(400)
  expect((await wait(client, machine, 'state=happy')).status).toBe(400)
  const asleep = clock.sleeping
  const waiting = wait(client, machine, '')
  await waitUntil(() => clock.sleeping > asleep, { what: 'the wait' })
  await clock.advance(60_000)
  expect(await waiting).toMatchObject({
    status: 408,
    json: { error: 'deadline_exceeded: machine failed to reach desired state, started, currently created' },
  })
})

testWithMachines(
  '27: what cannot come any more is refused: when it is gone, of another version, and if so chosen at once',
  async () => {
    const { client, clock } = await FlyClient.withFakeClock({ goneAfterMs: 1_000, refuseHopelessWaits: true })
    await using _ = client
    const machine = await client.run(['true'])
    await client.until(machine, 'stopped')
    expect((await wait(client, machine, 'state=started')).status).toBe(400)
    expect((await wait(client, machine, 'state=stopped&version=01JOLD')).status).toBe(400)
    await client.machine('DELETE', `/${machine.id}`)
    await client.until(machine, 'destroyed')
    expect((await wait(client, machine, 'state=stopped')).status).toBe(400)
    await clock.advance(1_000)
    expect(await wait(client, machine, 'state=destroyed')).toMatchObject({
      status: 404,
      json: { error: 'not_found: machine not found' },
    })
  },
)

testWithMachines('27: the API of 2023 asks for instance_id when somebody waits for stopped', async () => {
  await using client = await FlyClient.start({ legacyWait: true })
  const machine = await client.run(['true'])
  const { instance_id: version } = machine
  expect(await wait(client, machine, `state=stopped&version=${version}`)).toMatchObject({
    status: 400,
    json: { error: expect.stringContaining('instance_id required when waiting for stopped machine') },
  })
  expect((await wait(client, machine, `state=stopped&instance_id=${version}`)).status).toBe(200)
})

test('28: a lease keeps others from changing the machine, until it ends or is given back', async () => {
  const { client, clock } = await FlyClient.withFakeClock()
  await using _ = client
  const machine = await client.create(undefined, {}, { skip_launch: true })
  const path = `/apps/${APP}/machines/${machine.id}`
  const lease = (method: string, body?: object, headers?: Record<string, string>) =>
    client.call<{ nonce: string; data: { nonce?: string; expires_at: number } }>(method, `${path}/lease`, body, headers)
  expect((await lease('GET')).status).toBe(404)
  const taken = await lease('POST', { ttl: 30, description: 'mine' })
  expect(taken).toMatchObject({ status: 201, json: { data: { nonce: taken.json.nonce, description: 'mine' } } })
  expect(taken.json.data.expires_at).toBe(clock.now() / 1000 + 30)
  const mine = { 'fly-machine-lease-nonce': taken.json.nonce }
  expect((await lease('GET')).json.data).not.toHaveProperty('nonce')
  const mutations = [
    ['POST', `${path}/start`],
    ['POST', `${path}/stop`],
    ['POST', `${path}/lease`],
    ['POST', `${path}/cordon`],
    ['POST', `${path}/metadata/a`, { value: 'b' }],
    ['POST', path, { config: { image: 'base' } }],
    ['DELETE', `${path}/lease`],
    ['DELETE', `${path}?force=true`],
  ] as const
  for (const [method, where, body] of mutations) {
    const refused = await client.call(method, where, body)
    expect(refused.status, where).toBe(409)
    expect(refused.json.error).toContain(`machine ID ${machine.id} lease currently held by`)
  }
  const renewed = await lease('POST', { ttl: 60 }, mine)
  expect([renewed.status, renewed.json.nonce]).toEqual([201, taken.json.nonce])
  expect((await client.call('POST', `${path}/cordon`, undefined, mine)).status).toBe(200)
  await clock.advance(60_000)
  expect((await client.call('POST', `${path}/cordon`)).status).toBe(200)
  expect((await lease('DELETE', undefined, mine)).status).toBe(404)
  const made = await client.create(undefined, {}, { skip_launch: true, lease_ttl: 10 })
  expect((await client.machine('DELETE', `/${made.id}`)).status).toBe(409)
})

test('29: metadata changes without a new version; a version that is not its own is refused', async () => {
  await using client = await FlyClient.start()
  const machine = await client.create(undefined, { metadata: { a: '1' } }, { skip_launch: true })
  const metadata = (method: string, body?: object) => client.machine(method, `/${machine.id}/metadata`, body)
  expect((await metadata('PATCH', { metadata: { b: '2' } })).status).toBe(204)
  expect((await metadata('GET')).json).toEqual({ a: '1', b: '2' })
  expect((await metadata('PUT', { metadata: { c: '3' } })).status).toBe(204)
  expect((await metadata('PUT', { machine_version: 'old', metadata: {} })).status).toBe(412)
  const key = (method: string, name: string, body?: object) =>
    client.machine<{ value: string }>(method, `/${machine.id}/metadata/${name}`, body)
  expect((await key('POST', 'd', { value: '4' })).status).toBe(204)
  expect((await key('GET', 'd')).json.value).toBe('4')
  expect((await key('DELETE', 'c')).status).toBe(204)
  expect((await key('GET', 'c')).status).toBe(404)
  const shown = await client.show(machine)
  expect([shown.config.metadata, shown.instance_id]).toEqual([{ d: '4' }, machine.instance_id])
})
