import type { AttemptEnd } from './attempt.ts'
import type { RequestOutcome } from './outcome.ts'
import type { RecordedRequest } from './record.ts'
import type { NamedRequest } from './request.ts'

/** What an attempt left behind. */
export function leftOf(
  end: AttemptEnd,
): Pick<RequestOutcome, 'workspaceId' | 'workspace' | 'branch' | 'sessionId' | 'files' | 'artifacts'> {
  const { workspaceId, workspace, branch, sessionId, files, artifacts } = end
  return {
    ...(workspaceId === undefined ? {} : { workspaceId }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(branch === undefined ? {} : { branch }),
    ...(sessionId === undefined ? {} : { sessionId }),
    files,
    artifacts,
  }
}

/** The outcome of a request whose last attempt has ended. */
export function outcomeOf(
  { index, id, tag }: NamedRequest,
  end: AttemptEnd,
  recorded: RecordedRequest,
  now: number,
): RequestOutcome {
  const { status, text, structured, failure, inputTokens, outputTokens } = end
  return {
    index,
    id,
    ...(tag === undefined ? {} : { tag }),
    status,
    text,
    ...(structured === undefined ? {} : { structured }),
    ...(failure === undefined ? {} : { error: failure }),
    attempts: recorded.attempt,
    costUsd: recorded.costUsd + end.costUsd,
    inputTokens,
    outputTokens,
    ...(recorded.startedAt === undefined ? {} : { startedAt: recorded.startedAt }),
    endedAt: now,
    ...leftOf(end),
  }
}

/** The outcome of a request that was not begun, or whose attempts came to nothing before the batch ended. */
export function openOutcome({ index, id, tag }: NamedRequest, recorded: RecordedRequest): RequestOutcome {
  const { attempt, costUsd, failure, startedAt } = recorded
  return {
    index,
    id,
    ...(tag === undefined ? {} : { tag }),
    status: failure?.code === 'cancelled' ? 'cancelled' : 'not_started',
    text: '',
    ...(failure ? { error: failure } : {}),
    attempts: attempt,
    costUsd,
    inputTokens: 0,
    outputTokens: 0,
    ...(startedAt === undefined ? {} : { startedAt }),
    files: [],
    artifacts: [],
  }
}
