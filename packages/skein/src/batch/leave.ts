import { randomUUID } from 'node:crypto'
import { type SkeinApi, SkeinError } from '@skein/protocol'
import type { Leftover, RequestOutcome } from './outcome.ts'

/**
 * What stays of a request that has ended: `changed`: the workspace if it holds changes; `branch`: its changes as a commit on its
 * branch; `workspace`: the workspace in any case; `nothing`. What goes can be restored for 30 days.
 */
export type KeepPolicy = 'changed' | 'branch' | 'workspace' | 'nothing'

/** Takes away what nobody needs, and ends the idle agent of what stays. May be repeated. */
export async function leaveBehind(
  api: SkeinApi,
  outcome: Pick<RequestOutcome, 'workspaceId' | 'sessionId' | 'files' | 'status' | 'error'>,
  policy: KeepPolicy,
): Promise<Leftover> {
  const { workspaceId, sessionId, files, status, error } = outcome
  if (workspaceId === undefined) return 'nothing'
  const changed = files.length > 0
  // Whoever is to find out what happened needs to see it.
  const unclear = (['unknown', 'cancelled'].includes(status) || error?.class === 'setup') && policy !== 'nothing'
  const stays = policy === 'workspace' || unclear || (policy === 'changed' && changed)
  if (stays) {
    if (sessionId !== undefined) await api.call('sessions.hibernate', { key: randomUUID(), sessionId }).catch(onlySkein)
    return 'workspace'
  }
  const keepBranch = policy === 'branch' && changed
  try {
    await api.call('workspaces.remove', {
      key: randomUUID(),
      workspaceId,
      confirm: true,
      ...(keepBranch ? { keepBranch: true } : { wait: false }),
    })
  } catch (error) {
    onlySkein(error)
    return 'workspace'
  }
  return keepBranch ? 'branch' : 'nothing'
}

/** A busy session goes on, a workspace that cannot go now stays: both are told of by themselves. */
function onlySkein(error: unknown): void {
  if (!(error instanceof SkeinError)) throw error
}
