import { SkeinError } from './errors.ts'

/**
 * What an agent is given of the environment of whoever starts it. An allow-list: a variable that is not named here stays out of the
 * agent, its tools and Skein's records, unless it is given by name.
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

/** Sorts an environment: what agents may have of it, and what they may have unseen. */
export function environmentForAgents(from: Readonly<Record<string, string | undefined>>): {
  env: Record<string, string>
  secrets: Record<string, string>
} {
  const result = { env: {} as Record<string, string>, secrets: {} as Record<string, string> }
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined || value === '') continue
    if (isAgentSecret(name)) result.secrets[name] = value
    else if (ALLOWED.includes(name) || ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix)))
      result.env[name] = value
  }
  return result
}

/** Whether agents take the variable as a credential, unseen by their tools. */
export function isAgentSecret(name: string): boolean {
  return SECRETS.includes(name)
}

/** Refuses an address with a user name or a password in it, which every tool would see. */
export function refuseCredentials(url: string | undefined): void {
  if (url === undefined || !/^[a-z]*:?(?:\/\/)?[^/@\s]+@/i.test(url)) return
  throw new SkeinError('invalid', 'ANTHROPIC_BASE_URL holds a user name or a password, which every tool would see', {
    next: 'Take them out of the address and set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN.',
  })
}
