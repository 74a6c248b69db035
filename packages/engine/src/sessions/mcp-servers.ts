import type { McpServer } from '@skein/protocol'
import type { EngineContext } from '../context.ts'

type Servers = Readonly<Record<string, McpServer>>

const NAMES_SECRET = /key|token|secret|password|auth|cookie|credential/i

/** Seals the servers that a session was given, and sees to it that their credentials are never shown. */
export function sealServers(context: EngineContext, sessionId: string, servers: Servers | undefined): string | null {
  if (servers === undefined || Object.keys(servers).length === 0) return null
  for (const server of Object.values(servers))
    for (const [name, value] of Object.entries(('command' in server ? server.env : server.headers) ?? {}))
      if (NAMES_SECRET.test(name)) context.redactor.add(value.replace(/^(?:Bearer|Basic) /i, ''))
  return context.vault.seal(JSON.stringify(servers), `mcp:${sessionId}`)
}

/** What `sealServers` kept. */
export function serversOf(
  context: EngineContext,
  session: { id: string; mcp_sealed: string | null },
): Servers | undefined {
  if (session.mcp_sealed === null) return undefined
  return JSON.parse(context.vault.open(session.mcp_sealed, `mcp:${session.id}`)) as Servers
}
