import type { MachineInfo, SkeinApi } from '@skein/protocol'
import { useEffect } from 'react'
import { create } from 'zustand'
import { useApi } from '../api/context.tsx'
import { applyChanges, useLive } from '../api/live.ts'

/** The times that a machine took to answer, milliseconds, the oldest first. */
export interface RoundTrips {
  at: number
  ms: readonly number[]
}

export const MOST_TRIPS = 40
/** As often as a machine is asked whether it is there. */
const LOOK_MS = 5_000

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

/** Heartbeats and leases are no changes that the server tells: whoever shows them asks, while the page is seen. */
export function useFreshMachines(): void {
  const api = useApi()
  useEffect(() => {
    const controller = new AbortController()
    const look = () => {
      if (document.visibilityState === 'visible') void refresh(api, controller.signal)
    }
    look()
    const timer = setInterval(look, LOOK_MS)
    return () => {
      controller.abort()
      clearInterval(timer)
      useTrips.setState(new Map(), true)
    }
  }, [api])
}

async function refresh(api: SkeinApi, signal: AbortSignal): Promise<void> {
  // A look that fails is made good by the next one; that the server is away is said elsewhere.
  const machines = await api.call('machines.list', {}, signal).catch(() => undefined)
  if (!machines || signal.aborted) return
  useLive.setState(
    applyChanges(
      useLive.getState(),
      machines.map((machine) => ({ type: 'machine', machine })),
    ),
  )
  useTrips.setState(withTrips(useTrips.getState(), machines), true)
}
