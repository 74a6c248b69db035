import { randomUUID } from 'node:crypto'
import { type Ask, AskAnswer, SkeinError } from '@skein/protocol'
import * as z from 'zod'
import { bounded, PAGE } from '../bounded.ts'
import { refuseMoreFreedom } from '../caller.ts'
import { type ToolCall, tool } from '../define.ts'
import { askView, shownOf } from '../views.ts'
import { sessionIn } from './work.ts'
import { Name } from './workspaces.ts'

export const listAsks = tool({
  name: 'list_asks',
  title: 'List what waits for an answer',
  about: 'Open asks: permissions, questions, and plans to review. An ask waits until it is answered with answer_ask.',
  input: z.strictObject({ workspace: Name.optional() }),
  effect: 'reads',
  async run({ workspace }, { api, caller, signal }) {
    const seen = workspace === undefined ? await caller.workspaces() : [await caller.find(workspace)]
    const asks = await api.call('asks.list', {}, signal)
    return { asks: asks.filter(({ workspaceId }) => seen.some(({ id }) => id === workspaceId)).map(askView) }
  },
})

export const answerAsk = tool({
  name: 'answer_ask',
  title: 'Answer an ask',
  about:
    'Answers what an agent asks; it goes on at once. permission: allow or deny (with feedback: what to do instead). question: answers, by the question’s own text; several labels are joined by ", ". plan: approve_plan, or request_changes with feedback. The first answer counts.',
  input: z.strictObject({
    ask: z.string().min(1).describe('Its id.'),
    shown: z.string().min(8).describe('As it came with the ask: binds the answer to what you have seen of it.'),
    answer: AskAnswer,
  }),
  effect: 'changes',
  async run({ ask: id, shown, answer }, call) {
    const { api, caller, signal } = call
    const ask = await api.call('asks.get', { askId: id }, signal)
    await caller.findToAct(ask.workspaceId)
    if (!ask.inputHash.startsWith(shown))
      throw new SkeinError('conflict', `the ask ${id} is about something else than what you have seen`, {
        next: `Look at it again with list_asks; it is shown as ${shownOf(ask)}.`,
      })
    const by = (await mayAnswer(answer, call)) ?? 'an agent, by MCP'
    const { counted, ask: now } = await api.call(
      'asks.answer',
      { key: randomUUID(), askId: id, inputHash: ask.inputHash, answer, by },
      signal,
    )
    return { counted, ...(counted ? { next: 'follow' } : { note: 'another answer was first' }), ...answered(now) }
  },
})

/** What an agent in a workspace may answer to those that it started. Answers how it signs. */
async function mayAnswer(answer: AskAnswer, { caller }: ToolCall): Promise<string | undefined> {
  const inside = await caller.inside()
  if (!inside) return undefined
  if (answer.type === 'allow')
    throw new SkeinError('unauthorized', 'an agent in a workspace cannot give permissions; a person does', {
      next: 'Deny it with feedback that says how to do without, or end your turn and say what waits.',
    })
  if (answer.type === 'approve_plan') refuseMoreFreedom(answer.nextMode ?? 'sandboxed', inside.session.permissionMode)
  return `the agent of ${inside.workspace.name}`
}

function answered({ state, answer, answeredBy }: Ask): Record<string, unknown> {
  return { state, ...(answer === undefined ? {} : { answer }), ...(answeredBy === undefined ? {} : { answeredBy }) }
}

export const readPlan = tool({
  name: 'read_plan',
  title: 'Read a plan',
  about:
    'The newest plan of a session in full, whether it waits for an answer or was answered, with what was said about it.',
  input: z.strictObject({
    workspace: Name,
    session: z.string().optional(),
    revision: z.int().positive().optional().describe('An earlier revision; they count from 1.'),
  }),
  effect: 'reads',
  async run({ workspace, session, revision }, { api, caller, signal }) {
    const { id } = sessionIn(await caller.find(workspace), session)
    const plans = await api.call('plans.list', { sessionId: id }, signal)
    const plan = revision === undefined ? plans.at(-1) : plans.find((one) => one.revision === revision)
    if (!plan)
      throw new SkeinError(
        'not_found',
        revision === undefined ? `${workspace} has no plan` : `there is no revision ${revision}`,
        {
          next: 'An agent plans first when its permissionMode is plan.',
        },
      )
    const { askId, state, markdown, feedback, approvedMarkdown } = plan
    const ask = state === 'open' ? await api.call('asks.get', { askId }, signal) : undefined
    return {
      revision: plan.revision,
      revisions: plans.length,
      state,
      ...(ask ? { ask: ask.id, shown: shownOf(ask) } : {}),
      markdown: bounded(markdown, PAGE),
      ...(feedback === undefined ? {} : { feedback }),
      ...(approvedMarkdown === undefined ? {} : { approvedMarkdown: bounded(approvedMarkdown, PAGE) }),
    }
  },
})
