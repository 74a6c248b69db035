import { type SkeinApi, SkeinError, type Workspace } from '@skein/protocol'

/** Waits until a workspace is made, or cannot be. */
export async function awaitReady(api: SkeinApi, workspace: Workspace, signal: AbortSignal): Promise<Workspace> {
  if (workspace.state !== 'creating') return workspace
  const closing = new AbortController()
  const until = AbortSignal.any([signal, closing.signal])
  try {
    for await (const change of api.subscribe('changes', { workspaceId: workspace.id }, until))
      if (change.type === 'workspace' && change.workspace.state !== 'creating') return change.workspace
  } finally {
    closing.abort()
  }
  throw new SkeinError('cancelled', 'making a session: it was cancelled', { cause: signal.reason })
}

const GONE_MS = 20_000

/** Waits until a session has no agent process. One that is at work after all is not waited for. */
export async function awaitAgentGone(api: SkeinApi, workspaceId: string, sessionId: string): Promise<void> {
  const closing = new AbortController()
  const until = AbortSignal.any([closing.signal, AbortSignal.timeout(GONE_MS)])
  try {
    for await (const change of api.subscribe('changes', { workspaceId }, until)) {
      if (change.type === 'workspace_gone') return
      if (change.type !== 'workspace') continue
      const session = change.workspace.sessions.find(({ id }) => id === sessionId)
      if (session?.process === undefined || session.state === 'working') return
    }
  } finally {
    closing.abort()
  }
}
