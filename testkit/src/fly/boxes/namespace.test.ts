import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { commandLines, processesUnder } from '../../processes.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { waitUntil } from '../../wait.ts'
import { APP, FlyClient, testWithMachines } from '../testing/fly-client.ts'

testWithMachines('an image’s files, entrypoint, variables, folder and user are those of its machines', async () => {
  await using folder = await temporaryFolder('fly-image')
  const root = join(folder.path, "an image's root")
  await mkdir(join(root, 'app'), { recursive: true })
  await writeFile(join(root, 'app/main.sh'), 'echo "$1 $GREETING in $PWD as $(id -u)"; sleep 1000')
  const image = {
    root,
    entrypoint: ['sh', '/app/main.sh'],
    cmd: ['hello'],
    env: { GREETING: 'there' },
    workdir: '/app',
  }
  await using client = await FlyClient.start({ images: { whole: image, nobody: { ...image, user: 65534 } } })
  await client.run(undefined, { image: 'whole' })
  await client.run(undefined, { image: 'nobody', init: { cmd: ['bye'] }, env: { GREETING: 'you' } })
  await waitUntil(async () => (await client.messages()).includes('bye you in /app as 65534'), { what: 'the second' })
  expect(await client.messages()).toContain('hello there in /app as 0')
})

testWithMachines(
  'a machine has processes, files and a network of its own, and reaches this computer’s loopback',
  async () => {
    await using folder = await temporaryFolder('fly-own')
    await using client = await FlyClient.start()
    const one = await client.run()
    const two = await client.run()
    const serves = `require("net").createServer().listen(8080, "0.0.0.0", () => console.log("up"))`
    const background = `node -e '${serves}' >/tmp/up 2>&1 & while ! grep -q up /tmp/up; do sleep 0.02; done`
    for (const machine of [one, two]) expect((await client.exec(machine, ['sh', '-c', background])).exit_code).toBe(0)
    const seen = await client.exec(one, [
      'sh',
      '-c',
      `ls -A /tmp /root /home; ls ${folder.path}; cat /proc/1/cmdline | tr '\\0' ' '`,
    ])
    // Where the repository itself lies below /tmp, the way to it is there.
    expect(seen.stdout).toMatch(/^\/home:\n\n\/root:\n\n\/tmp:\n(?!skein-)(?:\S+\n)?up\nsh .*init\.sh/)
    const asks = `fetch('${client.fly.apiUrl}/nothing'.replace('127.0.0.1', process.env.FLY_EMULATOR_HOST)).then((r) => console.log(r.status))`
    expect((await client.exec(one, ['node', '-e', asks])).stdout).toBe('404\n')
    expect((await client.exec(one, ['uname', '-n'])).stdout).toBe(`${one.id}\n`)
  },
)

testWithMachines('what loses its parent is reaped, and all ends with the main process', async () => {
  await using folder = await temporaryFolder('fly-reap')
  await using client = await FlyClient.start()
  const orphan = 'sh -c "sleep 0.01 & :"'
  const machine = await client.run(['sh', '-c', `${orphan}; sleep 999 & echo ready; exec sleep 1000`], {
    env: { MARKER: folder.path },
  })
  await waitUntil(async () => (await client.messages()).includes('ready'), { what: 'the process' })
  const states = async () =>
    (await client.exec(machine, ['sh', '-c', 'cat /proc/[0-9]*/stat | cut -d" " -f2,3'])).stdout
  await waitUntil(async () => !(await states()).includes(' Z'), { what: 'the end of zombies' })
  expect(await states()).toContain('(sleep) S')
  client.fly.machine(machine.id).signal('SIGTERM')
  await client.until(machine, 'stopped')
  expect(await processesUnder(folder.path)).toEqual([])
})

testWithMachines('a secret stands in no command line', async () => {
  await using client = await FlyClient.start()
  client.fly.putSecret(APP, 'SECRET', 'hush-5309')
  const machine = await client.run(['sh', '-c', 'test -n "$SECRET" && exec sleep 1000'])
  expect(commandLines().join()).not.toContain('hush-5309')
  expect((await client.exec(machine, ['sh', '-c', 'echo $SECRET'])).stdout).toBe('hush-5309\n')
  expect(client.fly.journal.map((call) => JSON.stringify(call)).join()).not.toContain('hush-5309')
})

testWithMachines('a machine stops itself by the socket at /.fly/api, and may do nothing to other apps', async () => {
  await using client = await FlyClient.start({ apps: [APP, 'other'] })
  const machine = await client.run()
  const call = (method: string, path: string) =>
    `const { request } = require('node:http')
    const asked = request({ socketPath: '/.fly/api', method: '${method}', path: '/v1/apps/${path}' })
    asked.on('response', (response) => { console.log(response.statusCode); response.resume() }).end()`
  const other = await client.exec(machine, ['node', '-e', call('GET', 'other/machines')])
  expect(other.stdout).toBe('403\n')
  await client.exec(machine, ['node', '-e', call('POST', `${APP}/machines/${machine.id}/stop`)])
  await client.until(machine, 'stopped')
})
