import type { AgentError, StopReason } from '@skein/plugin-api'
import { classifyFailure } from '../failure.ts'
import { type Json, number, object, objects, present, string, strings } from '../json.ts'
import { modeId } from '../modes.ts'
import type { KnownMessage } from '../state.ts'
import { fingerprint } from '../state.ts'
import type { Fold } from './fold.ts'

/** `system/init`: comes once a turn and says with what it begins. A second one within a turn begins nothing. */
export function turnBegins(fold: Fold, message: Json): void {
  const { state } = fold
  state.ready = true
  state.cwd = string(message.cwd) ?? state.cwd
  state.model = string(message.model) ?? state.model
  tellInfo(fold, message)
  tellCommands(fold, message)
  modeReported(fold, string(message.permissionMode))
  if (state.turn) return
  const given = strings(message.user_message_uuids)
  // Versions that do not say: what has been started and belongs to no turn yet.
  const ids = given.length > 0 ? given : state.messages.filter((known) => known.state === 'started').map(({ id }) => id)
  openTurn(fold, ids)
}

function openTurn(fold: Fold, messageIds: string[]): void {
  const { state } = fold
  const origin = messageIds.length > 0 ? 'user' : state.taskEnded ? 'task' : 'schedule'
  state.turn = { messageIds, interrupted: false, error: undefined }
  state.taskEnded = false
  state.lines = []
  fold.emit({ type: 'turn_started', origin, messageIds })
}

/** `result`: the end of a turn. Without a turn it is a start that failed, which the exit of the process will tell. */
export function turnEnds(fold: Fold, message: Json): void {
  const { state } = fold
  const failed = message.is_error === true
  const errors = strings(message.errors).filter((error) => !error.startsWith('[ede_diagnostic]'))
  if (!state.turn && failed && !number(message.num_turns)) {
    state.startupFailure = { reason: string(message.startup_failure_reason), message: errors.join('\n') }
    return
  }
  if (!state.turn) openTurn(fold, strings(message.user_message_uuids))
  const costDelta = tellUsage(fold, message)
  closeTools(fold)

  const interrupted = state.turn?.interrupted === true
  const stopReason = stopReasonOf(message, interrupted)
  const said = string(message.result)
  const error = stopReason === 'error' ? (state.turn?.error ?? failureOf(message, errors, said, fold)) : undefined
  const denials = objects(message.permission_denials).flatMap((denial) => string(denial.tool_name) ?? [])
  state.turn = undefined
  // Only sub-agents that go on in the background have more to say.
  const running = new Set(state.tasks.map((task) => task.toolCallId))
  state.streams = state.streams.filter(({ parentToolCallId: parent }) => parent !== undefined && running.has(parent))
  fold.emit({
    type: 'turn_ended',
    stopReason,
    costDelta,
    ...present({
      detail: detailOf(message, errors, stopReason),
      error,
      result: failed ? undefined : said,
      structuredOutput: message.structured_output,
      durationMs: number(message.duration_ms),
      forkAt: state.saidAt,
    }),
    ...(denials.length > 0 ? { denials } : {}),
  })
}

const TERMINAL: ReadonlyMap<string, StopReason> = new Map([
  ['aborted_streaming', 'cancelled'],
  ['aborted_tools', 'cancelled'],
  ['max_turns', 'max_turn_requests'],
  ['budget_exhausted', 'budget'],
  ['prompt_too_long', 'context_full'],
  ['blocking_limit', 'context_full'],
  ['rapid_refill_breaker', 'context_full'],
  ['stop_hook_prevented', 'hook'],
  ['hook_stopped', 'hook'],
  ['image_error', 'error'],
  ['model_error', 'error'],
  ['api_error', 'error'],
  ['malformed_tool_use_exhausted', 'error'],
  ['structured_output_retry_exhausted', 'error'],
  ['turn_setup_failed', 'error'],
])

const SUBTYPE: ReadonlyMap<string, StopReason> = new Map([
  ['error_max_turns', 'max_turn_requests'],
  ['error_max_budget_usd', 'budget'],
  ['error_max_structured_output_retries', 'error'],
])

function stopReasonOf(message: Json, interrupted: boolean): StopReason {
  const terminal = TERMINAL.get(string(message.terminal_reason) ?? '') ?? SUBTYPE.get(string(message.subtype) ?? '')
  if (terminal !== undefined) return terminal
  if (interrupted && (message.is_error === true || message.terminal_reason === undefined)) return 'cancelled'
  if (message.is_error === true) return 'error'
  const stop = message.stop_reason
  return stop === 'max_tokens' || stop === 'refusal' ? stop : 'end_turn'
}

function detailOf(message: Json, errors: string[], stopReason: StopReason): string | undefined {
  if (errors.length > 0) return errors.join('\n')
  return stopReason === 'end_turn' ? undefined : string(message.terminal_reason)
}

