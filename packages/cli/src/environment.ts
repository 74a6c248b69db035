import { SkeinError } from '@skein/protocol'

/**
 * What an agent is given of the environment that `skein` was called in. An allow-list: a variable that is not named here (or
 * with `--env`) stays out of the agent, its tools and Skein's records.
 */
const ALLOWED: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'COLORTERM',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'XDG_CACHE_HOME',
  'XDG_DATA_HOME',
  'XDG_STATE_HOME',
  'XDG_RUNTIME_DIR',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'CLAUDE_CONFIG_DIR',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
  'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
  'CLAUDE_CODE_SKIP_VERTEX_AUTH',
  'CLAUDE_CODE_TMPDIR',
  'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  'CLAUDE_CODE_MAX_RETRIES',
  'CLAUDE_CODE_SUBAGENT_MODEL',
  'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
  'DISABLE_AUTOUPDATER',
  'DISABLE_TELEMETRY',
  'DISABLE_ERROR_REPORTING',
  'IS_SANDBOX',
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_BEDROCK_BASE_URL',
  'ANTHROPIC_VERTEX_BASE_URL',
  'ANTHROPIC_VERTEX_PROJECT_ID',
  'ANTHROPIC_SMALL_FAST_MODEL',
  'ANTHROPIC_FOUNDRY_RESOURCE',
  'ANTHROPIC_FOUNDRY_BASE_URL',
  'GIT_CONFIG_GLOBAL',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'CLOUD_ML_REGION',
  'GOOGLE_CLOUD_PROJECT',
  'GOOGLE_APPLICATION_CREDENTIALS',
]
const ALLOWED_PREFIXES: readonly string[] = [
  'LC_',
  'ANTHROPIC_MODEL',
  'ANTHROPIC_DEFAULT_',
  'VERTEX_REGION_',
  'GIT_AUTHOR_',
  'GIT_COMMITTER_',
]

/** Credentials that every agent plugin knows how to keep from its tools: handed over apart, kept encrypted, never shown. */
const SECRETS: readonly string[] = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN']

export interface AgentEnvironment {
  env: Record<string, string>
  secrets: Record<string, string>
}

/** Sorts the caller's environment; `extra` are the values of `--env`: `NAME` passes a variable on, `NAME=VALUE` sets it. */
export function agentEnvironment(from: NodeJS.ProcessEnv, extra: readonly string[] = []): AgentEnvironment {
  const result: AgentEnvironment = { env: {}, secrets: {} }
  const put = (name: string, value: string | undefined) => {
    if (value === undefined || value === '') return
    result[SECRETS.includes(name) ? 'secrets' : 'env'][name] = value
  }
  for (const [name, value] of Object.entries(from)) {
    if (
      SECRETS.includes(name) ||
      ALLOWED.includes(name) ||
      ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix))
    ) {
      put(name, value)
    }
  }
  for (const entry of extra) {
    const [name, value] = parsed(entry, from)
    put(name, value)
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

function hasCredentials(url: string): boolean {
  return /^[a-z]*:?(?:\/\/)?[^/@\s]+@/i.test(url)
}

function refuseCredentials(url: string | undefined): void {
  if (url === undefined || !hasCredentials(url)) return
  throw new SkeinError('invalid', 'ANTHROPIC_BASE_URL holds a user name or a password, which every tool would see', {
    next: 'Take them out of the address and set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN.',
  })
}
