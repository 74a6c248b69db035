import { type AgentLaunch, SkeinError } from '@skein/plugin-api'

type Delivery = Pick<AgentLaunch, 'env' | 'secretFds'> & {
  files: Record<string, string>
  settings: { apiKeyHelper?: string }
}

/** Where the bearer token lies in the process's folder. */
const TOKEN_FILE = 'auth-token'
const TOKEN_FILE_VARIABLE = 'SKEIN_CLAUDE_TOKEN_FILE'

/**
 * Brings secrets to Claude Code without their standing in its environment, which every command that it runs inherits and
 * every process of the same user can read.
 */
export function deliverSecrets(secrets: Readonly<Record<string, string>>): Delivery {
  const delivery: Delivery = { env: {}, secretFds: {}, files: {}, settings: {} }
  for (const [name, value] of Object.entries(secrets)) deliver(delivery, name, value)
  return delivery
}

function deliver(delivery: Delivery, name: string, value: string): void {
  switch (name) {
    case 'ANTHROPIC_API_KEY':
      delivery.env.CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR = '3'
      delivery.secretFds = { ...delivery.secretFds, '3': value }
      return
    case 'CLAUDE_CODE_OAUTH_TOKEN':
      delivery.env.CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR = '4'
      delivery.secretFds = { ...delivery.secretFds, '4': value }
      return
    case 'ANTHROPIC_AUTH_TOKEN':
      // There is no descriptor for a gateway's token: given as an OAuth token, Claude Code would show it to Anthropic's own
      // servers too. Its key helper sends it as `Authorization: Bearer` and as `x-api-key`, to the configured server alone.
      delivery.files[TOKEN_FILE] = value
      delivery.env[TOKEN_FILE_VARIABLE] = `{dir}/${TOKEN_FILE}`
      delivery.settings.apiKeyHelper = `cat "$${TOKEN_FILE_VARIABLE}"`
      return
    default:
      throw new SkeinError(
        'invalid',
        `starting Claude Code: it has no way to take the secret ${name} unseen by its tools`,
        {
          next: 'Give ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN or CLAUDE_CODE_OAUTH_TOKEN, or log in on the machine with `claude /login`; a cloud provider’s own credential files work too.',
        },
      )
  }
}
