import type { AgentEventOf } from '@skein/protocol'

/** A model that an agent says it can be given. */
export type ModelOffer = NonNullable<AgentEventOf<'session_info_update'>['models']>[number]
