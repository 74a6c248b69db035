import { expect, test } from 'vitest'
import { waitUntil } from '../../wait.ts'
import { APP, FlyClient, testWithMachines } from '../testing/fly-client.ts'

test('regions, placements, addresses and tokens are answered as the document says', async () => {
  await using client = await FlyClient.start({ capacity: { ams: { hostMb: 1024 } } })
  const regions = await client.call<{ regions: { code: string }[] }>('GET', '/platform/regions')
  expect(regions.json.regions.map(({ code }) => code)).toContain('iad')
  const placements = { org_slug: 'personal', region: 'ams,iad', count: 3, compute: { memory_mb: 512 } }
  expect((await client.call('POST', '/platform/placements', placements)).json).toEqual({
    regions: [
      { region: 'ams', count: 2, concurrency: 1 },
      { region: 'iad', count: 3, concurrency: 1 },
    ],
  })
  const addresses = `/apps/${APP}/ip_assignments`
  const { json: address } = await client.call<{ ip: string; shared: boolean }>('POST', addresses, { type: 'shared_v4' })
  expect(address.shared).toBe(true)
  expect((await client.call('GET', addresses)).json).toMatchObject({ ips: [{ ip: address.ip }] })
  expect((await client.call('DELETE', `${addresses}/${address.ip}`)).status).toBe(204)
  expect((await client.call('GET', '/tokens/current')).json).toMatchObject({ tokens: [{ org_slug: 'personal' }] })
  const { json: deploy } = await client.call<{ token: string }>('POST', `/apps/${APP}/deploy_token`, {})
  const limited = { authorization: deploy.token }
  client.fly.createApp('other')
  expect((await client.call('GET', `/apps/${APP}/machines`, undefined, limited)).status).toBe(200)
  expect((await client.call('GET', '/apps/other/machines', undefined, limited)).status).toBe(403)
  expect((await client.call('GET', `/apps/${APP}/certificates`)).status).toBe(501)
})

test('a readonly token reads, and changes nothing', async () => {
  const tokens = [{ value: 'reader', kind: 'readonly' as const }]
  await using client = await FlyClient.start({ tokens })
  const headers = { authorization: 'Bearer reader' }
  expect((await client.call('GET', `/apps/${APP}/machines`, undefined, headers)).status).toBe(200)
  const create = await client.call('POST', `/apps/${APP}/machines`, { config: { image: 'base' } }, headers)
  expect([create.status, client.fly.machines()]).toEqual([403, []])
})

testWithMachines('a machine is signalled, restarted with a signal and a time, and tells of its memory', async () => {
  await using client = await FlyClient.start()
  const script = `trap 'echo usr1' USR1; trap 'echo term; exit 0' TERM; echo ready; while :; do sleep 0.05; done`
  const machine = await client.run(['sh', '-c', script])
  const said = (line: string) => waitUntil(async () => (await client.messages()).includes(line), { what: line })
  await said('ready')
  expect((await client.machine('POST', `/${machine.id}/signal`, { signal: 'SIGUSR1' })).status).toBe(200)
  await said('usr1')
  expect((await client.machine('GET', `/${machine.id}/memory`)).json).toMatchObject({ limit_mb: 256 })
  expect((await client.machine('PUT', `/${machine.id}/memory`, { limit_mb: 300 })).json).toMatchObject({
    limit_mb: 300,
  })
  expect((await client.machine('POST', `/${machine.id}/memory/reclaim`, { amount_mb: 1 })).status).toBe(200)
  const [newest] = (await client.show(machine)).events
  expect((await client.machine('POST', `/${machine.id}/restart?signal=SIGTERM&timeout=20s`)).status).toBe(200)
  await client.until(machine, 'started', 30, `&from_event_id=${newest?.id}`)
  await said('term')
})

test('the organisation’s volumes are listed with their apps, the destroyed ones if asked for', async () => {
  await using client = await FlyClient.start()
  const create = (region: string) =>
    client.call<{ id: string }>('POST', `/apps/${APP}/volumes`, { name: 'data', region, size_gb: 1 })
  const kept = (await create('ams')).json.id
  const gone = (await create('iad')).json.id
  expect((await client.call('PUT', `/apps/${APP}/volumes/${kept}`, { snapshot_retention: 9 })).json).toMatchObject({
    snapshot_retention: 9,
  })
  await client.call('DELETE', `/apps/${APP}/volumes/${gone}`)
  const ids = async (query: string) => {
    const { json } = await client.call<{ volumes: { id: string; app_name: string }[] }>(
      'GET',
      `/orgs/personal/volumes?${query}`,
    )
    return json.volumes.map(({ id, app_name: app }) => `${app} ${id}`).sort()
  }
  expect(await ids('')).toEqual([`${APP} ${kept}`])
  expect(await ids('region=iad')).toEqual([])
  expect(await ids('include_deleted=true')).toEqual([`${APP} ${kept}`, `${APP} ${gone}`].sort())
  expect((await client.call('GET', '/orgs/nobody/volumes')).status).toBe(404)
})
