import { randomBytes } from 'node:crypto'

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 26 characters that sort by time, and within a millisecond by order of making. */
export class Ulids {
  #last = 0
  #count = 0

  next(now: number): string {
    this.#count = now <= this.#last ? this.#count + 1 : 0
    this.#last = Math.max(now, this.#last)
    return `${encode(this.#last, 10)}${encode(this.#count, 4)}${random(12)}`
  }
}

/** As Fly names machines: 14 hexadecimal digits. */
export function machineId(): string {
  return randomBytes(7).toString('hex')
}

/** As Fly names volumes. */
export function volumeId(): string {
  return `vol_${random(16).toLowerCase()}`
}

export function random(length: number): string {
  return [...randomBytes(length)].map((byte) => CROCKFORD[byte % 32]).join('')
}

const ADJECTIVES = [
  'autumn',
  'billowing',
  'cold',
  'dark',
  'empty',
  'falling',
  'green',
  'lively',
  'nameless',
  'restless',
]
const NOUNS = ['bird', 'brook', 'cloud', 'feather', 'field', 'fog', 'frost', 'moon', 'pond', 'resonance']

/** What a machine is called that nobody named. */
export function randomName(): string {
  const [a = 0, b = 0, c = 0, d = 0] = randomBytes(4)
  return `${ADJECTIVES[a % ADJECTIVES.length]}-${NOUNS[b % NOUNS.length]}-${(c * 256 + d) % 10_000}`
}

function encode(value: number, length: number): string {
  let rest = value
  let text = ''
  for (let digit = 0; digit < length; digit++) {
    text = `${CROCKFORD[rest % 32]}${text}`
    rest = Math.floor(rest / 32)
  }
  return text
}
