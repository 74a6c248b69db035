import { processesIn } from '@skein/testkit'
import { expect, it } from 'vitest'
import { monitorFlight } from './monitor.ts'
import { FlightWorld } from './testing/flight-world.ts'

const site = (world: FlightWorld) => ({
  home: world.home,
  project: { id: 'p', name: 'shop', path: world.project },
  settings: {},
})

it('must match 17: runs the monitor script, with the name of the remote workspace if there is one', async () => {
  await using world = await FlightWorld.create({
    monitor:
      '#!/bin/sh\necho looking\nprintf \'[{"name":"%s","status":"up"}]\' "$(printenv FLIGHT_WORKSPACE || echo local)"\n',
  })
  expect(await monitorFlight({ ...site(world), workspace: 'ws-1' })).toMatchObject({ services: [{ name: 'ws-1' }] })
  expect(await monitorFlight(site(world))).toMatchObject({ services: [{ name: 'local', health: 'healthy' }] })

  await world.write('monitor', '#!/bin/sh\necho "no route" >&2\nexit 2\n')
  expect(await monitorFlight(site(world))).toEqual({ error: 'no route', timedOut: false })
  await world.write('monitor', '#!/bin/sh\nexit 2\n')
  expect(await monitorFlight(site(world))).toEqual({ error: 'Monitor script failed with exit 2.', timedOut: false })
  await world.write('monitor', '#!/bin/sh\necho well\n')
  expect(await monitorFlight(site(world))).toMatchObject({ error: expect.stringContaining('no list of services') })
})

it('must match 19: a monitor that runs over 8 s is ended with its process group, and is an error', async () => {
  await using world = await FlightWorld.create({ monitor: "#!/bin/sh\ntrap '' TERM\nsleep 300 &\nyes >&2\n" })
  expect(await monitorFlight(site(world))).toEqual({
    error: 'The monitor script gave no answer within 8 s.',
    timedOut: true,
  })
  expect(await processesIn(world.project)).toEqual([])
})

it('has nothing to say where there is no monitor script', async () => {
  await using world = await FlightWorld.create()
  expect(await monitorFlight(site(world))).toBeUndefined()
})
