import { type Json, number, object, objects, present, string } from '../json.ts'
import { MODES, modeId, wantsSandbox } from '../modes.ts'
import { type OurRequest, parseRequestId, parseStarted } from '../requests.ts'
import { plain } from '../terminal-text.ts'
import { answerEchoed, asked } from './asks.ts'
import type { Fold } from './fold.ts'
import { modeReported } from './turn.ts'

/** `control_response`: an answer to a request of ours, or an answer of ours written back. */
export function controlAnswered(fold: Fold, message: Json): void {
  const envelope = object(message.response)
  const requestId = string(envelope.request_id) ?? ''
  const ours = parseRequestId(requestId)
  if (!ours) answerEchoed(fold, requestId, envelope)
  else if (envelope.subtype === 'error') refused(fold, ours, string(envelope.error) ?? 'no reason given')
  else granted(fold, ours, object(envelope.response), envelope)
}

const DOING: Record<OurRequest['verb'], string> = {
  initialize: 'be greeted',
  interrupt: 'interrupt the turn',
  model: 'change the model',
  mode: 'change the permission mode',
  effort: 'change the effort',
  sandbox: 'change the sandbox',
  stop: 'stop the task',
  context: 'say how full its context is',
}

function refused(fold: Fold, { verb }: OurRequest, why: string): void {
  fold.emit({
    type: 'notice',
    severity: 'warning',
    title: `Claude Code did not ${DOING[verb]}`,
    detail: plain(why),
    code: `refused_${verb}`,
  })
}

function granted(fold: Fold, { verb, argument }: OurRequest, answer: Json, envelope: Json): void {
  const { state } = fold
  switch (verb) {
    case 'initialize':
      initialized(fold, argument, answer, envelope)
      return
    case 'interrupt':
      if (state.turn) state.turn = { ...state.turn, interrupted: true }
      return
    case 'sandbox':
      // The change of mode that it belongs to tells the mode.
      state.sandbox = argument === 'on' ? 'on' : 'off'
      return
    case 'model': {
      const model = string(answer.model) ?? argument
      state.model = model
      fold.emit({ type: 'session_info_update', model })
      return
    }
    case 'mode':
      modeChanged(fold, argument, string(answer.mode))
      return
    case 'context': {
      state.context = {
        used: number(answer.totalTokens) ?? state.context.used,
        size: number(answer.maxTokens) ?? state.context.size,
      }
      fold.emit({ type: 'usage_update', ...present(state.context) })
      return
    }
    case 'effort':
    case 'stop':
  }
}

/** Answers may overtake each other, so the sandbox is taken to be as the mode wants it, whose switch was sent with it. */
function modeChanged(fold: Fold, wanted: string, native: string | undefined): void {
  const { state } = fold
  const mode = MODES.find(({ id }) => id === wanted)?.id
  if (mode !== undefined && state.sandbox !== 'unavailable') state.sandbox = wantsSandbox(mode) ? 'on' : 'off'
  modeReported(fold, native)
}

/** The greeting's answer. Its request said how Claude Code was started: nothing else in the journal does. */
function initialized(fold: Fold, started: string, answer: Json, envelope: Json): void {
  const { state } = fold
  state.ready = true
  const { sandbox, mayBypass } = parseStarted(started)
  state.sandbox = sandbox
  state.mayBypass = mayBypass
  fold.emit({
    type: 'session_info_update',
    modes: MODES.map(({ id, name }) => ({ id, name })),
    ...present({
      agentVersion: string(answer.claude_code_version),
      credentialSource: string(object(answer.account).apiKeySource) ?? string(object(answer.account).tokenSource),
      models: modelsOf(answer),
    }),
  })
  state.commands = objects(answer.commands).flatMap((command) => {
    const name = string(command.name)
    if (name === undefined) return []
    const described = { description: string(command.description), hint: string(command.argumentHint) || undefined }
    return [{ name, ...present(described) }]
  })
  if (state.commands.length > 0) fold.emit({ type: 'available_commands_update', commands: state.commands })
  const mode = string(answer.current_permission_mode)
  if (mode !== undefined && modeId(mode, state.sandbox) !== state.mode) modeReported(fold, mode)
  for (const pending of objects(envelope.pending_permission_requests)) {
    const requestId = string(pending.request_id)
    if (requestId !== undefined) asked(fold, requestId, object(pending.request))
  }
}

function modelsOf(answer: Json): { id: string; name: string; description?: string }[] | undefined {
  const models = objects(answer.models).flatMap((model) => {
    const id = string(model.value)
    if (id === undefined) return []
    return [{ id, name: string(model.displayName) ?? id, ...present({ description: string(model.description) }) }]
  })
  return models.length > 0 ? models : undefined
}
