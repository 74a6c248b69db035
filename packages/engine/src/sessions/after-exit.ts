import type { AgentPlugin } from '@skein/plugin-api'
import type { AgentEvent, ProcessExit } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { uuidFrom } from '../identity.ts'
import type { SessionTable } from '../store/schema.ts'
import { foldExit } from './fold.ts'
import type { Entry, SessionLog, SessionUpdate } from './log.ts'
import { insertPrompt } from './prompts.ts'

/** A lost process is started again this often for one prompt of a person's. */
export const MAX_RECOVERIES = 3
/** Events of a process's end come after all of its lines. */
const EXIT_OFFSET = Number.MAX_SAFE_INTEGER

const RESUME =
  'The agent process ended unexpectedly in the middle of this turn and was started again. A tool call that was running may or may not have taken effect: check the state of the work, then continue where you left off.'

/** Why a session cannot go on by itself. Its waiting prompts end with this reason; the next prompt of a person clears it. */
export interface SessionProblem {
  code: 'auth' | 'billing' | 'startup' | 'process' | 'unknown'
  message: string
  next?: string
}

/**
 * The process is gone and its journal is folded to the end. One transaction closes what was open and says how to go on, so that
 * there is no moment at which a lost turn has neither an end nor a successor.
 */
export async function recordExit(
  context: EngineContext,
  log: SessionLog,
  row: SessionTable,
  agent: AgentPlugin,
  exit: ProcessExit,
  epoch: number,
): Promise<void> {
  const turn = log.fold.turn
  const asked = exit.reason === 'stopped' || exit.reason === 'lease' || row.interrupt_at !== null
  const { recovery } = foldExit(log.fold, agent, exit, epoch)
  const lost = recovery.how !== 'give_up' && turn !== null && !asked
  const problem: SessionProblem | undefined =
    recovery.how === 'give_up'
      ? recovery.error
      : lost && row.recoveries >= MAX_RECOVERIES
        ? lostTooOften(row.recoveries, exit.message)
        : undefined
  const resume = lost && !problem ? resumption(log.id, `${turn.id}:${epoch}`) : undefined
  const update: SessionUpdate = {
    process_state: 'exited',
    pid: null,
    ...(recovery.how === 'new' ? { has_conversation: 0 } : {}),
    ...(problem ? { problem: JSON.stringify(problem) } : {}),
    ...(resume ? { recoveries: row.recoveries + 1 } : {}),
  }
  await log.append(
    (fold) => {
      const ended = foldExit(fold, agent, exit, epoch)
      const entries: Entry[] = ended.events.map((placed, n) => ({
        placed,
        at: exit.at,
        src: { epoch, offset: EXIT_OFFSET, n },
      }))
      if (resume) entries.push({ placed: { event: resume }, at: context.clock.now() })
      return { fold: ended.fold, entries, durableAgent: { state: ended.fold.agent }, update }
    },
    (raw) => {
      // What was handed over and is in no turn is handed over again; the agent knows a message that it has by its id.
      raw
        .prepare(
          `update prompts set state = 'queued', attempts = attempts + 1, epoch = null
           where session_id = ? and (state in ('sent', 'started') or (state = 'queued' and epoch is not null))`,
        )
        .run(log.id)
      raw
        .prepare(`update asks set state = 'expired' where session_id = ? and state = 'open' and epoch <= ?`)
        .run(log.id, epoch)
      if (resume) insertPrompt(raw, context, log.id, resume)
    },
  )
}

/**
 * The agent had begun a prompt before it died, and takes its repetition for done: it is told to go on instead. The prompt is done
 * with, in the same transaction.
 */
export async function goOnAfterSwallowed(
  context: EngineContext,
  log: SessionLog,
  row: SessionTable,
  promptId: string,
): Promise<void> {
  const tooOften = row.recoveries >= MAX_RECOVERIES
  const resume = resumption(log.id, promptId)
  await log.append(
    (fold) => ({
      fold,
      entries: tooOften ? [] : [{ placed: { event: resume }, at: context.clock.now() }],
      update: tooOften ? { problem: JSON.stringify(lostTooOften(row.recoveries)) } : { recoveries: row.recoveries + 1 },
    }),
    (raw) => {
      raw.prepare(`update prompts set state = 'completed' where id = ?`).run(promptId)
      if (!tooOften) insertPrompt(raw, context, log.id, resume)
    },
  )
}

/** Named by the death that it follows: one resumption for each. */
function resumption(sessionId: string, death: string): AgentEvent & { type: 'user_message' } {
  return {
    type: 'user_message',
    messageId: uuidFrom(sessionId, 'resume', death),
    content: [{ type: 'text', text: RESUME }],
    state: 'queued',
    origin: 'resume',
  }
}

function lostTooOften(recoveries: number, why?: string): SessionProblem {
  return {
    code: 'process',
    message: `the agent process was lost ${recoveries + 1} times in this turn${why === undefined ? '' : `; the last time: ${why}`}`,
    next: 'Look at the transcript, then prompt again to go on.',
  }
}
