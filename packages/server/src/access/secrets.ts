import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 random bits, for a URL or a header. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is kept of a secret: who reads it cannot sign in with it. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** Takes as long for a wrong value as for the right one, whatever their lengths. */
export function isSame(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}
