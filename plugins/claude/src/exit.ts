import type { DecodedEvent, ProcessExit, Recovery } from '@skein/plugin-api'
import { expireAsks } from './decode/asks.ts'
import { Fold } from './decode/fold.ts'
import { endTasks } from './decode/tasks.ts'
import type { ClaudeState } from './state.ts'
import { plain } from './terminal-text.ts'

/** The process has ended: closes what it left open, and says how to go on. */
export function exit(
  state: ClaudeState,
  ended: ProcessExit,
): { state: ClaudeState; events: DecodedEvent[]; recovery: Recovery } {
  const recovery = recoveryOf(state, ended)
  const fold = new Fold(state)
  closeAll(fold, ended)
  // What only lay in its queue is lost with it; and a conversation that it does not know holds no messages.
  fold.state.messages = recovery.how === 'new' ? [] : fold.state.messages.filter((message) => message.state !== 'sent')
  return { state: fold.state, events: fold.events, recovery }
}

function closeAll(fold: Fold, ended: ProcessExit): void {
  const { state } = fold
  expireAsks(fold)
  for (const tool of state.tools) {
    fold.placeIn(tool.agentId, tool.parentToolCallId)
    fold.emit({ type: 'tool_call_update', toolCallId: tool.id, status: 'failed' })
  }
  fold.placeIn(undefined, undefined)
  state.tools = []
  endTasks(fold, state.tasks)
  if (state.compaction.phase === 'running') {
    const compactionId = `${state.epoch}-${state.compaction.count}`
    state.compaction = { ...state.compaction, phase: 'none' }
    fold.emit({ type: 'compaction_update', compactionId, status: 'failed' })
  }
  state.streams = []
  state.ready = false
  const { turn } = state
  if (!turn) return
  state.turn = undefined
  const message = `Claude Code ended in the middle of a turn (${howItEnded(ended)})`
  fold.emit(
    turn.interrupted
      ? { type: 'turn_ended', stopReason: 'cancelled', detail: message }
      : {
          type: 'turn_ended',
          stopReason: 'process_lost',
          detail: message,
          error: turn.error ?? { code: 'process', message, retryable: true },
        },
  )
}

function recoveryOf(state: ClaudeState, ended: ProcessExit): Recovery {
  if (ended.reason === 'stopped' || ended.reason === 'lease' || ended.reason === 'timeout') return { how: 'none' }
  const said = [state.startupFailure?.message, plain(ended.stderrTail ?? ''), ended.message].filter(Boolean).join('\n')
  if (ended.reason === 'start_failed') return hopeless('startup', said || 'it could not be started')
  if (!state.turn) {
    if (/No conversation found/i.test(said)) return { how: 'new' }
    if (/Session ID .* already in use/i.test(said)) return { how: 'resume' }
    const known = startupFailure(state.startupFailure?.reason, said)
    if (known) return known
    // It died before it said a word, and not by a signal: it would again.
    if (!state.ready && ended.reason === 'exited' && ended.code !== 0 && !wasKilled(ended))
      return hopeless('process', said || `it ended at once (${howItEnded(ended)})`)
  }
  const unfinished = state.messages.some((message) => message.state === 'sent' || message.state === 'started')
  const open = state.turn || state.asks.length > 0 || state.tasks.length > 0 || unfinished
  return open || ended.reason === 'torn_input' ? { how: 'resume' } : { how: 'none' }
}

/** Failures that a second start would only repeat, and what to do about each. */
const FAILURES: readonly {
  says: RegExp
  code: Extract<Recovery, { how: 'give_up' }>['error']['code']
  next: string
}[] = [
  {
    says: /not logged in|\/login|invalid api key|authenticat|oauth token/i,
    code: 'auth',
    next: 'Log in on that machine with `claude /login`, or give ANTHROPIC_API_KEY.',
  },
  {
    says: /credit balance|billing/i,
    code: 'billing',
    next: 'Look at the account’s billing page, then send the prompt again.',
  },
  {
    says: /unknown option|unknown argument|invalid.*--/i,
    code: 'startup',
    next: 'This Claude Code is too old for Skein. Run `claude update` on that machine.',
  },
  {
    says: /settings|config_file_invalid|configuration/i,
    code: 'startup',
    next: 'Look at the settings files that the message names, and at ~/.claude.json, on that machine.',
  },
  {
    says: /dangerously-skip-permissions/i,
    code: 'startup',
    next: 'Choose another permission mode, or do not run the agent as root.',
  },
]

function startupFailure(reason: string | undefined, said: string): Recovery | undefined {
  if (said === '' && reason === undefined) return undefined
  const failure = FAILURES.find(({ says }) => says.test(said) || (reason !== undefined && says.test(reason)))
  if (!failure) return reason === undefined ? undefined : hopeless('startup', said || reason)
  return { how: 'give_up', error: { code: failure.code, message: describe(said), next: failure.next } }
}

function hopeless(code: 'startup' | 'process', said: string): Recovery {
  const next = 'Run `claude --version` and `claude -p hello` on that machine to see what it says, or `skein doctor`.'
  return { how: 'give_up', error: { code, message: describe(said), next } }
}

function describe(said: string): string {
  return `starting Claude Code failed: ${said.trim()}`
}

/** A shell reports a signal as 128 and its number. */
function wasKilled({ code, signal }: ProcessExit): boolean {
  return signal !== undefined || code === null || code > 128
}

function howItEnded({ code, signal, reason, message }: ProcessExit): string {
  if (message !== undefined) return message
  if (signal !== undefined) return signal
  return code === null ? reason : `exit code ${code}`
}
