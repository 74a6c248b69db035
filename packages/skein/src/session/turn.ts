import { randomUUID } from 'node:crypto'
import { type SkeinApi, SkeinError } from '@skein/protocol'
import { collectArtifacts } from '../run/artifacts.ts'
import { checkAgent, checkPrompt, checkTurn } from '../run/check.ts'
import { followTurn } from '../run/follow.ts'
import { judge } from '../run/outcome.ts'
import type { RunEvent, TurnResult } from '../run/result.ts'
import { throwUnlessSucceeded } from '../run/start.ts'
import { Stop } from '../run/stop.ts'
import { turnResult } from '../run/turn-result.ts'
import type { PromptOptions } from './options.ts'

interface Turn {
  sessionId: string
  workspaceId: string
  prompt: string
  options: PromptOptions
  emit(event: RunEvent): void
}

/** Checks a prompt, then begins. */
export function startTurn(api: SkeinApi, turn: Turn): { stop: Stop; result: Promise<TurnResult> } {
  checkPrompt(turn.prompt)
  checkAgent(turn.options)
  checkTurn(turn.options)
  const stop = new Stop(turn.options)
  return { stop, result: perform(api, turn, stop) }
}

async function perform(api: SkeinApi, turn: Turn, stop: Stop): Promise<TurnResult> {
  const { sessionId, workspaceId, prompt, options, emit } = turn
  using _ = stop
  const startedAt = Date.now()
  const before = await api.call('workspaces.get', { workspace: workspaceId })
  const session = before.sessions.find(({ id }) => id === sessionId)
  if (!session || before.state !== 'ready')
    throw new SkeinError('conflict', `session ${sessionId}: its workspace is ${before.state}`, {
      next: 'Make another session.',
    })
  await wakeMachine(api, before.machine)
  const { messageId } = await api.call('sessions.prompt', {
    key: options.key ?? randomUUID(),
    sessionId,
    content: [{ type: 'text', text: prompt }],
    ...(options.secrets === undefined ? {} : { environment: { secrets: options.secrets } }),
  })
  // A prompt that was given before is followed from its beginning.
  const after = options.key === undefined ? session.seq : 0
  const followed = await followTurn({
    api,
    workspace: before,
    sessionId,
    after,
    messageId,
    stop,
    onAsk: options.onAsk,
    emit,
  })
  const endedAt = Date.now()
  const artifacts = stop.reason === 'cancelled' ? [] : await collectArtifacts(api, before, options.artifacts ?? [])
  const end = { ...followed, transcript: ofTurn(followed.transcript, followed.turn) }
  const result = turnResult(end, judge(end, stop), { artifacts, startedAt, endedAt, sessionId })
  if (options.throwOnFailure) throwUnlessSucceeded(result)
  return result
}

/** What was heard while other prompts were dealt with is not this one's. */
function ofTurn(transcript: TurnResult['transcript'], turn: unknown): TurnResult['transcript'][number][] {
  const turnId = transcript.find(({ event }) => event === turn)?.turnId
  const mine = turnId === undefined ? transcript : transcript.filter((one) => (one.turnId ?? turnId) === turnId)
  return [...mine]
}

async function wakeMachine(api: SkeinApi, machineId: string): Promise<void> {
  const machines = await api.call('machines.list', {})
  if (machines.find(({ id }) => id === machineId)?.state === 'stopped')
    await api.call('machines.start', { key: randomUUID(), machineId })
}
