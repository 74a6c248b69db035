import { isIP } from 'node:net'

/** A value of `Host`, taken apart; names in lower case, IPv6 addresses without brackets. undefined: not a host. */
export function parseHost(header: string | undefined): { name: string; port: string } | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_.-]{1,253}?)\.?)(?::(\d{1,5}))?$/i.exec(header ?? '')
  if (!match) return undefined
  const name = match[1] ?? match[2] ?? ''
  return { name: name.toLowerCase(), port: match[3] ?? '' }
}

export function isLoopback(name: string): boolean {
  if (isIP(name) === 4) return name.startsWith('127.')
  return name === '::1' || name === 'localhost' || name === 'skein.localhost'
}

/** Which names lead to the app. A name that somebody made point to this computer (DNS rebinding) is not among them. */
export class HostList {
  readonly #names: ReadonlySet<string>

  /** @param bound the address that is listened at @param allowed further names, from `--allow-host` */
  constructor(bound: string, allowed: readonly string[]) {
    this.#names = new Set([bound, ...allowed].map((name) => name.toLowerCase()))
  }

  /** @param reached the address at which the connection arrived: an address itself cannot be made to point elsewhere */
  allows(name: string, reached: string | undefined): boolean {
    if (isLoopback(name) || this.#names.has(name)) return true
    return isIP(name) !== 0 && reached !== undefined && name === reached.replace(/^::ffff:/, '')
  }
}
