import { type Delegation, FREEDOM, type McpServer, type SessionOptions, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { environmentOf, secretsOf } from './create.ts'
import { serversOf } from './mcp-servers.ts'
import type { StoredOptions } from './options.ts'

/** Of a session that was given nothing else. */
const DEFAULT: Delegation = { workspaces: 4, depth: 1 }

/** How Skein's own server is called among those that a session is given. */
const OWN_SERVER = 'skein'

/**
 * The options of a session that another session's agent asks for: that one's environment, servers and tools, and no more freedom.
 * Refuses one that is too many, or too deep: agents that start agents must come to an end.
 */
export async function withParent(
  context: EngineContext,
  options: SessionOptions | undefined,
  machine: string,
): Promise<SessionOptions | undefined> {
  if (options?.delegate && machine !== HOME_MACHINE)
    throw new SkeinError(
      'invalid',
      `an agent on ${machine} cannot start other agents: Skein’s MCP server is on this computer`,
      {
        next: 'Leave --delegate out, or --on.',
      },
    )
  if (options?.parent === undefined) return options
  const parent = await context.db.selectFrom('sessions').selectAll().where('id', '=', options.parent).executeTakeFirst()
  if (!parent) throw new SkeinError('not_found', `there is no session ${options.parent} that could ask for another`)
  const own = JSON.parse(parent.options) as StoredOptions
  const { workspaces, depth } = own.delegate ?? DEFAULT
  if (depth < 1 || workspaces < 1)
    throw new SkeinError('conflict', `the agent of session ${parent.id} may not start other agents`, {
      next: own.parent === undefined ? 'A person may allow it: skein run --delegate.' : 'Do the work yourself.',
    })
  const running = await startedBy(context, parent.id)
  if (running.length >= workspaces)
    throw new SkeinError(
      'conflict',
      `the agent of session ${parent.id} has ${running.length} workspaces, and may have ${workspaces} at a time: ${running.join(', ')}`,
      { next: 'Use one of them again, or remove one that is no longer needed.' },
    )
  const mode = own.permissionMode ?? 'sandboxed'
  if (options.permissionMode && FREEDOM.indexOf(options.permissionMode) > FREEDOM.indexOf(mode))
    throw new SkeinError(
      'unauthorized',
      `an agent in the permission mode ${mode} cannot start one in ${options.permissionMode}`,
      {
        next: `Use one of: ${FREEDOM.slice(0, FREEDOM.indexOf(mode) + 1).join(', ')}.`,
      },
    )
  const servers = serversOf(context, parent)
  const cost = [own.maxCost, options.maxCost].filter((limit) => limit !== undefined)
  return {
    ...options,
    agent: options.agent ?? parent.agent,
    permissionMode: options.permissionMode ?? mode,
    ...(own.allowedTools ? { allowedTools: own.allowedTools } : { allowedTools: undefined }),
    disallowedTools: [...(own.disallowedTools ?? []), ...(options.disallowedTools ?? [])],
    ...(cost.length > 0 ? { maxCost: Math.min(...cost) } : {}),
    ...(servers ? { mcpServers: serversFor(servers, depth - 1) } : {}),
    environment: { env: environmentOf(context, parent), secrets: secretsOf(context, parent) },
    delegate: { workspaces, depth: depth - 1 },
  }
}

/** What the parent has; of Skein's own server only who may use it. */
function serversFor(servers: Readonly<Record<string, McpServer>>, depth: number): Record<string, McpServer> {
  return Object.fromEntries(Object.entries(servers).filter(([name]) => depth > 0 || name !== OWN_SERVER))
}

/** Names of the workspaces that this session's agent started and that are still there. */
async function startedBy(context: EngineContext, sessionId: string): Promise<string[]> {
  const rows = await context.db
    .selectFrom('sessions')
    .innerJoin('workspaces', 'workspaces.id', 'sessions.workspace_id')
    .select(['workspaces.name', 'sessions.options'])
    .where('workspaces.state', '<>', 'removed')
    .where('sessions.options', 'like', `%${sessionId}%`)
    .execute()
  const started = rows.filter(({ options }) => (JSON.parse(options) as StoredOptions).parent === sessionId)
  return [...new Set(started.map(({ name }) => name))]
}
