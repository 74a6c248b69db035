import type { PermissionMode, SessionOptions } from '@skein/protocol'
import { agentEnvironment } from './environment.ts'

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
}

/** What the session is made with; the environment is the caller's, sorted by the allow-list. */
export function sessionOptions(flags: AgentFlags, env: NodeJS.ProcessEnv): SessionOptions {
  const { model, effort, permissionMode, allow, deny, maxTurns, maxCost } = flags
  return {
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(permissionMode === undefined ? {} : { permissionMode }),
    ...(allow === undefined ? {} : { allowedTools: allow }),
    ...(deny === undefined ? {} : { disallowedTools: deny }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(maxCost === undefined ? {} : { maxCost }),
    environment: agentEnvironment(env, flags.env),
  }
}
