import type { AgentError } from '@skein/plugin-api'

type Code = AgentError['code']

/** Claude Code's own names of what went wrong with a request. */
const NAMED: ReadonlyMap<string, Code> = new Map([
  ['authentication_failed', 'auth'],
  ['oauth_org_not_allowed', 'auth'],
  ['billing_error', 'billing'],
  ['rate_limit', 'rate_limit'],
  ['overloaded', 'overloaded'],
  ['invalid_request', 'invalid_request'],
  ['model_not_found', 'model'],
  ['max_output_tokens', 'model'],
])

const RETRYABLE: ReadonlySet<Code> = new Set(['rate_limit', 'overloaded', 'network', 'process'])

/** What is known of a failure, from an `assistant`, `api_retry` or `result` line. */
export interface Symptoms {
  /** `error` of an assistant line or a retry. */
  name?: string | undefined
  /** HTTP status. */
  status?: number | undefined
  /** `api_error`: how the connection failed. */
  connection?: string | undefined
  message: string
  resetsAt?: number | undefined
}

/** The failure in our words; `retryable` where waiting alone may help. */
export function classifyFailure(symptoms: Symptoms): AgentError {
  const code = codeOf(symptoms)
  return {
    code,
    message: symptoms.message,
    retryable: RETRYABLE.has(code),
    ...(code === 'rate_limit' && symptoms.resetsAt !== undefined ? { resetsAt: symptoms.resetsAt } : {}),
  }
}

function codeOf({ name, status, connection, message }: Symptoms): Code {
  const named = name === undefined ? undefined : NAMED.get(name)
  if (named) return named
  if (connection !== undefined) return 'network'
  if (status !== undefined) return ofStatus(status)
  if (/ECONN|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|Connection (?:refused|error|reset)|fetch failed/i.test(message))
    return 'network'
  if (/not logged in|\/login|invalid api key|authenticat|oauth token/i.test(message)) return 'auth'
  if (/credit balance|billing/i.test(message)) return 'billing'
  if (/usage limit|rate.?limit|limit reached/i.test(message)) return 'rate_limit'
  return 'unknown'
}

function ofStatus(status: number): Code {
  if (status === 401 || status === 403) return 'auth'
  if (status === 402) return 'billing'
  if (status === 404) return 'model'
  if (status === 429) return 'rate_limit'
  // 5xx is the other side's, usually for a while; 529 says so by name.
  if (status >= 500) return 'overloaded'
  return status >= 400 ? 'invalid_request' : 'unknown'
}
