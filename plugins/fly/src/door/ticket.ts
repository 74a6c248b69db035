import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'

// Also part of what runs inside: nothing of ours may be imported here.

/** So long may whoever opens a door take for it, clocks that differ included. */
const VALID_MS = 120_000
/** A machine's clock may be behind (after it was suspended) or ahead. */
const SKEW_MS = 300_000

export interface Ticket {
  /** Fly's id of the one machine that it is for. */
  machine: string
  /** Milliseconds. */
  expires: number
  nonce: string
}

/** A new pair: the private key for this installation alone; the public one may be seen by everybody. */
export function makeDoorKey(): { privatePem: string } {
  const { privateKey } = generateKeyPairSync('ed25519')
  return { privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** As it stands in a machine's environment; no secret. */
export function publicKeyOf(privatePem: string): string {
  return createPublicKey(createPrivateKey(privatePem)).export({ type: 'spki', format: 'der' }).toString('base64url')
}

/** Opens the door of one machine once, soon. */
export function issueTicket(privatePem: string, machine: string, now = Date.now()): string {
  const ticket: Ticket = { machine, expires: now + VALID_MS, nonce: randomBytes(16).toString('base64url') }
  const body = Buffer.from(JSON.stringify(ticket)).toString('base64url')
  return `${body}.${sign(null, Buffer.from(body), createPrivateKey(privatePem)).toString('base64url')}`
}

/** Lets each ticket in once. */
export class TicketGate {
  readonly #key: KeyObject
  readonly #machine: string
  readonly #used = new Map<string, number>()

  constructor(publicKey: string, machine: string) {
    this.#key = createPublicKey({ key: Buffer.from(publicKey, 'base64url'), type: 'spki', format: 'der' })
    this.#machine = machine
  }

  /** Why it is not let in; undefined: it is, and never again. */
  refusal(text: string, now = Date.now()): string | undefined {
    const ticket = this.#read(text)
    if (!ticket) return 'no ticket of this machine’s owner'
    if (ticket.machine !== this.#machine) return 'a ticket for another machine'
    if (ticket.expires < now) return 'a ticket that is too old'
    // Nonces are kept for as long as a ticket could be valid.
    if (ticket.expires > now + VALID_MS + SKEW_MS) return 'a ticket from the future'
    for (const [nonce, until] of this.#used) if (until < now) this.#used.delete(nonce)
    if (this.#used.has(ticket.nonce)) return 'a ticket that was used'
    this.#used.set(ticket.nonce, ticket.expires)
    return undefined
  }

  #read(text: string): Ticket | undefined {
    const [body = '', signature = '', ...more] = text.split('.')
    if (text.length > 2000 || more.length > 0) return undefined
    try {
      if (!verify(null, Buffer.from(body), this.#key, Buffer.from(signature, 'base64url'))) return undefined
      const ticket = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Partial<Ticket>
      const { machine, expires, nonce } = ticket
      if (typeof machine !== 'string' || typeof expires !== 'number' || typeof nonce !== 'string') return undefined
      return { machine, expires, nonce }
    } catch {
      return undefined
    }
  }
}
