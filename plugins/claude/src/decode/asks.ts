import type { Question } from '@skein/plugin-api'
import { type Json, object, objects, present, string } from '../json.ts'
import { ALLOW, permissionOptions, REJECT } from '../permission-options.ts'
import type { OpenAsk } from '../state.ts'
import { plain } from '../terminal-text.ts'
import { describeTool } from '../tools.ts'
import type { Fold } from './fold.ts'

/** What a denial says when the person said nothing: not a comment of theirs. */
export const DENIED = 'The user rejected this. Do something else, or ask how to go on.'

/** A request of Claude Code's that waits for an answer. Answers whether it is one that we know. */
export function asked(fold: Fold, requestId: string, request: Json): boolean {
  if (request.subtype !== 'can_use_tool' && request.subtype !== 'elicitation') return false
  if (fold.state.asks.some((open) => open.requestId === requestId)) return true
  const agentId = string(request.agent_id)
  fold.placeIn(agentId, fold.state.tasks.find((task) => task.id === agentId)?.toolCallId)
  if (request.subtype === 'elicitation') formAsked(fold, requestId, request)
  else if (request.tool_name === 'AskUserQuestion') questionsAsked(fold, requestId, request)
  else permissionAsked(fold, requestId, request)
  return true
}

function permissionAsked(fold: Fold, requestId: string, request: Json): void {
  const { state } = fold
  const toolName = string(request.tool_name) ?? 'a tool'
  const toolCallId = string(request.tool_use_id) ?? requestId
  const input = object(request.input)
  const isPlan = toolName === 'ExitPlanMode'
  const options = permissionOptions(isPlan ? {} : request)
  // The input names the plan's file and holds its text once the file is written; otherwise the text is the call's own.
  const call = state.tools.find((tool) => tool.id === toolCallId)
  const plan = isPlan ? (string(input.plan) ?? string(call?.input?.plan) ?? '') : undefined
  const path = isPlan ? string(input.planFilePath) : undefined
  state.asks.push({ requestId, kind: isPlan ? 'plan' : 'permission', toolCallId, options, plan, path })
  if (plan !== undefined)
    fold.emit({ type: 'plan_update', planId: toolCallId, markdown: plan, state: 'proposed', ...present({ path }) })
  const title = string(request.title)
  fold.emit({
    type: 'permission_request',
    requestId,
    toolCallId,
    toolName,
    title: title === undefined ? describeTool(toolName, input, state.cwd).title : plain(title),
    input: request.input ?? {},
    options,
    ...present({ reason: reasonOf(request), defaultToNo: request.default_to_no === true ? true : undefined }),
    ...(isPlan ? { planId: toolCallId } : {}),
  })
}

function reasonOf(request: Json): { kind: string; text?: string } | undefined {
  const text = string(request.decision_reason) ?? string(request.blocked_path)
  const kind = string(request.decision_reason_type) ?? (text === undefined ? undefined : 'other')
  return kind === undefined ? undefined : { kind, ...(text === undefined ? {} : { text: plain(text) }) }
}

function questionsAsked(fold: Fold, requestId: string, request: Json): void {
  const toolCallId = string(request.tool_use_id)
  fold.state.asks.push(open(requestId, 'questions', toolCallId))
  fold.emit({
    type: 'elicitation_request',
    requestId,
    source: { agent: true },
    questions: objects(object(request.input).questions).map(questionOf),
    input: request.input ?? {},
    ...present({ toolCallId }),
  })
}

function questionOf(question: Json): Question {
  return {
    question: plain(string(question.question) ?? ''),
    multiSelect: question.multiSelect === true,
    options: objects(question.options).map((option) => ({
      label: string(option.label) ?? '',
      ...present({ description: string(option.description), preview: string(option.preview) }),
    })),
    ...present({ header: string(question.header) }),
  }
}

/** A form or a page that an MCP server asks for. */
function formAsked(fold: Fold, requestId: string, request: Json): void {
  fold.state.asks.push(open(requestId, 'form', undefined))
  fold.emit({
    type: 'elicitation_request',
    requestId,
    source: { mcp: string(request.mcp_server_name) ?? 'an MCP server' },
    input: request,
    ...present({
      message: string(request.message) === undefined ? undefined : plain(string(request.message) ?? ''),
      schema: request.requested_schema,
      url: string(request.url),
    }),
  })
}

function open(requestId: string, kind: OpenAsk['kind'], toolCallId: string | undefined): OpenAsk {
  return { requestId, kind, toolCallId, options: [], plan: undefined, path: undefined }
}

