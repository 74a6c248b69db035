import type { SessionTable } from '../store/schema.ts'

/** All that the next step of a session depends on. */
export interface SessionFacts {
  workspaceReady: boolean
  process: SessionTable['process_state']
  turnOpen: boolean
  /** A person, or a limit, asked to end the turn, and the agent has not been told in this turn. */
  interruptDue: boolean
  /** Handed to the agent and not yet begun by it. */
  sentPrompt: boolean
  queuedPrompt: { id: string; attempts: number } | undefined
  /** Answers that the agent does not have yet. */
  undelivered: string | undefined
  overBudget: boolean
  problem: boolean
}

export type SessionAction =
  | { do: 'nothing' }
  | { do: 'start' }
  | { do: 'deliver_answer'; askId: string }
  | { do: 'interrupt' }
  | { do: 'send_prompt'; promptId: string }
  | { do: 'refuse_prompt'; promptId: string; why: 'budget' | 'attempts' | 'problem' }

/** A prompt that could not be handed over this often is given up: it outlives as many deaths as a turn does (`MAX_RECOVERIES`). */
export const MAX_ATTEMPTS = 4

/** State × facts → the one next step. Called again after every change, so a lost wake-up is never a lost step. */
export function decide(facts: SessionFacts): SessionAction {
  if (!facts.workspaceReady) return { do: 'nothing' }
  if (facts.process === 'running') {
    if (facts.undelivered !== undefined) return { do: 'deliver_answer', askId: facts.undelivered }
    if (facts.interruptDue && facts.turnOpen) return { do: 'interrupt' }
  }
  if (facts.process === 'starting') return { do: 'start' }
  if (facts.turnOpen || facts.sentPrompt || !facts.queuedPrompt) return { do: 'nothing' }
  if (facts.overBudget) return { do: 'refuse_prompt', promptId: facts.queuedPrompt.id, why: 'budget' }
  if (facts.queuedPrompt.attempts >= MAX_ATTEMPTS)
    return { do: 'refuse_prompt', promptId: facts.queuedPrompt.id, why: 'attempts' }
  if (facts.problem) return { do: 'refuse_prompt', promptId: facts.queuedPrompt.id, why: 'problem' }
  if (facts.process === 'none' || facts.process === 'exited') return { do: 'start' }
  if (facts.process === 'running') return { do: 'send_prompt', promptId: facts.queuedPrompt.id }
  return { do: 'nothing' }
}
