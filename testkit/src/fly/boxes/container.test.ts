import { expect, test } from 'vitest'
import { has } from '../../../../scripts/requirements.ts'
import { debianImage } from '../../docker/debian-root.ts'
import { startDockerd } from '../../docker/dockerd.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { waitUntil } from '../../wait.ts'
import { APP, FlyClient } from '../testing/fly-client.ts'

const testWithDocker = test.runIf(has('dockerd') && has('slirp4netns') && has('socat'))

testWithDocker('where there is a docker, machines are its containers', async () => {
  await using folder = await temporaryFolder('fly-docker')
  await using dockerd = await startDockerd({ folder: folder.path })
  const image = await debianImage(dockerd)
  const { env, network, hostLoopback } = dockerd
  await using client = await FlyClient.start({ docker: { env, network, hostLoopback }, folder: folder.path })
  client.fly.putSecret(APP, 'SECRET', 'hush')
  const { json: data } = await client.call<{ id: string }>('POST', `/apps/${APP}/volumes`, {
    name: 'data',
    region: 'iad',
  })
  const serves = `use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die;
    print "ready\\n"; while (my $c = $s->accept) { sysread $c, my $q, 4096; print $c "HTTP/1.0 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello"; close $c }`
  const machine = await client.run(['perl', '-e', serves.replace('print "ready', '$| = 1; print "ready')], {
    image,
    files: [{ guest_path: '/etc/note', raw_value: Buffer.from('note').toString('base64') }],
    mounts: [{ volume: data.id, path: '/data' }],
    services: [{ protocol: 'tcp', internal_port: 8080, ports: [{ port: 443 }] }],
  })
  await waitUntil(async () => (await client.messages()).includes('ready'), { what: 'its line' })
  const ran = await client.exec(machine, [
    'sh',
    '-c',
    'cat /etc/note; echo $SECRET; echo kept >/data/file; touch /srv/lost; exit 4',
  ])
  expect(ran).toMatchObject({ exit_code: 4, stdout: 'notehush\n' })
  const proxied = await fetch(client.fly.proxyUrl, { headers: { 'fly-emulator-app': APP } })
  expect(await proxied.text()).toBe('hello')
  for (const [verb, state] of [
    ['suspend', 'suspended'],
    ['start', 'started'],
    ['stop', 'stopped'],
    ['start', 'started'],
  ] as const) {
    await client.machine('POST', `/${machine.id}/${verb}`)
    await client.until(machine, state)
  }
  const after = await client.exec(machine, ['sh', '-c', 'cat /data/file; ls /srv'])
  expect(after.stdout).toBe('kept\n')
  const exit = (await client.show(machine)).events.find(({ type }) => type === 'exit')
  expect(exit?.request).toMatchObject({ exit_event: { exit_code: 130, requested_stop: true } })
  await client.machine('DELETE', `/${machine.id}?force=true`)
  await client.until(machine, 'destroyed')
  expect(await dockerd.docker('ps', '--all', '--quiet')).toBe('')
})
