import type { DatabaseSync } from 'node:sqlite'
import type { AgentEvent, AgentEventOf, Envelope, UserMessageState as State } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { hashOf, shortId } from '../identity.ts'
import { prepared } from '../store/prepared.ts'
import { beginTurn, endTurn } from './turns.ts'

type Session = { id: string; workspaceId: string }

/**
 * What an event means for the tables beside the transcript: asks open and close, prompts go on. Runs in the transaction that
 * stores the event. `original` is the event before redaction.
 */
export function applyEffects(
  raw: DatabaseSync,
  context: EngineContext,
  session: Session,
  envelope: Envelope,
  original: AgentEvent,
): void {
  const { event } = envelope
  switch (event.type) {
    case 'permission_request':
    case 'elicitation_request':
      openAsk(raw, context, session, envelope, event, original)
      return
    case 'permission_resolved':
    case 'elicitation_resolved': {
      const state = event.outcome === 'cancelled' || event.outcome === 'expired' ? event.outcome : 'answered'
      const resolved = prepared(
        raw,
        `update asks set state = ?, answered_at = coalesce(answered_at, ?), answered_by = coalesce(answered_by, ?)
        where session_id = ? and request_id = ? and state = 'open' returning id`,
      )
      for (const row of resolved.all(state, envelope.at, event.by, session.id, event.requestId))
        context.changes.ask(String(row.id))
      return
    }
    case 'user_message_update':
      advancePrompt(raw, session.id, event.messageId, event.state)
      return
    case 'turn_started':
      beginTurn(raw, session.id, envelope, event)
      for (const id of event.messageIds.length > 0 ? event.messageIds : oldestSent(raw, session.id, event.origin))
        advancePrompt(raw, session.id, id, 'started')
      prepared(raw, 'update sessions set has_conversation = 1, active_at = ? where id = ?').run(envelope.at, session.id)
      return
    case 'turn_ended': {
      endTurn(raw, session.id, envelope, event)
      prepared(raw, `update prompts set state = 'completed' where session_id = ? and state = 'started'`).run(session.id)
      prepared(raw, 'update sessions set interrupt_at = null, active_at = ? where id = ?').run(envelope.at, session.id)
      return
    }
  }
}

type Request = AgentEventOf<'permission_request'> | AgentEventOf<'elicitation_request'>

/** The ask that an event opens, if it opens one: the same whenever the journal is read. */
export function askOpenedBy(sessionId: string, event: AgentEvent, epoch = 0): string | undefined {
  const opens = event.type === 'permission_request' || event.type === 'elicitation_request'
  return opens ? askIdOf(sessionId, event, epoch) : undefined
}

const askIdOf = (sessionId: string, { requestId }: Request, epoch: number) =>
  shortId('ask-', sessionId, requestId, String(epoch))

function openAsk(
  raw: DatabaseSync,
  context: EngineContext,
  session: Session,
  envelope: Envelope,
  event: Request,
  original: AgentEvent,
): void {
  const epoch = envelope.src?.epoch ?? 0
  const id = envelope.askId ?? askIdOf(session.id, event, epoch)
  const input = JSON.stringify(event.input ?? null)
  const asked = original.type === event.type ? JSON.stringify((original as Request).input ?? null) : input
  const permission = event.type === 'permission_request' ? event : undefined
  const questions = event.type === 'elicitation_request' ? event : undefined
  const plan = permission?.planId === undefined ? undefined : planOf(event.input)
  prepared(
    raw,
    `insert or ignore into asks (id, session_id, workspace_id, request_id, epoch, kind, title, tool_name, reason, input, input_hash,
     input_sealed, options, questions, plan_id, plan, default_to_no, state, created_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)`,
  ).run(
    id,
    session.id,
    session.workspaceId,
    event.requestId,
    epoch,
    questions ? 'question' : permission?.planId === undefined ? 'permission' : 'plan',
    permission?.title ?? questions?.message ?? questions?.questions?.[0]?.question ?? 'The agent asks',
    permission?.toolName ?? null,
    permission?.reason?.text ?? permission?.reason?.kind ?? null,
    input,
    hashOf(event.input),
    asked === input ? null : context.vault.seal(asked, `ask:${id}`),
    JSON.stringify(permission?.options ?? []),
    questions?.questions ? JSON.stringify(questions.questions) : null,
    permission?.planId ?? null,
    plan ?? null,
    permission?.defaultToNo ? 1 : 0,
    envelope.at,
  )
  context.changes.ask(id)
}

function planOf(input: unknown): string | undefined {
  return typeof input === 'object' && input !== null && 'plan' in input && typeof input.plan === 'string'
    ? input.plan
    : undefined
}

const PROMPT_ORDER: Record<State, number> = { queued: 0, sent: 1, started: 2, completed: 3, cancelled: 3 }

/** The agent did not say which message began the turn: the one that it was handed last. */
function oldestSent(raw: DatabaseSync, sessionId: string, origin: string): string[] {
  if (origin !== 'user') return []
  const row = prepared(
    raw,
    `select id from prompts where session_id = ? and state = 'sent' order by position limit 1`,
  ).get(sessionId)
  return row ? [String(row.id)] : []
}

function advancePrompt(raw: DatabaseSync, sessionId: string, id: string, state: State): void {
  const row = prepared(raw, 'select state, attempts from prompts where id = ? and session_id = ?').get(id, sessionId)
  if (!row || PROMPT_ORDER[state] <= (PROMPT_ORDER[row.state as State] ?? 3)) return
  // Done without having begun, and it is not the first time that it was handed over: the agent had it from before it died.
  const swallowed = state === 'completed' && row.state === 'sent' && Number(row.attempts) > 0
  prepared(raw, 'update prompts set state = ? where id = ?').run(swallowed ? 'swallowed' : state, id)
}
