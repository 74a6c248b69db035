import type { ApiResult, PermissionMode, Workspace } from '@skein/protocol'
import { waitUntil } from '@skein/testkit'
import { key } from '../working-world.ts'
import type { World } from '../world.ts'

export interface Started {
  id: string
  sessionId: string
  /** Its checkout. */
  path: string
}

interface Start {
  name: string
  prompt?: string
  mode?: PermissionMode
}

/** A workspace of a trusted project that is ready, with a session in it. */
export async function startWorkspace(world: World, { name, prompt, mode = 'accept_edits' }: Start): Promise<Started> {
  const project = await world.api.call('projects.open', { key: key(), path: world.repo })
  if (project.trust.state === 'untrusted' || project.trust.state === 'changed')
    await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
  const { id } = await world.api.call('workspaces.create', {
    key: key(),
    projectId: project.id,
    name,
    session: { permissionMode: mode, environment: world.environment },
    ...(prompt === undefined ? {} : { prompt: [{ type: 'text', text: prompt }] }),
  })
  const get = () => world.api.call('workspaces.get', { workspace: id })
  const ready = await waitUntil(async () => ((now) => now.state === 'ready' && now)(await get()), {
    what: `the workspace ${name} to be ready`,
    timeout: 120_000,
    explain: get,
  })
  return { id, sessionId: ready.sessions[0]?.id ?? '', path: ready.path }
}

/** The ask of a session that waits for a person. */
export function openAsk(world: World, sessionId: string): Promise<ApiResult<'asks.list'>[number]> {
  return waitUntil(async () => (await world.api.call('asks.list', { sessionId }))[0], {
    what: 'the agent to ask',
    timeout: 120_000,
    explain: () => world.api.call('sessions.get', { sessionId }),
  })
}

/** So many turns of a session have ended. */
export function turnsEnded(world: World, sessionId: string, turns: number): Promise<unknown> {
  const get = () => world.api.call('sessions.get', { sessionId })
  return waitUntil(
    async () => {
      const session = await get()
      return session.turns >= turns && session.lastTurn?.id === `t${turns}` && session.state !== 'working'
    },
    { what: `the end of turn ${turns}`, timeout: 120_000, explain: get },
  )
}

/** The workspace's status, once it is one of these. */
export function status(
  world: World,
  id: string,
  ...wanted: Workspace['status']['status'][]
): Promise<Workspace['status']> {
  const get = () => world.api.call('workspaces.get', { workspace: id })
  return waitUntil(async () => (({ status }) => wanted.includes(status.status) && status)(await get()), {
    what: `the workspace to be ${wanted.join(' or ')}`,
    timeout: 120_000,
    explain: get,
  })
}
