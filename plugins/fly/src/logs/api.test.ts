import { startFly } from '@skein/testkit'
import { expect, test } from 'vitest'
import { FlyClient } from '../api/client.ts'
import { destroyMachine, getMachine, postMachine } from '../api/machines.ts'
import { followLogs } from './api.ts'

const LINES = 250
const SCRIPT = `i=0; while [ $i -lt ${LINES} ]; do echo "line $i"; i=$((i+1)); done; sleep 1; echo "line ${LINES}"`

test('match 30 and better 11: a console is followed from its first line to its last, in order, none lost or twice, as it is written', async () => {
  const images = { 'lines:1': { cmd: ['sh', '-c', SCRIPT] } }
  await using fly = await startFly({ boot: 'instant', apps: ['app'], images, logDelayMs: 100 })
  const client = new FlyClient({ api: fly.apiUrl, logs: fly.logsUrl, token: fly.token })
  for (const kind of ['logs-duplicated', 'logs-delayed', '500'] as const)
    fly.faults.add({ kind, operation: 'Logs_read', probability: 0.2, delayMs: 300 })
  const since = Date.now() - 60_000
  const guest = { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }
  const config = { image: 'lines:1', guest, restart: { policy: 'no' } }
  const { id } = await postMachine(client, { app: 'app' }, { region: 'iad', config })
  let over = false
  const seen: string[] = []
  let first: string | undefined
  for await (const { message } of followLogs(client, { app: 'app', machine: id, since }, () => over)) {
    if (!message.startsWith('line ')) continue
    first ??= fly.machine(id).state
    seen.push(message)
    over = message === `line ${LINES}`
  }
  expect(first).toBe('started')
  expect(seen).toEqual(Array.from({ length: LINES + 1 }, (_, index) => `line ${index}`))
  expect(await getMachine(client, { app: 'app' }, id)).toBeDefined()
  await destroyMachine(client, { app: 'app' }, id)
})
