/** Shorter secrets would be found in ordinary text. */
export const SHORTEST_SECRET = 8
const LONGEST_PIECE = 4_096
/** The part of a form by which it is looked up. */
const HEAD = SHORTEST_SECRET

/** A secret's place in a text: [start, end), found by what begins at `from` (`Authorization: ` before the credential). */
export interface Found {
  from: number
  start: number
  end: number
}

/**
 * Finds known secrets, in every form in which they are commonly written, in one pass over a text: a table of the hashes of
 * four characters says where one could begin, and only there is more compared.
 */
export class KnownSecrets {
  readonly #known = new Set<string>()
  readonly #byHead = new Map<string, string[]>()
  /** What a text that ends early could show of a head. */
  readonly #headBeginnings = new Set<string>()
  readonly #hashes = new Uint8Array(0x10000)
  #longest = 0

  /** Answers false for a secret that is too short to be told from ordinary text. */
  add(secret: string): boolean {
    const trimmed = secret.trim()
    if (trimmed.length < SHORTEST_SECRET) return false
    if (this.#known.has(trimmed)) return true
    this.#known.add(trimmed)
    for (const form of formsOf(trimmed)) for (const piece of piecesOf(form)) this.#addPiece(piece)
    return true
  }

  find(text: string): Found[] {
    const found: Found[] = []
    if (this.#longest === 0) return found
    let hash = 0
    for (let index = 0; index < text.length; index++) {
      hash = rolled(hash, text.charCodeAt(index))
      if (this.#hashes[hash] === 0 || index < 3) continue
      const start = index - 3
      const end = this.#endAt(text, start)
      if (end > start) found.push({ from: start, start, end })
    }
    return found
  }

  /** Where the end of the text begins that could be the beginning of a secret; the text's length if none could. */
  openEnd(text: string): number {
    for (let start = Math.max(0, text.length - this.#longest + 1); start < text.length; start++) {
      const rest = text.slice(start)
      if (rest.length < HEAD) {
        if (this.#headBeginnings.has(rest)) return start
      } else if (this.#byHead.get(rest.slice(0, HEAD))?.some((piece) => piece.startsWith(rest))) return start
    }
    return text.length
  }

  #endAt(text: string, start: number): number {
    let longest = 0
    for (const piece of this.#byHead.get(text.slice(start, start + HEAD)) ?? [])
      if (piece.length > longest && text.startsWith(piece, start)) longest = piece.length
    return start + longest
  }

  #addPiece(piece: string): void {
    const head = piece.slice(0, HEAD)
    const sameHead = this.#byHead.get(head) ?? []
    if (sameHead.includes(piece)) return
    sameHead.push(piece)
    this.#byHead.set(head, sameHead)
    for (let length = 1; length < HEAD; length++) this.#headBeginnings.add(head.slice(0, length))
    let hash = 0
    for (let index = 0; index < 4; index++) hash = rolled(hash, head.charCodeAt(index))
    this.#hashes[hash] = 1
    this.#longest = Math.max(this.#longest, piece.length)
  }
}

// Sixteen bits moved by four a character: exactly the last four characters are in it.
function rolled(hash: number, code: number): number {
  return ((hash << 4) ^ code) & 0xffff
}

function formsOf(secret: string): Set<string> {
  const escaped = JSON.stringify(secret).slice(1, -1)
  const urlEncoded = encodeURIComponent(secret.toWellFormed())
  const forms = new Set([
    secret,
    escaped,
    JSON.stringify(escaped).slice(1, -1),
    urlEncoded,
    urlEncoded.replaceAll('%20', '+'),
    urlEncoded.replace(/%../g, (code) => code.toLowerCase()),
  ])
  for (const base64 of base64Of(secret)) forms.add(base64).add(base64.replaceAll('+', '-').replaceAll('/', '_'))
  return forms
}

/** As base64 within a longer encoded text (`user:secret`), at each of three alignments, without the characters that it shares with its neighbours. */
function base64Of(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
}

/** A long form (a key file) is found in pieces, so that a stream never has to hold back more than one of them. */
function* piecesOf(form: string): Iterable<string> {
  for (let start = 0; start < form.length; start += LONGEST_PIECE) {
    const from = Math.max(0, Math.min(start, form.length - LONGEST_PIECE))
    yield form.slice(from, from + LONGEST_PIECE)
  }
}
