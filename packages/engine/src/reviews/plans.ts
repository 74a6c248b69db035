import { type AskAnswer, type PlanRevision, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { kept } from '../sealed.ts'
import type { AskTable } from '../store/schema.ts'

/** Every plan that a session's agent asked to have approved, and what became of it. */
export async function listPlans(context: EngineContext, sessionId: string): Promise<PlanRevision[]> {
  const session = await context.db.selectFrom('sessions').select('id').where('id', '=', sessionId).executeTakeFirst()
  if (!session) throw new SkeinError('not_found', `there is no session ${sessionId}`)
  const rows = await context.db
    .selectFrom('asks')
    .selectAll()
    .where('session_id', '=', sessionId)
    .where('kind', '=', 'plan')
    .orderBy('created_at')
    .orderBy('epoch')
    .execute()
  return rows.map((row, index) => viewRevision(context, row, index + 1))
}

function viewRevision(context: EngineContext, row: AskTable, revision: number): PlanRevision {
  const answer =
    row.answer === null
      ? undefined
      : context.redactor.redactValue(kept<AskAnswer>(context, row.answer, `answer:${row.id}`))
  const markdown = row.plan ?? ''
  const feedback = answer?.type === 'request_changes' || answer?.type === 'deny' ? answer.feedback : undefined
  const approved = answer?.type === 'approve_plan' ? answer.plan : undefined
  return {
    askId: row.id,
    sessionId: row.session_id,
    planId: row.plan_id ?? row.id,
    revision,
    markdown,
    state: stateOf(row, answer),
    createdAt: row.created_at,
    ...(row.answered_at === null ? {} : { answeredAt: row.answered_at }),
    ...(row.answered_by === null ? {} : { answeredBy: row.answered_by }),
    ...(feedback === undefined ? {} : { feedback }),
    ...(approved === undefined || approved === markdown ? {} : { approvedMarkdown: approved }),
  }
}

function stateOf({ state }: AskTable, answer: AskAnswer | undefined): PlanRevision['state'] {
  if (state === 'open') return 'open'
  switch (answer?.type) {
    case 'approve_plan':
    case 'allow':
      return 'approved'
    case 'request_changes':
      return 'changes_requested'
    case 'deny':
      return 'rejected'
    default:
      // Answered by nobody here: the agent's own rules let it pass.
      return state === 'answered' ? 'approved' : 'cancelled'
  }
}
