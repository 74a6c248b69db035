import { type AgentCommand, type ContentBlock, type EncodedInput, SkeinError } from '@skein/plugin-api'
import { DENIED } from './decode/asks.ts'
import { type Json, object } from './json.ts'
import { nativeMode, requireIsolation, wantsSandbox } from './modes.ts'
import { requestLine } from './requests.ts'
import type { ClaudeState } from './state.ts'

type Line = EncodedInput['lines'][number]
type Of<T extends AgentCommand['type']> = Extract<AgentCommand, { type: T }>

/**
 * A command as lines for Claude Code's stdin. Ids and keys follow from the command's own, so that the same command is the same
 * lines: a message that it has, it takes for done; a request that it has answered, it ignores.
 */
export function encode(state: ClaudeState, command: AgentCommand): EncodedInput {
  switch (command.type) {
    case 'prompt':
      return { lines: [prompt(command)] }
    case 'interrupt':
      return { lines: [request('interrupt', '', command.id, { subtype: 'interrupt' })] }
    case 'answer_permission':
      return { lines: answerPermission(state, command) }
    case 'answer_questions':
      return { lines: [answerQuestions(state, command)] }
    case 'set_model': {
      const { id } = command
      const model = command.model ?? OWN_MODEL
      return { lines: [request('model', model, id, { subtype: 'set_model', model })] }
    }
    case 'set_mode':
      return { lines: setMode(state, command) }
    case 'set_effort': {
      const { id, effort } = command
      const settings = { effortLevel: effort }
      return { lines: [request('effort', effort ?? '', id, { subtype: 'apply_flag_settings', settings })] }
    }
    case 'stop_task': {
      const { id, agentId } = command
      return { lines: [request('stop', '', id, { subtype: 'stop_task', task_id: agentId })] }
    }
    case 'get_context_usage':
      return { lines: [request('context', '', command.id, { subtype: 'get_context_usage', detail: 'summary' })] }
  }
}

/** Claude Code's word for the model that it would take by itself. */
const OWN_MODEL = 'default'

/** A text that begins with `/` and the name of a command is that command; any other goes to the model as it is. */
function prompt({ messageId, content }: Of<'prompt'>): Line {
  const [first, ...more] = content
  // Commands are seen only in a plain text.
  const message = first?.type === 'text' && more.length === 0 ? first.text : content.map(contentBlock)
  const line = JSON.stringify({
    type: 'user',
    message: { role: 'user', content: message },
    parent_tool_use_id: null,
    session_id: '',
    uuid: messageId,
  })
  return { key: messageId, line }
}

function contentBlock(block: ContentBlock): Json {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text }
    case 'image':
      if (block.data === undefined)
        throw new SkeinError('internal', 'sending an image to Claude Code: its bytes were not loaded')
      return { type: 'image', source: { type: 'base64', media_type: block.mimeType, data: block.data } }
    case 'resource_link':
      return { type: 'text', text: block.name === undefined ? block.uri : `[${block.name}](${block.uri})` }
  }
}

function answerPermission(state: ClaudeState, command: Of<'answer_permission'>): Line[] {
  const { id, requestId, answer, options, input } = command
  if (answer.outcome === 'deny') return [respond(id, requestId, deny(answer.feedback, answer.interrupt === true))]
  // Older versions take an allowance without input for none.
  const given = answer.updatedInput ?? input
  const ask = state.asks.find((open) => open.requestId === requestId)
  if (ask?.kind === 'plan' || answer.plan !== undefined || answer.nextMode !== undefined)
    return approvePlan(state, command, object(given))
  const suggestion = options.find(({ optionId }) => optionId === answer.optionId)?.suggestion
  return [
    respond(id, requestId, {
      behavior: 'allow',
      updatedInput: given,
      ...(suggestion === undefined ? {} : { updatedPermissions: [{ ...object(suggestion), destination: 'session' }] }),
    }),
  ]
}

/** A plan that is approved says how to go on: in the sandbox where there is one, unless the person chose another mode. */
function approvePlan(state: ClaudeState, { id, requestId, answer }: Of<'answer_permission'>, input: Json): Line[] {
  if (answer.outcome !== 'allow') return []
  const mode = answer.nextMode ?? (state.sandbox === 'on' ? 'sandboxed' : 'ask')
  if (mode === 'bypass') requireIsolation(state.mayBypass)
  const allowed = respond(id, requestId, {
    behavior: 'allow',
    updatedInput: answer.plan === undefined ? input : { ...input, plan: answer.plan },
    updatedPermissions: [{ type: 'setMode', mode: nativeMode(mode), destination: 'session' }],
  })
  return [...switchSandbox(state, mode, id), allowed]
}

function deny(feedback: string | undefined, interrupt: boolean): Json {
  return { behavior: 'deny', message: feedback || DENIED, interrupt }
}

function answerQuestions(state: ClaudeState, { id, requestId, input, answer }: Of<'answer_questions'>): Line {
  const isForm = state.asks.some((open) => open.requestId === requestId && open.kind === 'form')
  if (isForm)
    return respond(
      id,
      requestId,
      answer.outcome === 'answered' ? { action: 'accept', content: answer.answers } : { action: 'decline' },
    )
  if (answer.outcome === 'declined') return respond(id, requestId, deny(answer.feedback, false))
  const { answers, annotations } = answer
  return respond(id, requestId, {
    behavior: 'allow',
    updatedInput: { ...object(input), answers, ...(annotations === undefined ? {} : { annotations }) },
  })
}

function setMode(state: ClaudeState, { id, mode }: Of<'set_mode'>): Line[] {
  if (mode === 'bypass') requireIsolation(state.mayBypass)
  const change = request('mode', mode, id, { subtype: 'set_permission_mode', mode: nativeMode(mode) })
  return [...switchSandbox(state, mode, id), change]
}

/** The sandbox is a setting beside the mode. What it forbids was given at the start and stays. */
function switchSandbox(state: ClaudeState, mode: Of<'set_mode'>['mode'], id: string): Line[] {
  const wanted = wantsSandbox(mode) ? 'on' : 'off'
  if (state.sandbox === 'unavailable' || state.sandbox === wanted) return []
  const settings = { sandbox: { enabled: wanted === 'on' } }
  const line = request('sandbox', wanted, id, { subtype: 'apply_flag_settings', settings })
  return [{ key: `${line.key}:sandbox`, line: line.line }]
}

function request(verb: Parameters<typeof requestLine>[0]['verb'], argument: string, id: string, body: Json): Line {
  return { key: id, line: requestLine({ verb, argument: argument.replaceAll(':', '_'), id }, body) }
}

function respond(id: string, requestId: string, response: Json): Line {
  const envelope = { subtype: 'success', request_id: requestId, response }
  return { key: id, line: JSON.stringify({ type: 'control_response', response: envelope }) }
}
