import { useMemo } from 'react'
import * as z from 'zod'
import type { ModelOffer } from './offers.ts'

const Models = z.array(z.object({ id: z.string(), name: z.string(), description: z.string().optional() }))
const keyOf = (agent: string) => `skein.models.${agent}`

/** Keeps what an agent last said of its models: one that has not started yet says nothing. */
export function rememberModels(agent: string, models: readonly ModelOffer[]): void {
  try {
    localStorage.setItem(keyOf(agent), JSON.stringify(models))
  } catch {
    // A full or forbidden storage: then the model is chosen once the agent runs.
  }
}

/** The models that an agent had when one of its sessions was last looked at. */
export function useKnownModels(agent: string | undefined): readonly ModelOffer[] {
  return useMemo(() => {
    if (agent === undefined) return []
    try {
      const read = Models.safeParse(JSON.parse(localStorage.getItem(keyOf(agent)) ?? '[]'))
      return read.success
        ? read.data.map(({ description, ...model }) => ({ ...model, ...(description ? { description } : {}) }))
        : []
    } catch {
      return []
    }
  }, [agent])
}
