import { type SessionOptions, SkeinError } from '@skein/protocol'
import { agentOf, type EngineContext } from '../context.ts'
import { shortId, uuidFrom } from '../identity.ts'
import { keep, kept } from '../sealed.ts'
import type { SessionTable, WorkspaceTable } from '../store/schema.ts'
import { emptyFold } from './fold.ts'
import { sealServers } from './mcp-servers.ts'
import type { SessionOrigin } from './options.ts'

const DEFAULT_AGENT = 'claude'

/** Writes down a session. The same key is the same session. Answers its id. */
export async function addSession(
  context: EngineContext,
  workspace: WorkspaceTable,
  key: string,
  options: SessionOptions,
  origin: SessionOrigin,
): Promise<string> {
  const id = shortId('s-', key)
  const { environment, mcpServers, agent: kind = DEFAULT_AGENT, ...stored } = options
  const agent = agentOf(context, kind)
  if (stored.permissionMode === 'bypass' && !(await context.machines.isolated(workspace.machine_id))) {
    throw new SkeinError(
      'invalid',
      'skipping permissions is allowed only where the machine itself is the boundary (a container, a VM)',
      {
        next: 'Leave --permission-mode out: the agent’s own sandbox asks rarely.',
      },
    )
  }
  if (stored.effort !== undefined && !agent.capabilities.efforts.includes(stored.effort)) {
    throw new SkeinError('invalid', `${agent.name} knows no effort "${stored.effort}"`, {
      next: `Choose one of: ${agent.capabilities.efforts.join(', ')}.`,
    })
  }
  await context.db
    .insertInto('sessions')
    .values({
      id,
      workspace_id: workspace.id,
      agent: kind,
      native_id: uuidFrom(id, 'native'),
      title: null,
      created_at: context.clock.now(),
      options: JSON.stringify(stored),
      env: keep(context, environment?.env ?? {}, `env:${id}`),
      secrets_sealed: sealSecrets(context, id, environment?.secrets),
      mcp_sealed: sealServers(context, id, mcpServers),
      origin: JSON.stringify(origin),
      process_state: 'none',
      process_started_at: null,
      pid: null,
      fold: keep(context, emptyFold, `fold:${id}`),
      has_conversation: 0,
      epoch: 0,
      cursor_epoch: 0,
      cursor_offset: 0,
      seq: 0,
      recoveries: 0,
      interrupt_at: null,
      active_at: context.clock.now(),
      problem: null,
      seen_seq: 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return id
}

/** Renews what the agent is given, at its next start. Secrets that are not named again stay as they were. */
export async function renewEnvironment(
  context: EngineContext,
  sessionId: string,
  environment: SessionOptions['environment'],
): Promise<void> {
  if (!environment) return
  const secrets =
    environment.secrets && Object.keys(environment.secrets).length > 0
      ? { secrets_sealed: sealSecrets(context, sessionId, environment.secrets) }
      : {}
  const env = environment.env ? { env: keep(context, environment.env, `env:${sessionId}`) } : {}
  if (Object.keys(secrets).length + Object.keys(env).length === 0) return
  await context.db
    .updateTable('sessions')
    .set({ ...secrets, ...env })
    .where('id', '=', sessionId)
    .execute()
}

/**
 * The variables that a session was given; the server's own where it was given none. A value that holds a secret (a proxy's
 * password) lies sealed in the store.
 */
export function environmentOf(
  context: EngineContext,
  session: Pick<SessionTable, 'id' | 'env'>,
): Record<string, string> {
  const given = kept<Record<string, string>>(context, session.env, `env:${session.id}`)
  return Object.keys(given).length > 0 ? given : (context.environment?.env ?? {})
}

/** And the secrets, under the same rule. */
export function secretsOf(
  context: EngineContext,
  session: Pick<SessionTable, 'id' | 'env' | 'secrets_sealed'>,
): Record<string, string> {
  if (session.secrets_sealed !== null)
    return JSON.parse(context.vault.open(session.secrets_sealed, `secrets:${session.id}`)) as Record<string, string>
  return session.env === NOTHING_GIVEN ? (context.environment?.secrets ?? {}) : {}
}

const NOTHING_GIVEN = '{}'

function sealSecrets(
  context: EngineContext,
  sessionId: string,
  secrets: Record<string, string> | undefined,
): string | null {
  if (!secrets || Object.keys(secrets).length === 0) return null
  for (const secret of Object.values(secrets)) context.redactor.add(secret)
  return context.vault.seal(JSON.stringify(secrets), `secrets:${sessionId}`)
}
