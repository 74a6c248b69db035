import { randomUUID } from 'node:crypto'
import { uuidFrom } from '@skein/engine'
import { SkeinError, type Workspace } from '@skein/protocol'
import type { Skein } from '../skein.ts'
import { collectArtifacts } from './artifacts.ts'
import { cleanUp } from './cleanup.ts'
import { followTurn } from './follow.ts'
import type { RunOptions } from './options.ts'
import { judge, stopped } from './outcome.ts'
import type { RunEvent, RunResult } from './result.ts'
import type { Stop } from './stop.ts'
import { nothingYet, turnResult } from './turn-result.ts'
import { prepareWorkplace, sessionOptions } from './workplace.ts'

/**
 * One prompt, from its options to its result: repositories and machine, workspace and agent, what it said and did, what was asked to be
 * brought back, and the end of all of it. Throws for what could not be set up, and then nothing is left of it.
 */
export async function perform(
  { api, parts }: Skein,
  options: RunOptions,
  stop: Stop,
  emit: (event: RunEvent) => void,
): Promise<RunResult> {
  const startedAt = Date.now()
  const key = options.key ?? randomUUID()
  const workspaceKey = uuidFrom(key, 'workspace')
  const mayOutliveUs = options.key !== undefined || options.keep === true
  if (!mayOutliveUs) parts.hold(workspaceKey)
  let mustBeEnded = false
  try {
    const made = await orStopped(stop, async () => {
      const place = await prepareWorkplace(api, key, options, stop.signal)
      const session = await sessionOptions(api, options, place.on, stop.signal)
      stop.signal.throwIfAborted()
      return await api.call('workspaces.create', {
        key: workspaceKey,
        ...place,
        ...(options.name === undefined ? {} : { name: options.name }),
        session,
        prompt: [{ type: 'text', text: options.prompt }],
      })
    })
    if (made === undefined)
      return {
        ...nothingYet(startedAt, stop),
        destroyed: true,
        error: stopped(stop.reason ?? 'cancelled', stop.detail),
      }
    // What a repeated key answers is how it was then.
    const workspace = await api.call('workspaces.get', { workspace: made.id })
    const result = await finish({ api, parts }, { options, stop, emit, workspace, key, startedAt })
    mustBeEnded = !result.destroyed
    return result
  } finally {
    // What could not be confirmed to be gone is for whoever has the home next.
    if (!mayOutliveUs && !mustBeEnded) parts.release(workspaceKey)
  }
}

interface Made {
  options: RunOptions
  stop: Stop
  emit(event: RunEvent): void
  workspace: Workspace
  key: string
  startedAt: number
}

async function finish({ api }: Pick<Skein, 'api' | 'parts'>, made: Made): Promise<RunResult> {
  const { options, stop, emit, workspace, key, startedAt } = made
  const sessionId = workspace.sessions[0]?.id ?? ''
  const destroy = () => (options.keep ? Promise.resolve({ destroyed: false }) : cleanUp(api, key, workspace.id))
  let end: Awaited<ReturnType<typeof followTurn>>
  try {
    end = await followTurn({ api, workspace, sessionId, after: 0, stop, onAsk: options.onAsk, emit })
  } catch (error) {
    await destroy()
    throw error
  }
  const endedAt = Date.now()
  if (end.workspace.state === 'failed' && stop.reason === undefined) {
    await destroy()
    throw couldNotBeMade(end.workspace)
  }
  const judgement = judge(end, stop)
  const mayRead = end.workspace.state === 'ready' && judgement.outcome !== 'cancelled'
  // Its agent ends while what it made is read.
  if (mayRead) void api.call('sessions.hibernate', { key: randomUUID(), sessionId }).catch(() => undefined)
  const artifacts = mayRead
    ? await collectArtifacts(api, end.workspace, options.artifacts ?? []).catch(async (error: unknown) => {
        await destroy()
        throw error
      })
    : []
  emit({ type: 'finished', result: turnResult(end, judgement, { artifacts, startedAt, endedAt, sessionId }) })
  const cleanup = await destroy()
  return { ...turnResult(end, judgement, { artifacts, startedAt, endedAt, sessionId }), ...cleanup }
}

/** undefined: it was told to stop before there was anything. */
async function orStopped<T>(stop: Stop, work: () => Promise<T>): Promise<T | undefined> {
  try {
    if (stop.reason === undefined) return await work()
  } catch (error) {
    if (stop.reason === undefined) throw error
  }
  return undefined
}

/** Why, with the code of what went wrong. */
export function couldNotBeMade(workspace: Workspace): SkeinError {
  const step = workspace.steps.find(({ state }) => state === 'failed')
  const { code = 'conflict', message = 'no reason is known', next } = workspace.problem ?? {}
  return new SkeinError(code, `the workspace could not be made: ${message}`, {
    next,
    details: { workspaceId: workspace.id, ...(step ? { step: step.name } : {}) },
  })
}
