import { expect, test } from 'vitest'
import { waitUntil } from '../wait.ts'
import { exitRequest } from './state/exit-event.ts'
import type { MachineEvent } from './state/shapes.ts'
import { FlyClient, type MachineView, testWithMachines } from './testing/fly-client.ts'

interface ExitEvent {
  exit_code?: number
  guest_exit_code?: number
  guest_signal?: number
  oom_killed?: boolean
  requested_stop?: boolean
  restarting?: boolean
}

/** The newest exit, in form b. */
function exitOf({ events }: MachineView): ExitEvent & { restart_count?: number } {
  const request = events.find(({ type }) => type === 'exit')?.request as {
    exit_event?: ExitEvent
    restart_count?: number
  }
  return {
    ...request?.exit_event,
    ...(request?.restart_count === undefined ? {} : { restart_count: request.restart_count }),
  }
}

const READY = 'echo ready; while :; do sleep 0.05; done'

async function untilReady(client: FlyClient): Promise<void> {
  await waitUntil(async () => (await client.messages()).includes('ready'), { what: 'the process' })
}

testWithMachines('16: a stop is answered before it is done: the signal, time, and then SIGKILL', async () => {
  const { client, clock } = await FlyClient.withFakeClock()
  await using _ = client
  const polite = await client.run(['sh', '-c', `trap 'exit 7' TERM; ${READY}`])
  await untilReady(client)
  const stop = { signal: 'SIGTERM', timeout: '10s' }
  expect(await client.machine('POST', `/${polite.id}/stop`, stop)).toMatchObject({ status: 200, json: { ok: true } })
  await client.until(polite, 'stopped')
  expect(exitOf(await client.show(polite))).toMatchObject({ exit_code: 7, requested_stop: true })

  const deaf = await client.run(['sh', '-c', `trap '' TERM INT; echo deaf; while :; do sleep 0.05; done`])
  await waitUntil(async () => (await client.messages()).includes('deaf'), { what: 'the process' })
  await client.machine('POST', `/${deaf.id}/stop`, { timeout: '10s' })
  await clock.advance(9_999)
  expect((await client.show(deaf)).state).toBe('stopping')
  await clock.advance(1)
  await client.until(deaf, 'stopped')
  expect(exitOf(await client.show(deaf))).toMatchObject({ exit_code: 137, guest_signal: 9 })
  for (const body of ['[]', '{"timeout":"soon"}', '{"signal":"SIGNOTHING"}', '{'])
    expect((await client.machine('POST', `/${deaf.id}/stop`, body)).status).toBe(400)
})

testWithMachines('17: a restart policy starts it again, as often as it says', async () => {
  await using client = await FlyClient.start()
  const failing = await client.create(['false'], { restart: { policy: 'on-failure', max_retries: 2 } })
  await client.until(failing, 'stopped')
  const exits = (await client.show(failing)).events.filter(({ type }) => type === 'exit')
  const told = exits.map(({ request }) => request as { restart_count: number; exit_event: ExitEvent })
  expect(told.map((one) => [one.restart_count, one.exit_event.restarting])).toEqual([
    [2, false],
    [1, true],
    [0, true],
  ])
  expect(await client.messages()).toContain('machine has reached its max restart count of 2')
  const fine = await client.run(['true'], { restart: { policy: 'on-failure' } })
  await client.until(fine, 'stopped')
  const once = await client.run(['false'], { restart: { policy: 'no' } })
  await client.until(once, 'stopped')
  expect((await client.show(once)).events.filter(({ status }) => status === 'started')).toHaveLength(1)
  const always = await client.create(['true'], { restart: { policy: 'always' } })
  await waitUntil(async () => (await client.show(always)).events.filter(({ type }) => type === 'start').length > 2, {
    what: 'a third start',
  })
})

test('18: an exit is told in any of the forms that Fly has sent', () => {
  const ending = {
    exit: { code: 0, oomKilled: false },
    requestedStop: false,
    restarting: false,
    restartCount: 0,
    at: Date.UTC(2026, 8, 20),
  }
  expect(exitRequest('a', ending)).toMatchObject({ exit_event: { exit_code: 0, signal: -1, exited_at: ending.at } })
  expect(exitRequest('b', ending)).toMatchObject({
    exit_event: { exit_code: 0, exited_at: '2026-09-20T00:00:00.000000001Z' },
  })
  expect(exitRequest('c', ending)).toMatchObject({ MonitorEvent: { exit_event: { exit_code: 0 } } })
  expect(exitRequest('d', ending)).toMatchObject({ monitor_event: { exit_event: { exit_code: 0 } } })
  const sparse = exitRequest('e', ending)
  expect(sparse?.exit_event).not.toHaveProperty('exit_code')
  expect(sparse?.exit_event).toHaveProperty('exited_at')
  expect(exitRequest('f', ending)).toBeUndefined()
})

testWithMachines('18: which form it is can be chosen, down to no exit event at all', async () => {
  await using client = await FlyClient.start({ exitEvents: 'c' })
  const shown: (Record<string, unknown> | undefined)[] = []
  for (const form of ['c', 'f', 'none'] as const) {
    client.fly.behaviour.exitEvents = form
    const machine = await client.run(['true'])
    await client.until(machine, 'stopped')
    const exit = (await client.show(machine)).events.find(({ type }) => type === 'exit')
    shown.push(exit === undefined ? undefined : { ...exit.request })
  }
  expect(shown).toEqual([{ MonitorEvent: expect.anything(), restart_count: 0 }, {}, undefined])
})

