import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { waitUntil } from '../wait.ts'
import { APP, FlyClient, testWithMachines } from './testing/fly-client.ts'

interface Ran {
  exit_code: number
  stdout: string
  stderr: string
  error?: string
}

testWithMachines(
  '30: a command that fails is a success of the call; cmd knows no shell; output has an end',
  async () => {
    const { client, clock } = await FlyClient.withFakeClock({ execOutputLimit: 1_000 })
    await using _ = client
    const machine = await client.run()
    const exec = (body: object) => client.machine<Ran>('POST', `/${machine.id}/exec`, body)
    const failed = await exec({ command: ['sh', '-c', 'echo out; echo err >&2; exit 3'] })
    expect(failed).toMatchObject({
      status: 200,
      json: { exit_code: 3, exit_signal: 0, stdout: 'out\n', stderr: 'err\n' },
    })
    expect((await exec({ command: ['cat'], stdin: 'given' })).json.stdout).toBe('given')
    expect((await exec({ cmd: 'echo $HOME | wc "a b"' })).json.stdout).toBe('$HOME | wc a b\n')
    expect((await exec({ command: ['head', '-c', '5000', '/dev/zero'] })).json.stdout).toHaveLength(1_000)
    const hangs = exec({ command: ['sleep', '1234'], timeout: 5 })
    const processes = async () => (await client.machine('GET', `/${machine.id}/ps`)).text
    await waitUntil(async () => (await processes()).includes('sleep 1234'), { what: 'the command' })
    await clock.advance(5_000)
    expect((await hangs).status).toBe(408)
    expect(await processes()).not.toContain('1234')
    await client.machine('POST', `/${machine.id}/stop`)
    await client.until(machine, 'stopped')
    expect((await exec({ command: ['true'] })).json.error).toBe('failed_precondition: machine not running')
  },
)

testWithMachines('31: a suspended machine goes on where it was; a stopped one has a new file system', async () => {
  await using client = await FlyClient.start()
  const counts = 'n=0; while :; do n=$((n+1)); echo $n >/srv/count; sleep 0.02; done'
  const machine = await client.run(['sh', '-c', counts])
  const count = async () => Number((await client.exec(machine, ['cat', '/srv/count'])).stdout)
  await waitUntil(async () => (await count()) > 3, { what: 'some counting' })
  await client.exec(machine, ['sh', '-c', 'echo kept >/etc/marker'])
  await client.machine('POST', `/${machine.id}/suspend`)
  await client.until(machine, 'suspended')
  await client.machine('POST', `/${machine.id}/start`)
  await client.until(machine, 'started')
  expect((await client.exec(machine, ['cat', '/etc/marker'])).stdout).toBe('kept\n')
  const before = await count()
  await waitUntil(async () => (await count()) > before, { what: 'more counting' })
  expect(before).toBeGreaterThan(3)

  client.fly.behaviour.snapshots = 'lost'
  await client.machine('POST', `/${machine.id}/suspend`)
  await client.until(machine, 'suspended')
  await client.machine('POST', `/${machine.id}/start`)
  await client.until(machine, 'started')
  expect((await client.exec(machine, ['cat', '/etc/marker'])).exit_code).toBe(1)
  await client.exec(machine, ['touch', '/etc/marker'])
  await client.machine('POST', `/${machine.id}/stop`, { signal: 'SIGKILL' })
  await client.until(machine, 'stopped')
  await client.machine('POST', `/${machine.id}/start`)
  await client.until(machine, 'started')
  expect((await client.exec(machine, ['cat', '/etc/marker'])).exit_code).toBe(1)
})

testWithMachines('31: a start while it is being suspended keeps it running', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ suspendMs: 15_000 })
  await using _ = client
  const machine = await client.run()
  const { pid } = client.fly.machine(machine.id)
  await client.machine('POST', `/${machine.id}/suspend`)
  await clock.advance(5_000)
  expect((await client.show(machine)).state).toBe('suspending')
  expect((await client.machine('POST', `/${machine.id}/start`)).status).toBe(200)
  await client.until(machine, 'started')
  await clock.advance(20_000)
  expect(client.fly.machine(machine.id)).toMatchObject({ state: 'started', pid })
})

interface VolumeView {
  id: string
  state: string
  attached_machine_id: string
  size_gb: number
}

function volume<T = VolumeView>(client: FlyClient, method: string, path = '', body?: object) {
  return client.call<T>(method, `/apps/${APP}/volumes${path}`, body)
}

testWithMachines('32: a volume is for one machine of its region, is let go late, and outlives machines', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ volumeReleaseMs: 20_000 })
  await using _ = client
  const { json: data } = await volume(client, 'POST', '', { name: 'data', region: 'ams', size_gb: 1 })
  const mounts = [{ volume: data.id, path: '/data' }]
  const create = (region: string) =>
    client.machine('POST', '', { region, config: { image: 'base', mounts, restart: { policy: 'no' } } })
  expect((await create('iad')).status).toBe(412)
  const first = await client.run(['sh', '-c', 'echo hello >/data/file; sleep 1000'], { mounts }, { region: 'ams' })
  await waitUntil(async () => (await client.exec(first, ['cat', '/data/file'])).stdout === 'hello\n', {
    what: 'the file',
  })
  expect((await volume(client, 'GET', `/${data.id}`)).json.attached_machine_id).toBe(first.id)
  expect((await create('ams')).json.error).toContain('claimed')
  expect((await volume(client, 'DELETE', `/${data.id}`)).status).toBe(412)
  await client.machine('DELETE', `/${first.id}?force=true`)
  await client.until(first, 'destroyed')
  expect((await create('ams')).status).toBe(412)
  await clock.advance(20_000)
  const second = await client.run(undefined, { mounts }, { region: 'ams' })
  expect((await client.exec(second, ['cat', '/data/file'])).stdout).toBe('hello\n')
  const extended = { size_gb: 5 }
  expect(await volume(client, 'PUT', `/${data.id}/extend`, extended)).toMatchObject({
    json: { needs_restart: true, volume: { size_gb: 5 } },
  })
})

