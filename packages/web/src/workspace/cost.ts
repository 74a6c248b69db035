import type { Workspace } from '@skein/protocol'

/** What all sessions of a workspace cost, US dollars. */
export const costOf = (workspace: Pick<Workspace, 'sessions'>): number =>
  workspace.sessions.reduce((sum, session) => sum + session.usage.cost, 0)
