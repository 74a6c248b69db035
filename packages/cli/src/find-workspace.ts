import { type Session, type SkeinApi, SkeinError, type Workspace } from '@skein/protocol'

/** The workspace that somebody means by a name, an id, or a unique beginning of either. */
export function findWorkspace(api: SkeinApi, workspace: string): Promise<Workspace> {
  return api.call('workspaces.get', { workspace })
}

/** The session that a workspace is about: the latest one. */
export function sessionOf(workspace: Workspace): Session {
  const session = workspace.sessions.toSorted((a, b) => a.createdAt - b.createdAt).at(-1)
  if (session) return session
  throw new SkeinError('conflict', `the workspace ${workspace.name} has no session yet`, {
    next: `Start one with: skein send ${workspace.name} "…"`,
  })
}
