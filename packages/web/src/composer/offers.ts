import type { AgentEventOf, Envelope } from '@skein/protocol'
import { useMemo } from 'react'
import { useApiQuery } from '../api/query.ts'
import type { AgentCommandOffer } from './completion.ts'

export type ModelOffer = NonNullable<AgentEventOf<'session_info_update'>['models']>[number]

/** What an agent says it can be asked: its slash commands and its models. */
export interface Offers {
  commands: readonly AgentCommandOffer[]
  models: readonly ModelOffer[]
}

/** The last that events say of commands and models. */
export function offersIn(events: Iterable<Pick<Envelope, 'event'>>, before?: Offers): Offers {
  let { commands, models } = before ?? { commands: [], models: [] }
  for (const { event } of events) {
    if (event.type === 'available_commands_update') commands = event.commands
    else if (event.type === 'session_info_update' && event.models) models = event.models
  }
  return { commands, models }
}

/** An agent tells them when it starts: they are among the first events of its session. */
const FIRST_EVENTS = 100

/** What the agent of a session offers, for those who do not hold the session's events. */
export function useOffers(sessionId: string | undefined, enabled = true): Offers {
  const { data } = useApiQuery(
    'sessions.events',
    { sessionId: sessionId ?? '', limit: FIRST_EVENTS },
    { enabled: enabled && sessionId !== undefined },
  )
  return useMemo(() => offersIn(data?.events ?? []), [data])
}
