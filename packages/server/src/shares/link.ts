import { createHmac } from 'node:crypto'
import { hashOf, isSame, randomSecret } from '../access/secrets.ts'

/** What is kept of a link: who reads it can neither make the link nor the cookie that it is exchanged for. */
export interface StoredLink {
  token: string
  cookie: string
}

/** Where a link leads first; what follows is its token. */
export const SHARE_OPEN_PATH = '/__skein/share/'

export function makeLink(): { token: string; stored: StoredLink } {
  const token = randomSecret()
  return { token, stored: { token: hashOf(token), cookie: hashOf(cookieOf(token)) } }
}

/** The cookie's value, if the token is one of these links'. All of them are compared, whichever fits. */
export function exchange(token: string, links: readonly StoredLink[]): string | undefined {
  const fits = links.filter((link) => isSame(hashOf(token), link.token)).length > 0
  return fits ? cookieOf(token) : undefined
}

export function isAdmitted(cookie: string, links: readonly StoredLink[]): boolean {
  return links.filter((link) => isSame(hashOf(cookie), link.cookie)).length > 0
}

/** The same for everybody who comes by a link, so nothing is kept of each; of no use in the place of the token. */
function cookieOf(token: string): string {
  return createHmac('sha256', token).update('the cookie of a share').digest('base64url')
}
