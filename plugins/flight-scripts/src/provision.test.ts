import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/plugin-api'
import { git, processesIn } from '@skein/testkit'
import { expect, it } from 'vitest'
import { FlightWorld } from './testing/flight-world.ts'

it('must match 8, 9, 11: provisions with FLIGHT_BRANCH, no arguments, in the repository; the last line is the name', async () => {
  await using world = await FlightWorld.create()
  await world.commit()
  const machine = await world.make('one')
  const [name] = await world.existing()
  expect(machine.record).toMatchObject({ kind: 'flight', id: 'one', name, owner: 'o-1' })
  expect(world.progress).toContain(`making a machine for skein/one with 0 arguments in ${world.project}`)
  expect(machine.record.details.outputs).toEqual({
    url: 'http://machine/?a=b',
    repo_path: join(world.machines, name ?? '', 'repo'),
  })
  const branch = await git(join(world.machines, name ?? '', 'repo'), ['branch', '--show-current'])
  expect(branch.trim()).toBe('skein/one')
})

it('must match 10, 13: log lines of both outputs appear while the script runs, metadata does not', async () => {
  await using world = await FlightWorld.create({}, 'while [ ! -e MACHINES/.go ]; do sleep 0.05; done')
  await world.write('provision', PROVISION_THAT_WAITS)
  const making = world.make('one')
  await world.seen('first line')
  await world.seen('a complaint')
  expect(world.progress).not.toContain('ws-1')
  writeFileSync(join(world.machines, '.go'), '')
  await making
  expect(world.progress.join('\n')).not.toContain('FLIGHT_OUTPUT')
})

const PROVISION_THAT_WAITS = `#!/bin/sh
echo "first line"
echo "FLIGHT_OUTPUT: url=http://x"
echo "a complaint" >&2
while [ ! -e "MACHINES/.go" ]; do sleep 0.05; done
echo ws-1
`

it('is one machine for one key, however often and at once it is asked for', async () => {
  await using world = await FlightWorld.create()
  const made = await Promise.all([world.make('one'), world.make('one'), world.make('one')])
  expect(new Set(made.map(({ record }) => record.name)).size).toBe(1)
  expect((await world.make('one')).record).toEqual(made[0]?.record)
  expect(await world.noted('provisioned')).toHaveLength(1)
  await world.make('two')
  expect(await world.existing()).toHaveLength(2)
  expect((await world.listed()).map(({ id }) => id)).toEqual(['one', 'two'])
})

it('is listed from before it exists', async () => {
  await using world = await FlightWorld.create({ provision: PROVISION_THAT_WAITS })
  const making = world.make('one')
  await world.seen('first line')
  expect(await world.listed()).toMatchObject([{ id: 'one', name: 'shop (being provisioned)', details: { key: 'one' } }])
  writeFileSync(join(world.machines, '.go'), '')
  await making
})

it('must be better 8: 50 MB on stdout and on stderr block nothing and are not kept in memory', async () => {
  await using world = await FlightWorld.create({
    provision:
      '#!/bin/sh\nhead -c 52428800 /dev/zero | tr "\\0" x\nyes "$(printf %0100d 7)" | head -c 52428800 >&2\necho\necho ws-1\n',
  })
  const before = process.memoryUsage.rss()
  const machine = await world.make('one')
  expect(machine.record.name).toBe('ws-1')
  expect(process.memoryUsage.rss() - before).toBeLessThan(60 * 1024 * 1024)
  // Nobody reads half a million lines; the log has them.
  expect(world.progress.length).toBeLessThan(20_000)
  expect(world.progress.join('\n')).toMatch(/… \d+ more lines, in/)
})

it('must be better 8: a provision that runs too long is ended with its whole process group', async () => {
  await using world = await FlightWorld.create({
    provision: `#!/bin/sh
sleep 300 &
echo ws-1
wait
sleep 300
`,
  })
  const making = world.make('one', { settings: { provisionTimeoutMinutes: 0.02 } })
  await expect(making).rejects.toMatchObject({
    code: 'timed_out',
    message: expect.stringContaining('no end within 0.02 min (provisionTimeoutMinutes)'),
  })
  expect(await processesIn(world.project)).toEqual([])
})

it('must be better 9: a failed provisioning keeps its log and is torn down', async () => {
  await using world = await FlightWorld.create({}, 'print -u2 "no more machines"; exit 3')
  const failure = await world.make('one').catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(SkeinError)
  if (!(failure instanceof SkeinError)) return
  expect(failure.message).toMatch(/ended with exit 3:\n.*no more machines/s)
  const [name] = await world.noted('provisioned')
  // The last line was none of the script's names; its list tells which one was made.
  expect(failure.next).toContain('nothing was torn down')
  expect(name).toBeDefined()
  const log = String(failure.details?.log)
  expect(readFileSync(join(log, 'stderr'), 'utf8')).toContain('no more machines')
  expect(statSync(log).mode & 0o777).toBe(0o700)
  expect(statSync(join(log, 'stdout')).mode & 0o777).toBe(0o600)
  expect(await world.listed()).toEqual([])
})

it('must be better 9: what a failed provisioning printed and `list` names is torn down', async () => {
  await using world = await FlightWorld.create({}, 'print $name; print "waiting for it"; exit 3')
  await expect(world.make('one')).rejects.toMatchObject({ next: expect.stringContaining('was torn down') })
  expect(await world.noted('torn-down')).toEqual(await world.noted('provisioned'))
  expect(await world.existing()).toEqual([])
  expect(await world.listed()).toEqual([])
})

