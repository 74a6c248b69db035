import type { AgentPlugin, DecodedEvent } from '@skein/plugin-api'
import type { AgentEvent, ProcessExit, Session } from '@skein/protocol'

/**
 * A session's state, folded from its journal. Plain JSON: it is stored with the cursor that it belongs to, so that the fold goes
 * on from there after any crash. Live and replay go through the same functions.
 */
export interface SessionFold {
  /** The agent plugin's own. */
  agent: unknown
  turns: number
  turn: { id: string; startedAt: number; messageIds: string[] } | null
  lastTurn: NonNullable<Session['lastTurn']> | null
  cost: number
  inputTokens: number
  outputTokens: number
  contextUsed: number | null
  contextSize: number | null
  model: string | null
  mode: string | null
  title: string | null
}

export const emptyFold: SessionFold = {
  agent: null,
  turns: 0,
  turn: null,
  lastTurn: null,
  cost: 0,
  inputTokens: 0,
  outputTokens: 0,
  contextUsed: null,
  contextSize: null,
  model: null,
  mode: null,
  title: null,
}

/** An event in its place, before it gets a number. */
export interface PlacedEvent extends DecodedEvent {
  turnId?: string
}

/** The fold before the first line of an epoch. */
export function beginEpoch(fold: SessionFold, agent: AgentPlugin, epoch: number): SessionFold {
  return { ...fold, agent: agent.start(epoch, fold.agent ?? undefined) }
}

/** One line of the agent's output. `at` is when it was seen. */
export function foldLine(
  fold: SessionFold,
  agent: AgentPlugin,
  line: string,
  at: number,
): { fold: SessionFold; events: PlacedEvent[] } {
  const decoded = agent.decode(fold.agent, line)
  return place({ ...fold, agent: decoded.state }, decoded.events, at)
}

/** The end of the agent's process, after its last line. */
export function foldExit(fold: SessionFold, agent: AgentPlugin, exit: ProcessExit, epoch: number) {
  const ended = agent.exit(fold.agent, exit)
  const placed = place({ ...fold, agent: ended.state }, ended.events, exit.at)
  const process: AgentEvent = {
    type: 'agent_process',
    state: exit.reason === 'lost' || exit.reason === 'torn_input' ? 'lost' : 'exited',
    epoch,
    exitCode: exit.code,
    reason: exit.message ?? exit.reason,
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    ...(exit.stderrTail ? { stderrTail: exit.stderrTail } : {}),
  }
  // A turn that the plugin left open is closed here: exactly one turn_ended a turn.
  const open: DecodedEvent[] = placed.fold.turn
    ? [{ event: { type: 'turn_ended', stopReason: 'process_lost', detail: exit.message ?? 'the agent process ended' } }]
    : []
  const closed = place(placed.fold, [{ event: process }, ...open], exit.at)
  return { fold: closed.fold, events: [...placed.events, ...closed.events], recovery: ended.recovery }
}

/** Gives each event its turn and folds it into the session's state. A second start or end of a turn is dropped. */
export function place(
  fold: SessionFold,
  decoded: readonly DecodedEvent[],
  at: number,
): { fold: SessionFold; events: PlacedEvent[] } {
  const events: PlacedEvent[] = []
  for (const item of decoded) {
    const { event } = item
    if (event.type === 'turn_started' && fold.turn) continue
    if (event.type === 'turn_ended' && !fold.turn) continue
    const before = fold.turn
    fold = reduce(fold, event, at)
    const turn = event.type === 'turn_ended' ? before : fold.turn
    events.push(turn ? { ...item, turnId: turn.id } : item)
  }
  return { fold, events }
}

function reduce(fold: SessionFold, event: AgentEvent, at: number): SessionFold {
  switch (event.type) {
    case 'turn_started': {
      const turns = fold.turns + 1
      return { ...fold, turns, turn: { id: `t${turns}`, startedAt: at, messageIds: event.messageIds } }
    }
    case 'turn_ended': {
      if (!fold.turn) return fold
      const { id, startedAt } = fold.turn
      return {
        ...fold,
        turn: null,
        cost: fold.cost + (event.costDelta ?? 0),
        lastTurn: {
          id,
          startedAt,
          endedAt: at,
          stopReason: event.stopReason,
          ...(event.error ? { error: { code: event.error.code, message: event.error.message } } : {}),
          ...(event.result === undefined ? {} : { result: event.result }),
          ...(event.structuredOutput === undefined ? {} : { structuredOutput: event.structuredOutput }),
          ...(event.costDelta === undefined ? {} : { cost: event.costDelta }),
        },
      }
    }
    case 'usage_update': {
      const models = Object.values(event.byModel ?? {})
      return {
        ...fold,
        contextUsed: event.used ?? fold.contextUsed,
        contextSize: event.size ?? fold.contextSize,
        inputTokens:
          models.length > 0
            ? models.reduce((sum, m) => sum + m.input + (m.cacheRead ?? 0) + (m.cacheWrite ?? 0), 0)
            : fold.inputTokens,
        outputTokens: models.length > 0 ? models.reduce((sum, m) => sum + m.output, 0) : fold.outputTokens,
      }
    }
    case 'current_mode_update':
      return { ...fold, mode: event.modeId }
    case 'session_info_update':
      return { ...fold, model: event.model ?? fold.model, title: event.title ?? fold.title }
    default:
      return fold
  }
}
