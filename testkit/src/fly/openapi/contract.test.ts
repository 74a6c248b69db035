import { expect, test } from 'vitest'
import { APP, FlyClient } from '../testing/fly-client.ts'
import { Contract } from './contract.ts'
import { apiDocument, findOperation, patches } from './document.ts'
import { misfits } from './schema.ts'

function operation(method: string, path: string) {
  const found = findOperation(apiDocument(), method, path)
  if (found === undefined) throw new Error(`no operation ${method} ${path}`)
  return found.operation
}

test('a request that does not fit the document is refused, and noted as the client’s', async () => {
  await using client = await FlyClient.start()
  const body = { config: { image: 'base', env: { PORT: 8080 }, restart: { policy: 'sometimes' } } }
  const reply = await client.machine('POST', '', body)
  expect(reply.status).toBe(400)
  const expected = [
    '$.config.env.PORT is no string: 8080',
    '$.config.restart.policy is "sometimes", none of no, always, on-failure, spot-price',
  ]
  expect(client.fly.contract.violations).toEqual([
    { side: 'request', operation: 'Machines_create', misfits: expect.arrayContaining(expected) },
  ])
  await client.call('GET', `/apps/${APP}/machines?include_deleted=perhaps`)
  expect(client.fly.contract.violations.at(-1)?.misfits).toEqual(['?include_deleted is no boolean: perhaps'])
})

test('an answer that does not fit is noted: a status, a type, a field that the document does not have', () => {
  const contract = new Contract(apiDocument())
  const show = operation('GET', '/apps/a/machines/1')
  expect(contract.response(show, 200, { id: '1', state: 'started' })).toEqual([])
  expect(contract.response(show, 200, { id: 1 })).toEqual(['$.id is no string: 1'])
  expect(contract.response(show, 200, { stat: 'started' })).toEqual(['$.stat is not in the document'])
  expect(contract.response(show, 202, {})).toEqual(['status 202 is not in the document'])
  expect(contract.response(show, 412, { error: 'failed_precondition: no' })).toEqual([])
  expect(contract.response(show, 412, { reason: 'no' })).toEqual(['no error: {"reason":"no"}'])
  expect(contract.violations).toHaveLength(4)
})

test('the recorded answer of Fly fits the document as it is patched, and not without', () => {
  const { schemas } = apiDocument()
  const recorded = {
    id: '6833e4db1e9468',
    name: 'test-machine',
    state: 'created',
    region: 'ewr',
    instance_id: '01JHWYS8XSXSV4GJJ0YKDTCW8A',
    private_ip: 'fdaa:d:4f61:a7b:10:103b:feb4:2',
    config: {
      env: { NODE_ENV: 'test' },
      init: {},
      guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 },
      services: [{ protocol: 'tcp', ports: [{ port: 3000, handlers: ['http'] }], force_instance_key: null }],
      image: 'node:20-slim',
      restart: { policy: 'on-failure', max_retries: 10 },
    },
    incomplete_config: null,
    image_ref: { registry: 'docker-hub-mirror.fly.io', repository: 'library/node', tag: '20-slim', labels: null },
    created_at: '2025-01-18T14:58:59Z',
    updated_at: '2025-01-18T14:58:59Z',
    events: [{ id: '01', type: 'launch', status: 'created', source: 'user', timestamp: 1737212339191 }],
    host_status: 'ok',
  }
  const machine = { $ref: '#/components/schemas/Machine' }
  expect(misfits(recorded, machine, { schemas, closed: true })).toEqual([])
  const service = { ...schemas['fly.MachineService'] }
  const original = { ...service, properties: { ...service.properties, force_instance_key: { type: 'string' } } }
  const unpatched = { ...schemas, 'fly.MachineService': original }
  expect(misfits(recorded, machine, { schemas: unpatched, closed: true })).toEqual([
    '$.config.services[0].force_instance_key is null',
  ])
  expect(patches.every(({ because }) => because.length > 0)).toBe(true)
})
