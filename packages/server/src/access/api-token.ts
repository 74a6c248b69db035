import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { SkeinError } from '@skein/protocol'
import { randomSecret } from './secrets.ts'

/** The token of programs that speak to the server over TCP: made once, in a file of mode 0600. Removing the file revokes it at the next start. */
export function apiToken(path: string): string {
  const known = readToken(path)
  if (known !== undefined) return known
  const token = `skein_${randomSecret()}`
  try {
    writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' })
    return token
  } catch (error) {
    const made = readToken(path)
    if (made !== undefined) return made
    throw SkeinError.from(error, `writing ${path}`)
  }
}

function readToken(path: string): string | undefined {
  try {
    const token = readFileSync(path, 'utf8').trim()
    if (token.length < 32) return undefined
    chmodSync(path, 0o600)
    return token
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw SkeinError.from(error, `reading ${path}`)
  }
}
