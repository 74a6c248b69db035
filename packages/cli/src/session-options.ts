import type { McpServer, PermissionMode, SessionOptions } from '@skein/protocol'
import { agentEnvironment } from './environment.ts'
import { skeinHome } from './home.ts'
import { mainPath } from './main-path.ts'

/** The options of `run`, `new` and `fork` that are about the agent. */
export interface AgentFlags {
  model?: string
  effort?: string
  permissionMode?: PermissionMode
  allow?: string[]
  deny?: string[]
  maxTurns?: number
  maxCost?: number
  env?: string[]
  delegate?: number
  delegateDepth?: number
}

/** What the session is made with; the environment is the caller's, sorted by the allow-list. */
export function sessionOptions(flags: AgentFlags, env: NodeJS.ProcessEnv): SessionOptions {
  const { model, effort, permissionMode, allow, deny, maxTurns, maxCost, delegate, delegateDepth = 1 } = flags
  return {
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(permissionMode === undefined ? {} : { permissionMode }),
    ...(allow === undefined ? {} : { allowedTools: allow }),
    ...(deny === undefined ? {} : { disallowedTools: deny }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(maxCost === undefined ? {} : { maxCost }),
    environment: agentEnvironment(env, flags.env),
    ...(delegate === undefined
      ? {}
      : {
          delegate: { workspaces: delegate, depth: delegateDepth },
          mcpServers: { skein: ownServer(env) },
          allowedTools: [...(allow ?? []), 'mcp__skein'],
        }),
  }
}

/** `skein mcp`, as an agent on this computer starts it. */
function ownServer(env: NodeJS.ProcessEnv): McpServer {
  return {
    command: process.execPath,
    args: [...process.execArgv, mainPath, 'mcp'],
    env: { SKEIN_HOME: skeinHome(env) },
  }
}
