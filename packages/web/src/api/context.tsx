import type { SkeinApi } from '@skein/protocol'
import { createContext, useContext } from 'react'

/** The server's API, for every component below; see `connection.ts` for how the browser reaches it. */
export const ApiContext = createContext<SkeinApi | undefined>(undefined)

export function useApi(): SkeinApi {
  const api = useContext(ApiContext)
  if (!api) throw new Error('there is no API around this component')
  return api
}
