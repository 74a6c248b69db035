import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { processesUnder, waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { FlightWorld } from './testing/flight-world.ts'
import { ask, greet } from './testing/runner-greeting.ts'

it('must match 12: brings the runner through connect with exactly one argument, past its banner; a shell gets none', async () => {
  await using world = await FlightWorld.create()
  await world.commit()
  const machine = await world.make('one')
  const { name } = machine.record
  expect(machine.checkout?.()).toBe(join(world.machines, name, 'repo'))
  const first = await greet(machine)
  const home = join(world.machines, name)
  expect(first.hello.dir).toBe(join(home, '.local/state/skein/o-1'))

  const begun = performance.now()
  const again = await greet(await world.provider.attach(machine.record, world.context))
  console.log(`joined again in ${Math.round(performance.now() - begun)} ms`)
  expect(again.hello.daemonId).toBe(first.hello.daemonId)

  const server = createServer((socket) => socket.end('hello from the machine'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = await machine.open({ port: (server.address() as AddressInfo).port })
  const [said] = await once(port, 'data')
  expect(String(said)).toBe('hello from the machine')
  port.destroy()
  server.close()

  expect(new Set(await world.noted('connected'))).toEqual(new Set([`1 ${name}`]))
  const shell = machine.shell?.()
  const [program = '', ...args] = shell?.argv ?? []
  const typed = spawnSync(program, args, { env: shell?.env ?? {}, input: 'pwd; exit\n', encoding: 'utf8', cwd: '/' })
  expect(typed.stdout).toContain(join(home, 'repo'))
  expect((await world.noted('connected')).at(-1)).toBe(`0 ${name}`)

  await ask(first.stream, 'runner.shutdown', { processes: 'stop' })
  first.stream.destroy()
  again.stream.destroy()
  await machine.destroy()
  expect(await world.existing()).toEqual([])
})

it('finds the checkout where connect begins, or at a repo_path that is relative or below ~', async () => {
  await using world = await FlightWorld.create()
  await world.write(
    'provision',
    `#!/bin/sh
mkdir -p "MACHINES/all/repo/deep"
case $FLIGHT_BRANCH in relative) echo "FLIGHT_OUTPUT: repo_path=deep";; tilde) echo "FLIGHT_OUTPUT: repo_path=~/repo";; esac
echo "$FLIGHT_BRANCH"
`,
  )
  await world.write('connect', '#!/bin/sh\nexport HOME=MACHINES/all\ncd "$HOME/repo" && exec sh -c "$1"\n')
  const where: Record<string, string | undefined> = {}
  for (const branch of ['none', 'relative', 'tilde']) {
    const project = { id: 'p-1', name: 'shop', path: world.project }
    const machine = await world.make(branch, { workspace: { name: branch, branch, project } })
    expect(machine.checkout?.()).toBeUndefined()
    const { stream } = await greet(machine)
    where[branch] = machine.checkout?.()
    if (branch === 'tilde') await ask(stream, 'runner.shutdown', { processes: 'stop' })
    stream.destroy()
  }
  expect(where).toEqual({
    none: join(world.machines, 'all/repo'),
    relative: join(world.machines, 'all/repo/deep'),
    tilde: join(world.machines, 'all/repo'),
  })
})

it('says what is wrong with a connect script, and what to do', async () => {
  await using world = await FlightWorld.create({ provision: '#!/bin/sh\necho ws-1\n' })
  const path = join(world.project, '.flight/connect')
  const machine = await world.make('one', { settings: { connectTimeoutSeconds: 2 } })
  const failing = async (text: string): Promise<{ code: string; message: string; next: string }> => {
    await world.write('connect', text)
    return machine.open({ runner: true }).then(
      () => ({ code: '', message: 'it was opened', next: '' }),
      (error) => error,
    )
  }
  expect(await failing('#!/bin/sh\necho "no such host" >&2\nexit 255\n')).toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/connect: the script ended with exit 255 before it was connected:\nno such host$/),
    next: `Try it by hand: FLIGHT_WORKSPACE=ws-1 ${path} 'echo hello'`,
  })
  // As docker exec, which looks for a program of that name.
  expect(await failing('#!/bin/sh\nexec nice "$@"\n')).toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('took its argument for the name of a program'),
    next: expect.stringContaining('sh -c "$1"'),
  })
  expect(await failing('#!/bin/sh\necho Welcome\n')).toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(/ended well but ran nothing on the machine:\nWelcome$/),
  })
  expect(await failing('#!/bin/sh\necho "Password?"\nexec sleep 300\n')).toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/within 2 s\nPassword\?$/),
    next: expect.stringContaining('It must not ask anything'),
  })
  expect(await failing('#!/nowhere/zsh\n')).toMatchObject({
    message: expect.stringContaining('what its first line names is not there'),
  })
  await chmod(path, 0o644)
  expect(await machine.open({ runner: true }).catch((error: unknown) => error)).toMatchObject({
    code: 'invalid',
    next: `chmod +x ${path}`,
  })
  await waitUntil(async () => (await processesUnder(world.folder.path)).length === 0, { what: 'nothing to be left' })
})

it('diagnoses the scripts, the monitor and the machine', async () => {
  await using world = await FlightWorld.create({
    teardown: null,
    monitor: '#!/bin/sh\necho \'[{"name":"db","status":"down"}]\'\n',
  })
  const machine = await world.make('one')
  await writeFile(join(world.project, '.flight/list'), 'ls MACHINES\n')
  await chmod(join(world.project, '.flight/list'), 0o644)
  await mkdir(join(world.machines, 'x'))
  const found = (await world.provider.diagnose?.(machine, world.context)) ?? []
  const told = found.map(({ severity, what }) => `${severity} ${what}`)
  expect(told).toContain('info no teardown script (it need not be there)')
  expect(told).toContainEqual(expect.stringMatching(/^error list: .* is not executable$/))
  expect(told).toContain('error db: down')
  expect(told).toContainEqual(expect.stringMatching(/Node|node/))
  expect(await readFile(join(world.machines, '.connected'), 'utf8')).toContain(`1 ${machine.record.name}`)
})
