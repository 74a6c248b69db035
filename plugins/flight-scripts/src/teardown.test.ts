import { mkdir, rm } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { listFlightWorkspaces } from './list-workspaces.ts'
import { FlightWorld } from './testing/flight-world.ts'

it('must match 15: teardown runs only when the last workspace that uses a remote one is removed', async () => {
  await using world = await FlightWorld.create()
  const first = await world.make('one')
  const { name } = first.record
  const [second, third] = await Promise.all([world.make('two', { name }), world.make('three', { name })])
  expect(second?.record).toMatchObject({ id: 'two', name, details: { workspace: name } })
  expect(await world.noted('provisioned')).toHaveLength(1)

  await first.destroy()
  await third?.destroy()
  expect(await world.noted('torn-down')).toEqual([])
  expect(world.progress).toContain(`${name} stays: 2 more here use it.`)
  await second?.destroy()
  await second?.destroy()
  expect(await world.noted('torn-down')).toEqual([name])
  expect(await world.listed()).toEqual([])
})

it('leaves a remote workspace that it did not provision, unless told otherwise', async () => {
  await using world = await FlightWorld.create()
  await mkdir(`${world.machines}/by-hand`)
  await (await world.make('one', { name: 'by-hand' })).destroy()
  expect(await world.existing()).toEqual(['by-hand'])
  await (await world.make('two', { name: 'by-hand', settings: { reuse: false } })).destroy()
  expect(await world.existing()).toEqual([])

  await (await world.make('three', { settings: { reuse: true } })).destroy()
  expect(await world.existing()).toHaveLength(1)
  await expect(world.make('four', { name: 'nobody' })).rejects.toMatchObject({
    code: 'not_found',
    next: expect.stringMatching(/^It has: ws-skein-three-/),
  })
})

it('provisions under the name of settings that say how', async () => {
  await using world = await FlightWorld.create()
  const provision = 'mkdir -p "MACHINES/mine/repo"; print mine'.replace('MACHINES', world.machines)
  const machine = await world.make('one', { name: 'quick', settings: { provision } })
  expect(machine.record.name).toBe('mine')
  await machine.destroy()
  expect(await world.noted('torn-down')).toEqual(['mine'])
})

it('must match 16: a failing teardown is reported and the entry is still removed', async () => {
  await using world = await FlightWorld.create({
    list: null,
    teardown: '#!/bin/sh\necho "no permission" >&2\nexit 4\n',
  })
  const machine = await world.make('one')
  await machine.destroy()
  const report = expect.stringMatching(
    /^Tearing down ws-.* failed: the script ended with exit 4: no permission\. Its log is in .*-teardown-shop-/,
  )
  expect(world.progress).toContainEqual(report)
  expect(world.logged).toContainEqual(report)
  expect(await world.listed()).toEqual([])
})

it('keeps what a failing teardown left as long as `list` names it, and tries again', async () => {
  await using world = await FlightWorld.create()
  const machine = await world.make('one')
  await world.write('teardown', '#!/bin/sh\nexit 4\n')
  await machine.destroy()
  const [orphan] = await world.listed()
  expect(orphan).toMatchObject({ id: 'one', name: machine.record.name })
  await world.write('teardown', '#!/bin/sh\nrm -rf "MACHINES/$FLIGHT_WORKSPACE"\n')
  if (orphan) await (await world.provider.attach(orphan, world.context)).destroy()
  expect(await world.existing()).toEqual([])
  expect(await world.listed()).toEqual([])
})

it('ends what the store knows although this home forgot it', async () => {
  await using world = await FlightWorld.create()
  const { record } = await world.make('one')
  await rm(`${world.home}/flight`, { recursive: true })
  await (await world.provider.attach(record, world.context)).destroy()
  expect(await world.noted('torn-down')).toEqual([record.name])
})

it('lists what the list script names, one a line; nothing where it fails', async () => {
  await using world = await FlightWorld.create({ list: '#!/bin/sh\nprintf "  a \\n\\nb c\\n"\n' })
  const site = { home: world.home, project: { id: 'p', name: 'shop', path: world.project }, settings: {} }
  expect(await listFlightWorkspaces(site)).toEqual(['a', 'b c'])
  await world.write('list', '#!/bin/sh\necho a\nexit 1\n')
  expect(await listFlightWorkspaces(site)).toEqual([])
  expect(await listFlightWorkspaces({ ...site, settings: { list: 'print from-$((1 + 1))' } })).toEqual(['from-2'])
})

it('lists no machine that is gone by what the list script says', async () => {
  await using world = await FlightWorld.create()
  const { record } = await world.make('one')
  expect(await world.listed()).toEqual([record])
  await world.write('list', '#!/bin/sh\necho another\n')
  expect(await world.listed()).toEqual([])
  await world.write('list', '#!/bin/sh\nexit 1\n')
  expect(await world.listed()).toEqual([record])
})
