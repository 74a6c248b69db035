import type { Session, SkeinApi, Workspace } from '@skein/protocol'
import { defaultHome } from '../embed/home.ts'
import { shareEmbedded } from '../embed/shared.ts'
import type { Skein } from '../skein.ts'

/** A session as it is kept. */
export interface SessionInfo {
  readonly id: string
  readonly workspaceId: string
  readonly name: string
  readonly machineId: string
  readonly state: Session['state']
  readonly turns: number
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly usedAt: number
  /** When it goes unless it is used; undefined: never. */
  readonly expiresAt: number | undefined
  readonly expired: boolean
}

/** The sessions that are kept, the last used first. */
export async function listSessions(where?: Skein | { home: string }): Promise<SessionInfo[]> {
  if (where !== undefined && 'api' in where) return listed(where.api)
  await using shared = await shareEmbedded(where?.home ?? defaultHome())
  return await listed(shared.skein.api)
}

async function listed(api: SkeinApi): Promise<SessionInfo[]> {
  const workspaces = await api.call('workspaces.list', {})
  return workspaces
    .filter(({ state }) => state !== 'removing')
    .flatMap((workspace) => workspace.sessions.map((session) => infoOf(workspace, session)))
    .sort((a, b) => b.usedAt - a.usedAt)
}

export function infoOf(workspace: Workspace, session: Session): SessionInfo {
  const { expiresAt } = workspace
  return {
    id: session.id,
    workspaceId: workspace.id,
    name: workspace.name,
    machineId: workspace.machine,
    state: session.state,
    turns: session.turns,
    createdAt: session.createdAt,
    usedAt: workspace.activeAt,
    expiresAt,
    expired: expiresAt !== undefined && expiresAt <= Date.now(),
  }
}
