import { expect, test } from 'vitest'
import { MOST_TRIPS, withTrips } from './round-trips.ts'

const heard = (heartbeatAt: number, roundTripMs: number) => [{ id: 'ssh:box', heartbeatAt, roundTripMs }]

test('each heartbeat is one point of the line, however often it is looked at', () => {
  const once = withTrips(new Map(), heard(1, 20))
  const twice = withTrips(once, heard(1, 20))
  expect(withTrips(twice, heard(2, 30)).get('ssh:box')?.ms).toEqual([20, 30])
})

test('the line keeps its last points while the machine is out of reach, and is gone with it', () => {
  const once = withTrips(new Map(), heard(1, 20))
  expect(withTrips(once, [{ id: 'ssh:box' }]).get('ssh:box')?.ms).toEqual([20])
  expect(withTrips(once, []).size).toBe(0)
})

test('only so many points are kept', () => {
  let trips = withTrips(new Map(), [])
  for (let at = 1; at <= MOST_TRIPS + 5; at++) trips = withTrips(trips, heard(at, at))
  expect(trips.get('ssh:box')?.ms).toHaveLength(MOST_TRIPS)
  expect(trips.get('ssh:box')?.ms[0]).toBe(6)
})
