import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { killAt, pathExists, waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { FlightWorld } from './testing/flight-world.ts'

const MAKE = fileURLToPath(new URL('./testing/make-machine.ts', import.meta.url))
const TOLD = 'print "FLIGHT_OUTPUT: workspace=$name"; : > MACHINES/.told'
const WAITS = 'print "it is there"; while [ ! -e MACHINES/.go ]; do sleep 0.05; done'

function makeElsewhere(world: FlightWorld, key: string): ChildProcess {
  return spawn(process.execPath, [MAKE, world.home, world.project, key], { stdio: 'ignore' })
}

const go = (world: FlightWorld) => writeFileSync(join(world.machines, '.go'), '')

/** The folder of the one script that ran so far. */
function runFolder(world: FlightWorld): string {
  const logs = join(world.home, 'logs/flight')
  const [name = ''] = readdirSync(logs)
  return join(logs, name)
}

it('must be better 9: kill -9 while provision runs, then again: it is waited for, and there is one machine', async () => {
  await using world = await FlightWorld.create({}, WAITS)
  const maker = makeElsewhere(world, 'one')
  await killAt(maker, pathExists(join(world.machines, '.provisioned')))
  const again = world.make('one')
  // All that it said before is told to whoever waits now.
  await world.seen('it is there')
  go(world)
  const { record } = await again
  expect(await world.noted('provisioned')).toEqual([record.name])
  expect(await world.existing()).toEqual([record.name])
})

it('kill -9, and provision ends before anybody looks: its output and exit status are read, it is not run again', async () => {
  await using world = await FlightWorld.create({}, WAITS)
  await killAt(makeElsewhere(world, 'one'), pathExists(join(world.machines, '.provisioned')))
  go(world)
  const ended = () => readdirSync(runFolder(world)).includes('exit')
  await waitUntil(ended, { what: 'the script to end' })
  const { record } = await world.make('one')
  expect(await world.noted('provisioned')).toEqual([record.name])
  expect(record.details.outputs).toMatchObject({ url: 'http://machine/?a=b' })
})

it('kill -9 of everything: what was made is torn down, and provisioned again', async () => {
  await using world = await FlightWorld.create({}, `${TOLD}; ${WAITS}`)
  await killAt(makeElsewhere(world, 'one'), pathExists(join(world.machines, '.told')))
  const [pid] = readFileSync(join(runFolder(world), 'process'), 'utf8').split('\n')
  process.kill(-Number(pid), 'SIGKILL')
  go(world)
  const { record } = await world.make('one')
  const [first, second] = await world.noted('provisioned')
  expect(await world.noted('torn-down')).toEqual([first])
  expect(await world.existing()).toEqual([second])
  expect(record.name).toBe(second)
})

it('kill -9 of the wrapper alone: the script that goes on without it is ended first', async () => {
  await using world = await FlightWorld.create({}, `${TOLD}; ${WAITS}`)
  await killAt(makeElsewhere(world, 'one'), pathExists(join(world.machines, '.told')))
  const [pid] = readFileSync(join(runFolder(world), 'process'), 'utf8').split('\n')
  process.kill(Number(pid), 'SIGKILL')
  const again = world.make('one')
  await world.seen('It cannot be told how the provisioning that was begun ended.')
  go(world)
  await again
  expect(await world.existing()).toHaveLength(1)
})

it('kill -9 between the record and the start: it is provisioned once', async () => {
  await using world = await FlightWorld.create()
  const maker = makeElsewhere(world, 'one')
  const entry = join(world.home, 'flight/machines/one.json')
  await killAt(maker, pathExists(entry))
  const { record } = await world.make('one')
  // Killed before the start, or after it: one machine stands in either case.
  expect(await world.existing()).toEqual([record.name])
})

it('kill -9 while teardown runs: the next destroy waits for its end', async () => {
  await using world = await FlightWorld.create()
  const { record } = await world.make('one')
  await world.write(
    'teardown',
    '#!/bin/sh\necho x >> MACHINES/.torn-down\nwhile [ ! -e MACHINES/.go ]; do sleep 0.05; done\nrm -rf "MACHINES/$FLIGHT_WORKSPACE"\n',
  )
  const server = new AbortController()
  const first = await world.provider.attach(record, world.contextWith(server.signal))
  const ending = first.destroy()
  await waitUntil(async () => (await world.noted('torn-down')).length === 1, { what: 'the teardown' })
  server.abort()
  await expect(ending).rejects.toMatchObject({ code: 'cancelled' })
  expect(await world.listed()).toMatchObject([{ id: 'one' }])
  const again = world.provider.attach(record, world.context).then((machine) => machine.destroy())
  go(world)
  await again
  expect(await world.noted('torn-down')).toHaveLength(1)
  expect(await world.existing()).toEqual([])
})
