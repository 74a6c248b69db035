import type { EngineContext } from '../context.ts'
import type { SessionTable, WorkspaceTable } from '../store/schema.ts'
import type { SessionFacts } from './decide.ts'
import type { SessionFold } from './fold.ts'
import type { StoredOptions } from './options.ts'

/** What the store and the fold say of a session now. `interrupted`: the turn that the agent was already told to end. */
export async function factsOf(
  context: EngineContext,
  row: SessionTable,
  workspace: WorkspaceTable,
  fold: SessionFold,
  interrupted: string | undefined,
): Promise<SessionFacts> {
  const answer = await context.db
    .selectFrom('asks')
    .select('id')
    .where('session_id', '=', row.id)
    .where('state', '=', 'answered')
    .where('delivered', '=', 0)
    .where('epoch', '=', row.epoch)
    .orderBy('answered_at')
    .executeTakeFirst()
  const { maxCost } = JSON.parse(row.options) as StoredOptions
  return {
    workspaceReady: workspace.state === 'ready',
    process: row.process_state,
    turnOpen: fold.turn !== null,
    interruptDue: row.interrupt_at !== null && fold.turn !== null && fold.turn.id !== interrupted,
    ...(await promptFacts(context, row.id)),
    undelivered: answer?.id,
    overBudget: maxCost !== undefined && fold.cost >= maxCost,
    problem: row.problem !== null,
  }
}

/** Prompts that are in no turn yet: handed to the agent, or waiting for it. */
export async function promptFacts(
  context: EngineContext,
  sessionId: string,
): Promise<Pick<SessionFacts, 'sentPrompt' | 'queuedPrompt'>> {
  const prompts = await context.db
    .selectFrom('prompts')
    .select(['id', 'state', 'attempts'])
    .where('session_id', '=', sessionId)
    .where('state', 'in', ['queued', 'sent', 'started'])
    .orderBy('position')
    .execute()
  return {
    sentPrompt: prompts.some(({ state }) => state !== 'queued'),
    queuedPrompt: prompts.find(({ state }) => state === 'queued'),
  }
}
