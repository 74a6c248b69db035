import type { FlyToken } from '../options.ts'

const MACAROON = /^fm(1r|1a|2)_/

/**
 * Whose request it is, by Fly's rule: what has a macaroon's prefix comes with `FlyV1`, anything else with `Bearer`. Of several
 * tokens, comma-separated, one must be known.
 */
export function tokenOf(header: string | undefined, tokens: readonly FlyToken[]): FlyToken | undefined {
  const [, scheme = '', rest = ''] = /^(\S+)\s+(.+)$/.exec(header ?? '') ?? []
  const sent = rest.split(',').map((one) => one.trim())
  const macaroons = sent.some((one) => MACAROON.test(one))
  const expected = macaroons ? 'flyv1' : 'bearer'
  if (scheme.toLowerCase() !== expected) return undefined
  return tokens.find(({ value }) =>
    bare(value)
      .split(',')
      .some((part) => sent.includes(part.trim())),
  )
}

function bare(value: string): string {
  return value.replace(/^(FlyV1|Bearer)\s+/i, '')
}

/** Whether the token is good for that. */
export function mayDo(token: FlyToken, { method, app }: { method: string; app: string | undefined }): boolean {
  if (token.kind === 'readonly' && method !== 'GET') return false
  return token.kind !== 'deploy' || app === undefined || token.app === undefined || token.app === app
}