testWithMachines('19: what needs more memory than its machine has is killed, and that is told', async () => {
  await using client = await FlyClient.start()
  const eats = 'const all = []; setInterval(() => all.push(Buffer.alloc(16e6, 1)), 5)'
  const machine = await client.run(['node', '-e', eats], { guest: { memory_mb: 128 } })
  await client.until(machine, 'stopped')
  expect(exitOf(await client.show(machine))).toMatchObject({ oom_killed: true, exit_code: 137 })
  expect(await client.messages()).toContain('Process appears to have been OOM killed!')
})

testWithMachines('20: whether somebody asked for the end is told', async () => {
  await using client = await FlyClient.start()
  const machine = await client.run()
  client.fly.machine(machine.id).signal('SIGSEGV')
  await client.until(machine, 'stopped')
  expect(exitOf(await client.show(machine))).toMatchObject({ exit_code: 139, requested_stop: false })
  await client.machine('POST', `/${machine.id}/start`)
  await client.until(machine, 'started')
  await client.machine('POST', `/${machine.id}/stop`)
  await client.until(machine, 'stopped')
  expect(exitOf(await client.show(machine))).toMatchObject({ exit_code: 130, requested_stop: true })
})

test('21: events come newest first, 20 unless more are asked for, never more than 50', async () => {
  await using client = await FlyClient.start()
  const machine = await client.create(undefined, {}, { skip_launch: true })
  for (let times = 0; times < 52; times++) {
    await client.machine('POST', `/${machine.id}`, { config: { image: 'base' } })
    await client.until(machine, 'stopped')
  }
  const events = async (query: string) =>
    (await client.machine<MachineEvent[]>('GET', `/${machine.id}/events${query}`)).json
  const all = await events('?limit=200')
  expect([(await events('')).length, (await events('?limit=3')).length, all.length]).toEqual([20, 3, 50])
  expect(all.map(({ id }) => id)).toEqual(
    all
      .map(({ id }) => id)
      .toSorted()
      .toReversed(),
  )
  expect((await client.show(machine)).events).toHaveLength(20)
})

testWithMachines('22: with auto_destroy it is gone after any exit, and was never seen to be stopped', async () => {
  await using client = await FlyClient.start()
  const machine = await client.create(['false'], { auto_destroy: true })
  expect((await client.machine('GET', `/${machine.id}/wait?state=stopped,destroyed&timeout=30`)).json).toMatchObject({
    state: 'destroyed',
  })
  const { state, events } = await client.show(machine)
  expect(state).toBe('destroyed')
  expect(exitOf({ events } as MachineView)).toMatchObject({ exit_code: 1 })
})

testWithMachines('23: what runs is destroyed by force alone', async () => {
  await using client = await FlyClient.start()
  const machine = await client.run()
  const { pid = 0 } = client.fly.machine(machine.id)
  expect(await client.machine('DELETE', `/${machine.id}`)).toMatchObject({
    status: 412,
    json: { error: expect.stringContaining('unable to destroy machine, not currently stopped') },
  })
  expect(await client.machine('DELETE', `/${machine.id}?force=true`)).toMatchObject({ status: 200, json: { ok: true } })
  await client.until(machine, 'destroyed')
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

test('24: what is destroyed is shown for a while, and its name is free at once', async () => {
  const { client, clock } = await FlyClient.withFakeClock({ goneAfterMs: 30_000 })
  await using _ = client
  const machine = await client.create(undefined, {}, { name: 'one', skip_launch: true })
  await client.machine('DELETE', `/${machine.id}`)
  await client.until(machine, 'destroyed')
  await client.create(undefined, {}, { name: 'one', skip_launch: true })
  await clock.advance(29_999)
  expect((await client.show(machine)).state).toBe('destroyed')
  expect((await client.machine('DELETE', `/${machine.id}`)).status).toBe(404)
  await clock.advance(1)
  expect((await client.machine('GET', `/${machine.id}`)).status).toBe(404)
})

testWithMachines(
  '25: a machine may stick in destroying or stopping, for a time or until it is asked again',
  async () => {
    const { client, clock } = await FlyClient.withFakeClock()
    await using _ = client
    client.fly.faults.add({ kind: 'stuck-destroying', operation: 'Machines_delete', times: 1, delayMs: 600_000 })
    const timed = await client.create(undefined, {}, { skip_launch: true })
    await client.machine('DELETE', `/${timed.id}`)
    await clock.advance(599_000)
    expect((await client.show(timed)).state).toBe('destroying')
    await clock.advance(1_000)
    await client.until(timed, 'destroyed')

    client.fly.faults.add({ kind: 'stuck-stopping', operation: 'Machines_stop', times: 1, calls: 2 })
    const asked = await client.run()
    for (let times = 0; times < 3; times++) {
      expect((await client.machine('POST', `/${asked.id}/stop`)).status).toBe(200)
      await clock.advance(0)
    }
    await client.until(asked, 'stopped')
    client.fly.faults.add({ kind: 'stuck-stopping', operation: 'Machines_stop', times: 1 })
    const forced = await client.run()
    await client.machine('POST', `/${forced.id}/stop`)
    await client.machine('DELETE', `/${forced.id}?force=true`)
    await client.until(forced, 'destroyed')
  },
)
