import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

// Also part of what runs inside: nothing of ours may be imported here.

const VALID_MS = 120_000
const SKEW_MS = 300_000

/** What a machine that calls is known by: it comes to machines as a secret of their app, and stands in no config. */
export function dialSecret(privatePem: string, app: string): string {
  return createHmac('sha256', privatePem).update(`dial ${app}`).digest('base64url')
}

/** The name of that secret, of one installation. */
export function dialSecretName(owner: string): string {
  return `SKEIN_DIAL_${createHmac('sha256', 'owner').update(owner).digest('hex').slice(0, 8).toUpperCase()}`
}

/** Says once, for a short time, that it is this machine that calls. */
export function issueDialTicket(secret: string, machine: string, now = Date.now()): string {
  const body = `${machine}.${now + VALID_MS}.${randomBytes(16).toString('base64url')}`
  return `${body}.${mac(secret, body).toString('base64url')}`
}

/** Knows each ticket that was used, for as long as it would be good. */
export class DialTickets {
  readonly #used = new Map<string, number>()

  accepts(secret: string, machine: string, ticket: string, now = Date.now()): boolean {
    const [named = '', expires = '', nonce = '', given = '', ...more] = ticket.split('.')
    const wanted = mac(secret, `${named}.${expires}.${nonce}`)
    const bytes = Buffer.from(given, 'base64url')
    if (bytes.length !== wanted.length || !timingSafeEqual(bytes, wanted) || more.length > 0) return false
    // A machine's clock may be off by minutes.
    if (named !== machine || Number(expires) < now - SKEW_MS || Number(expires) > now + VALID_MS + SKEW_MS) return false
    for (const [one, until] of this.#used) if (until < now) this.#used.delete(one)
    if (this.#used.has(nonce)) return false
    this.#used.set(nonce, now + VALID_MS + 2 * SKEW_MS)
    return true
  }
}

function mac(secret: string, body: string): Buffer {
  return createHmac('sha256', secret).update(body).digest()
}