function failureOf(message: Json, errors: string[], said: string | undefined, fold: Fold): AgentError {
  return classifyFailure({
    status: number(message.api_error_status),
    connection: string(message.api_error),
    message: errors.join('\n') || said || 'the turn failed',
    resetsAt: fold.state.limitResetsAt,
  })
}

/** Answers what this turn has cost, US dollars. */
function tellUsage(fold: Fold, message: Json): number {
  const { state } = fold
  const models = Object.entries(object(message.modelUsage)).map(([name, usage]) => [name, object(usage)] as const)
  const reported = number(message.total_cost_usd) ?? state.reportedCost
  const costDelta = costOfTurn(message, reported, state.reportedCost)
  state.reportedCost = reported
  state.cost = roundCost(state.cost + costDelta)
  const main = models.find(([name]) => name === state.model)?.[1] ?? models[0]?.[1]
  state.context = { used: state.context.used, size: number(main?.contextWindow) ?? state.context.size }
  const basis = models.some(([, usage]) => usage.costBasis === 'managed') ? 'managed' : 'list'
  const byModel = Object.fromEntries(
    models.map(([name, usage]) => [
      name,
      {
        input: number(usage.inputTokens) ?? 0,
        output: number(usage.outputTokens) ?? 0,
        ...present({
          cacheRead: number(usage.cacheReadInputTokens),
          cacheWrite: number(usage.cacheCreationInputTokens),
          cost: number(usage.costUSD),
        }),
      },
    ]),
  )
  fold.emit({
    type: 'usage_update',
    ...present(state.context),
    cost: { amount: state.cost, currency: 'USD', basis },
    ...(models.length > 0 ? { byModel } : {}),
  })
  return costDelta
}

/**
 * The reported total goes on over resumes and forks if the process before ended in peace, and begins anew if it was killed.
 * Newer versions say what came since the last result, which is right in every case; for the others the difference has to do.
 */
function costOfTurn(message: Json, reported: number, before: number): number {
  const since = message.model_usage_since_last_result
  if (since === undefined) return roundCost(reported < before ? reported : reported - before)
  const models = Object.values(object(since)).map(object)
  return roundCost(models.reduce((cost, usage) => cost + (number(usage.costUSD) ?? 0), 0))
}

function roundCost(dollars: number): number {
  return Math.round(dollars * 1e9) / 1e9
}

/** A call of the main conversation has its result before its turn ends; one without will have none. */
function closeTools(fold: Fold): void {
  const { state } = fold
  const left = state.tools.filter((tool) => tool.parentToolCallId === undefined)
  for (const { id } of left) fold.emit({ type: 'tool_call_update', toolCallId: id, status: 'failed' })
  state.tools = state.tools.filter((tool) => tool.parentToolCallId !== undefined)
}

const RANK: Record<KnownMessage['state'], number> = { sent: 0, started: 1, completed: 2, cancelled: 2 }
const KEPT_MESSAGES = 64

/** What has become of a message of ours. It only ever goes forward. */
export function messageReached(fold: Fold, id: string, reached: KnownMessage['state']): void {
  const { state } = fold
  const known = state.messages.find((message) => message.id === id)
  if (known && RANK[known.state] >= RANK[reached]) return
  state.messages = [...state.messages.filter((message) => message.id !== id), { id, state: reached }].slice(
    -KEPT_MESSAGES,
  )
  fold.emit({ type: 'user_message_update', messageId: id, state: reached })
}

export function modeReported(fold: Fold, native: string | undefined): void {
  if (native === undefined) return
  fold.state.nativeMode = native
  const mode = modeId(native, fold.state.sandbox)
  if (mode === fold.state.mode) return
  fold.state.mode = mode
  fold.emit({ type: 'current_mode_update', modeId: mode })
}

function tellInfo(fold: Fold, message: Json): void {
  const { state } = fold
  const mcpServers = objects(message.mcp_servers).map((server) => ({
    name: string(server.name) ?? '',
    status: string(server.status) ?? '',
  }))
  const info = present({
    model: state.model,
    nativeSessionId: string(message.session_id),
    agentVersion: string(message.claude_code_version),
    tools: strings(message.tools),
    mcpServers,
    credentialSource: string(message.apiKeySource),
  })
  const print = fingerprint(info)
  if (state.told.info === print) return
  state.told.info = print
  fold.emit({ type: 'session_info_update', ...info })
}

/** Only a turn's beginning says which commands need a terminal; only `initialize` says what they do. */
function tellCommands(fold: Fold, message: Json): void {
  const { state } = fold
  const unusable = new Set(strings(message.terminal_slash_commands))
  const names = strings(message.slash_commands).filter((name) => !unusable.has(name))
  const print = fingerprint(names)
  if (names.length === 0 || state.told.commands === print) return
  state.told.commands = print
  const described = state.commands
  state.commands = undefined
  fold.emit({
    type: 'available_commands_update',
    commands: names.map((name) => described?.find((command) => command.name === name) ?? { name }),
  })
}