/** Our answer, written back by Claude Code as it took it. Of two answers only the first finds the ask open. */
export function answerEchoed(fold: Fold, requestId: string, envelope: Json): void {
  const ask = take(fold, ({ requestId: id }) => id === requestId)
  if (!ask) return
  const answer = object(envelope.response)
  if (ask.kind === 'form') {
    const accepted = answer.action === 'accept'
    resolveQuestions(fold, ask, accepted ? { content: answer.content } : undefined)
    return
  }
  const input = object(answer.updatedInput)
  if (ask.kind === 'questions') {
    resolveQuestions(fold, ask, answer.behavior === 'allow' ? { content: input.answers } : undefined)
    return
  }
  const feedback = answer.message === DENIED ? undefined : string(answer.message)
  if (answer.behavior === 'allow') allowed(fold, ask, string(input.plan), objects(answer.updatedPermissions))
  else rejected(fold, ask, feedback)
}

/** The tool has gone on, or not: for versions that do not write our answer back. */
export function answeredByResult(fold: Fold, toolCallId: string, succeeded: boolean, text: string): void {
  const ask = take(fold, (candidate) => candidate.toolCallId === toolCallId)
  if (!ask) return
  if (ask.kind === 'questions') resolveQuestions(fold, ask, succeeded ? { content: undefined } : undefined)
  else if (succeeded) allowed(fold, ask, undefined, [])
  else rejected(fold, ask, text === DENIED ? undefined : text)
}

/** `control_cancel_request`: Claude Code does not wait for this any more. */
export function askCancelled(fold: Fold, requestId: string): void {
  const ask = take(fold, ({ requestId: id }) => id === requestId)
  if (ask) closed(fold, ask, 'cancelled', 'agent')
}

/** The process that asked is gone. */
export function expireAsks(fold: Fold): void {
  for (const ask of fold.state.asks) closed(fold, ask, 'expired', 'runner')
  fold.state.asks = []
}

function closed(fold: Fold, ask: OpenAsk, outcome: 'cancelled' | 'expired', by: 'agent' | 'runner'): void {
  const { requestId } = ask
  if (ask.plan !== undefined) planDecided(fold, ask, 'rejected')
  if (ask.kind === 'permission' || ask.kind === 'plan')
    fold.emit({ type: 'permission_resolved', requestId, outcome, by })
  else fold.emit({ type: 'elicitation_resolved', requestId, outcome, by })
}

function allowed(fold: Fold, ask: OpenAsk, plan: string | undefined, rules: Json[]): void {
  const { requestId } = ask
  if (ask.plan !== undefined) {
    const edited = plan !== undefined && plan !== ask.plan
    planDecided(fold, edited ? { ...ask, plan } : ask, 'approved', edited ? { edited } : {})
  }
  const always = ask.plan === undefined && rules.length > 0 ? chosenRule(ask, rules) : undefined
  fold.emit({ type: 'permission_resolved', requestId, outcome: 'selected', optionId: always ?? ALLOW, by: 'user' })
}

function rejected(fold: Fold, ask: OpenAsk, feedback: string | undefined): void {
  const said = feedback === undefined ? {} : { feedback }
  if (ask.plan !== undefined) planDecided(fold, ask, 'rejected', said)
  const { requestId } = ask
  fold.emit({ type: 'permission_resolved', requestId, outcome: 'selected', optionId: REJECT, by: 'user', ...said })
}

function planDecided(
  fold: Fold,
  { toolCallId, plan, path }: OpenAsk,
  state: 'approved' | 'rejected',
  more: { edited?: boolean; feedback?: string } = {},
): void {
  const planId = toolCallId ?? ''
  fold.emit({ type: 'plan_update', planId, markdown: plan ?? '', state, ...present({ path }), ...more })
}

/** The option whose rule was sent back, wherever the answer said to keep it. */
function chosenRule(ask: OpenAsk, rules: Json[]): string | undefined {
  const key = (rule: Json) => JSON.stringify({ ...rule, destination: undefined })
  const sent = new Set(rules.map(key))
  return ask.options.find(({ suggestion }) => suggestion !== undefined && sent.has(key(object(suggestion))))?.optionId
}

function resolveQuestions(fold: Fold, { requestId }: OpenAsk, answered: { content: unknown } | undefined): void {
  fold.emit({
    type: 'elicitation_resolved',
    requestId,
    outcome: answered ? 'answered' : 'cancelled',
    by: 'user',
    ...(answered?.content === undefined ? {} : { answers: answered.content }),
  })
}

function take(fold: Fold, fits: (ask: OpenAsk) => boolean): OpenAsk | undefined {
  const ask = fold.state.asks.find(fits)
  if (ask) fold.state.asks = fold.state.asks.filter((other) => other !== ask)
  return ask
}