it('must be better 9: a failed provisioning never tears down what another workspace uses', async () => {
  await using world = await FlightWorld.create()
  const first = await world.make('one')
  await world.write('provision', `#!/bin/sh\necho "${first.record.name}"\nexit 1\n`)
  await expect(world.make('two')).rejects.toMatchObject({ code: 'unavailable' })
  expect(await world.noted('torn-down')).toEqual([])
  expect(await world.existing()).toEqual([first.record.name])
})

it('must be better 9: what cannot be torn down is listed as an orphan, and ended later', async () => {
  await using world = await FlightWorld.create({}, 'print "FLIGHT_OUTPUT: workspace=$name"; exit 3')
  await world.write('teardown', '#!/bin/sh\necho "no permission" >&2\nexit 4\n')
  await expect(world.make('one')).rejects.toMatchObject({
    next: expect.stringMatching(/exit 4: no permission.*orphan/s),
  })
  const [orphan] = await world.listed()
  expect(orphan?.name).toBe((await world.noted('provisioned'))[0])
  if (!orphan) return
  await world.write('teardown', '#!/bin/sh\nrm -rf "MACHINES/$FLIGHT_WORKSPACE"\n')
  await (await world.provider.attach(orphan, world.context)).destroy()
  expect(await world.listed()).toEqual([])
  expect(await world.existing()).toEqual([])
})

it('must be better 9: a cancelled provisioning is ended and torn down; the end of the server leaves it running', async () => {
  await using world = await FlightWorld.create({
    provision: `#!/bin/sh
echo "FLIGHT_OUTPUT: workspace=ws-1"
echo "made it"
mkdir -p MACHINES/ws-1
while [ ! -e MACHINES/.go ]; do sleep 0.05; done
echo ws-1
`,
  })
  const server = new AbortController()
  const first = world.provider.create(world.spec('one'), world.contextWith(server.signal))
  await world.seen('made it')
  server.abort()
  await expect(first).rejects.toMatchObject({ code: 'cancelled' })
  expect(await world.noted('torn-down')).toEqual([])

  const person = new AbortController()
  world.progress.length = 0
  const second = world.provider.create(world.spec('one'), world.contextWith(person.signal))
  await world.seen('made it')
  expect(world.progress[0]).toBe('Going on with the provisioning that was begun.')
  person.abort(new SkeinError('cancelled', 'not wanted any more'))
  await expect(second).rejects.toMatchObject({ code: 'cancelled', next: expect.stringContaining('torn down') })
  expect(await world.noted('torn-down')).toEqual(['ws-1'])
  expect(await world.listed()).toEqual([])
})

it('ends a provisioning whose workspace is removed meanwhile', async () => {
  await using world = await FlightWorld.create({
    provision: PROVISION_THAT_WAITS.replace('first line', 'FLIGHT_OUTPUT: workspace=ws-1"\necho "begun'),
  })
  const making = world.make('one').catch((error: unknown) => error)
  await world.seen('begun')
  const [record] = await world.listed()
  if (!record) throw new Error('not listed')
  await (await world.provider.attach(record, world.context)).destroy()
  expect(await making).toMatchObject({ code: 'cancelled' })
  expect(await world.noted('torn-down')).toEqual(['ws-1'])
  expect(await world.listed()).toEqual([])
})

it('says what to do when provision prints no name', async () => {
  await using world = await FlightWorld.create({ provision: '#!/bin/sh\necho "FLIGHT_OUTPUT: url=x"\n' })
  await expect(world.make('one')).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('printed no name'),
  })
  expect(await world.listed()).toEqual([])
})

it('makes nothing without provision and connect', async () => {
  await using world = await FlightWorld.create({ connect: null })
  await expect(world.make('one')).rejects.toMatchObject({
    code: 'missing',
    message: expect.stringContaining('connect'),
  })
  await world.write('connect', '#!/bin/sh\n')
  await rm(join(world.project, '.flight/provision'))
  await expect(world.make('one')).rejects.toMatchObject({ message: expect.stringContaining('no provision script') })
  expect(await world.existing()).toEqual([])
  expect(await world.listed()).toEqual([])
})

it('must be better 19: leaves a record that it cannot understand as it is, and says so', async () => {
  await using world = await FlightWorld.create()
  await world.make('one')
  const folder = join(world.home, 'flight', 'machines')
  const [file = ''] = readdirSync(folder)
  writeFileSync(join(folder, file), '{"key": "one"')
  await expect(world.make('one')).rejects.toMatchObject({ code: 'conflict' })
  expect(readFileSync(join(folder, file), 'utf8')).toBe('{"key": "one"')
  expect(await world.noted('provisioned')).toHaveLength(1)
})

it('gives scripts no secret of its own environment, and closes their input', async () => {
  process.env.ANTHROPIC_API_KEY = 'canary'
  try {
    await using world = await FlightWorld.create({
      provision: '#!/bin/sh\nenv > MACHINES/.env\ncat > MACHINES/.input\necho ws-1\n',
    })
    await world.make('one')
    const env = (await world.noted('env')).join('\n')
    expect(env).toContain('FLIGHT_BRANCH=skein/one')
    expect(env).not.toContain('canary')
    expect(await world.noted('input')).toEqual([])
  } finally {
    delete process.env.ANTHROPIC_API_KEY
  }
})
