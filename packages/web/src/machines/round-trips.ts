import type { MachineInfo } from '@skein/protocol'
import { useEffect } from 'react'
import { create } from 'zustand'
import { useLive } from '../api/live.ts'

/** The times that a machine took to answer, milliseconds, the oldest first. */
export interface RoundTrips {
  at: number
  ms: readonly number[]
}

export const MOST_TRIPS = 40

const useTrips = create<ReadonlyMap<string, RoundTrips>>()(() => new Map())

/** The trips with what is known now; the same heartbeat counts once. */
export function withTrips(
  before: ReadonlyMap<string, RoundTrips>,
  machines: readonly Pick<MachineInfo, 'id' | 'heartbeatAt' | 'roundTripMs'>[],
): ReadonlyMap<string, RoundTrips> {
  const after = new Map<string, RoundTrips>()
  for (const { id, heartbeatAt, roundTripMs } of machines) {
    const known = before.get(id)
    if (heartbeatAt === undefined || roundTripMs === undefined || heartbeatAt === known?.at) {
      if (known) after.set(id, known)
      continue
    }
    after.set(id, { at: heartbeatAt, ms: [...(known?.ms ?? []), roundTripMs].slice(-MOST_TRIPS) })
  }
  return after
}

/** The trips of a machine since this page was opened. */
export const useRoundTrips = (machineId: string): readonly number[] | undefined =>
  useTrips((trips) => trips.get(machineId)?.ms)

/** Remembers the trips of all machines for as long as it is shown. */
export function useKeptRoundTrips(): void {
  useEffect(() => {
    const keep = () =>
      useTrips.setState(withTrips(useTrips.getState(), [...useLive.getState().machines.values()]), true)
    keep()
    const stop = useLive.subscribe((now, before) => now.machines !== before.machines && keep())
    return () => {
      stop()
      useTrips.setState(new Map(), true)
    }
  }, [])
}
