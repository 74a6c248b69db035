import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { SkeinError } from '@skein/plugin-api'

/** Tokens of the newer kind, which Fly takes under a scheme of its own. */
const MACAROON = /^fm(1r|1a|2)_/

/** The value of `Authorization` for a token, whatever scheme it was given with. */
export function authorization(token: string): string {
  const bare = bareToken(token)
  return bare.split(',').some((part) => MACAROON.test(part.trim())) ? `FlyV1 ${bare}` : `Bearer ${bare}`
}

/** Without the scheme that people copy along. */
export function bareToken(token: string): string {
  return token.trim().replace(/^((FlyV1|Bearer)\s+)+/i, '')
}

/** Every part of a token that must not be shown. */
export function secretsOf(token: string): string[] {
  const bare = bareToken(token)
  return [bare, ...bare.split(',').map((part) => part.trim())].filter((part) => part.length >= 6)
}

export interface TokenPlaces {
  /** Given by whoever calls; comes first. */
  token?: string | undefined
  /** A file that holds nothing else. */
  tokenFile?: string | undefined
  /** `$SKEIN_HOME`: `fly/token` in it is looked for. */
  home?: string | undefined
  env?: Record<string, string | undefined>
}

/** The token that calls are made with. Throws `missing`, naming the variable. */
export function findToken({ token, tokenFile, home, env = process.env }: TokenPlaces): string {
  const found =
    said(token) ??
    (tokenFile === undefined ? undefined : required(tokenFile)) ??
    said(env.FLY_API_TOKEN) ??
    said(env.FLY_ACCESS_TOKEN) ??
    (home === undefined ? undefined : content(join(home, 'fly', 'token'))) ??
    ofFlyctl(join(env.FLY_CONFIG_DIR ?? join(env.HOME ?? homedir(), '.fly'), 'config.yml'))
  if (found !== undefined) return found
  throw new SkeinError('missing', 'Fly.io wants a token, and FLY_API_TOKEN is not set', {
    next: 'Set FLY_API_TOKEN (`fly tokens create deploy`), give the setting `tokenFile`, or log in with `fly auth login`.',
  })
}

function said(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed ? trimmed : undefined
}

function content(path: string): string | undefined {
  try {
    return said(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function required(path: string): string {
  const found = content(path)
  if (found !== undefined) return found
  throw new SkeinError('missing', `the Fly.io token: there is none in ${path}`, {
    next: 'Write it there (mode 0600), or take the setting `tokenFile` away and set FLY_API_TOKEN.',
  })
}

/** What `fly auth login` left. */
function ofFlyctl(path: string): string | undefined {
  return said(/^access_token:\s*["']?([^"'\n]+)/m.exec(content(path) ?? '')?.[1])
}