test('32: a volume is destroyed softly, and forked with its content at once', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ hydrateMs: 1_000 })
  await using _ = client
  const { json: data } = await volume(client, 'POST', '', { name: 'data', region: 'iad' })
  const truth = (id: string) => client.fly.volumes({ all: true }).find((one) => one.id === id)
  await writeFile(join(truth(data.id)?.folder ?? '', 'file'), 'content')
  const { json: fork } = await volume(client, 'POST', '', { source_volume_id: data.id })
  const states = [fork.state]
  for (let times = 0; times < 2; times++) {
    await clock.advance(1_000)
    states.push(truth(fork.id)?.state ?? '')
  }
  expect(states).toEqual(['enabling_remote_export', 'hydrating', 'created'])
  const mounts = [{ volume: fork.id, path: '/data' }]
  await client.create(undefined, { mounts }, { skip_launch: true })
  await volume(client, 'POST', `/${data.id}/snapshots`)
  const { json: snapshots } = await volume<{ id: string }[]>(client, 'GET', `/${data.id}/snapshots`)
  const { json: restored } = await volume(client, 'POST', '', { name: 'back', snapshot_id: snapshots[0]?.id })
  expect(restored.state).toBe('restoring')
  expect((await volume(client, 'DELETE', `/${data.id}`)).json.state).toBe('scheduling_destroy')
  await clock.advance(1_000)
  expect((await volume(client, 'GET', `/${data.id}`)).json.state).toBe('pending_destroy')
  const dead = [{ volume: data.id, path: '/data' }]
  expect((await client.machine('POST', '', { config: { image: 'base', mounts: dead } })).status).toBe(404)
  await clock.advance(24 * 3_600_000)
  expect((await volume(client, 'GET', `/${data.id}`)).status).toBe(404)
})

testWithMachines('33: a machine sees a secret when it next starts; the API shows its digest alone', async () => {
  await using client = await FlyClient.start()
  const machine = await client.run(undefined, { files: [{ guest_path: '/etc/key', secret_name: 'KEY', mode: 0o400 }] })
  const secret = (method: string, path: string, body?: object) =>
    client.call<{ digest: string; value?: string; version: number }>(method, `/apps/${APP}/secrets${path}`, body)
  const created = await secret('POST', '/KEY', { value: Buffer.from('hush').toString('base64') })
  expect([created.status, created.json.version, created.json.value]).toEqual([201, 1, undefined])
  const seen = async () => (await client.exec(machine, ['sh', '-c', 'echo "$KEY"; cat /etc/key'])).stdout
  expect(await seen()).toBe('\n')
  await client.machine('POST', `/${machine.id}/restart`, undefined)
  await client.until(machine, 'started')
  await waitUntil(async () => (await client.show(machine)).state === 'started', { what: 'the restart' })
  expect(await seen()).toBe('aHVzaA==\nhush')
  expect((await secret('GET', '/KEY')).json).not.toHaveProperty('value')
  expect((await secret('GET', '/KEY?show_secrets=true')).json.value).toBe('aHVzaA==')
  expect((await secret('POST', '', { values: { A: '1', B: '2' } })).json.version).toBe(3)
  expect((await secret('DELETE', '/A')).status).toBe(200)
  expect((await secret('GET', '/A')).status).toBe(404)
  const without = await client.run(undefined, {}, { skip_secrets: true })
  expect((await client.exec(without, ['sh', '-c', 'echo "$KEY"'])).stdout).toBe('\n')
})

testWithMachines(
  '35: a quota, a host, a volume’s host and a region that are full each refuse in their own way',
  async () => {
    await using client = await FlyClient.start({ capacity: { iad: { quotaMb: 600 }, ams: { hostMb: 300 } } })
    const create = (region: string, memory: number, mounts: object[] = []) =>
      client.machine('POST', '', { region, config: { image: 'base', guest: { memory_mb: memory }, mounts } })
    expect((await create('iad', 512)).status).toBe(200)
    expect(await create('iad', 256)).toMatchObject({
      status: 403,
      json: { error: 'organization "personal" is using 512 MB of memory in iad which is over the allowed quota' },
    })
    expect(await create('ams', 512)).toMatchObject({ status: 422, json: { status: 'insufficient_capacity' } })
    const { json: data } = await volume(client, 'POST', '', { name: 'data', region: 'ams' })
    expect(await create('ams', 512, [{ volume: data.id, path: '/data' }])).toMatchObject({
      status: 412,
      json: { status: 'volume_placement_capacity' },
    })
    const waiting = await client.run(['true'], {}, { region: 'ams' })
    await client.until(waiting, 'stopped')
    await client.run(undefined, {}, { region: 'ams' })
    expect(await client.machine('POST', `/${waiting.id}/start`)).toMatchObject({
      status: 409,
      json: { error: expect.stringContaining('aborted: could not reserve resource for machine') },
    })
  },
)
