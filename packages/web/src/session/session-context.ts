import type { Ask } from '@skein/protocol'
import { createContext, useContext } from 'react'
import type { AskItem } from './items.ts'

/** What the rows of a transcript need to know of the session that they belong to. */
export interface SessionContextValue {
  workspaceId: string
  sessionId: string
  askOf(item: AskItem): Ask | undefined
  /** The task list that is being worked on. */
  currentTasks: string | undefined
  fork(turnId: string): void
}

export const SessionContext = createContext<SessionContextValue | undefined>(undefined)

export function useSessionContext(): SessionContextValue {
  const value = useContext(SessionContext)
  if (!value) throw new Error('there is no session around this component')
  return value
}
