import { environmentForAgents, isAgentSecret, refuseCredentials, SkeinError } from '@skein/protocol'

export interface AgentEnvironment {
  env: Record<string, string>
  secrets: Record<string, string>
}

/** Sorts the caller's environment; `extra` are the values of `--env`: `NAME` passes a variable on, `NAME=VALUE` sets it. */
export function agentEnvironment(from: NodeJS.ProcessEnv, extra: readonly string[] = []): AgentEnvironment {
  const result: AgentEnvironment = environmentForAgents(from)
  for (const entry of extra) {
    const [name, value] = parsed(entry, from)
    if (value !== '') result[isAgentSecret(name) ? 'secrets' : 'env'][name] = value
  }
  refuseCredentials(result.env.ANTHROPIC_BASE_URL)
  return result
}

function parsed(entry: string, from: NodeJS.ProcessEnv): [string, string] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=(.*))?$/s.exec(entry) ?? []
  if (name === undefined) {
    throw new SkeinError('invalid', `--env ${entry.split('=')[0]}: this is not a variable’s name`, {
      next: 'Use --env NAME to pass a variable on, or --env NAME=VALUE to set one.',
    })
  }
  const given = value ?? from[name]
  if (given === undefined) {
    throw new SkeinError('invalid', `--env ${name}: this variable is not set here`, {
      next: `Use --env ${name}=VALUE.`,
    })
  }
  return [name, given]
}
