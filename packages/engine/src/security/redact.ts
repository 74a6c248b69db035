import { type Found, KnownSecrets, SHORTEST_SECRET } from './known-secrets.ts'
import { findPatterns, openPatternEnd } from './secret-patterns.ts'

/** What stands where a secret was. */
export const REDACTED = '[redacted]'

/**
 * The one place where secrets are taken out, before anything is stored, shown or logged: secrets that Skein was given, in
 * their usual forms (plain, base64, URL-encoded, JSON-escaped), and whatever looks like a key, a token or a password in a URL.
 */
export class Redactor {
  readonly #known = new KnownSecrets()

  /** From now on takes this secret out. Answers false for one of fewer than 8 characters, which cannot be told from text. */
  add(secret: string): boolean {
    return this.#known.add(secret)
  }

  redactText(text: string): string {
    return text.length < SHORTEST_SECRET ? text : without(this.find(text), text, text.length)
  }

  /** The same JSON with every string (keys too) redacted; parts without a secret are the very same objects. */
  redactValue<T>(value: T): T {
    return this.#redact(value) as T
  }

  /** Where secrets are, in order and apart from each other. */
  find(text: string): Found[] {
    return merged([...this.#known.find(text), ...findPatterns(text)])
  }

  /** Where the end of the text begins that could, with more text, be found to be a secret; the text's length if none could. */
  openEnd(text: string): number {
    return Math.min(this.#known.openEnd(text), openPatternEnd(text))
  }

  #redact(value: unknown): unknown {
    if (typeof value === 'string') return this.redactText(value)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#redact(item))
      return items.some((item, index) => item !== value[index]) ? items : value
    }
    let changed = false
    const entries = Object.entries(value).map(([key, item]) => {
      const entry: [string, unknown] = [this.redactText(key), this.#redact(item)]
      changed ||= entry[0] !== key || entry[1] !== item
      return entry
    })
    return changed ? Object.fromEntries(entries) : value
  }
}

/**
 * Redacts text that comes in parts. The end of what has come is held back while it could be the beginning of a secret: at
 * most about 20 KB, and only within a private key; for ordinary text a few characters.
 */
export class StreamRedactor {
  readonly #redactor: Redactor
  #held = ''

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  /** The text that can be shown now; what follows may come with the next part. */
  push(part: string): string {
    const text = this.#held + part
    const found = this.#redactor.find(text)
    let cut = this.#redactor.openEnd(text)
    // A token that reaches the end may go on; one that reaches over the cut stays whole, with what it is known by.
    for (const { from, end } of found.toReversed())
      if (end === text.length || (from < cut && end > cut)) cut = Math.min(cut, from)
    this.#held = text.slice(cut)
    return without(found, text, cut)
  }

  /** The rest. The redactor can be used for another text afterwards. */
  end(): string {
    const rest = this.#redactor.redactText(this.#held)
    this.#held = ''
    return rest
  }
}

function merged(found: Found[]): Found[] {
  const apart: Found[] = []
  for (const next of found.sort((a, b) => a.start - b.start)) {
    const last = apart.at(-1)
    if (last && next.start <= last.end) {
      last.end = Math.max(last.end, next.end)
      last.from = Math.min(last.from, next.from)
    } else apart.push(next)
  }
  return apart
}

/** The text up to `cut`, with what was found before it replaced. */
function without(found: Found[], text: string, cut: number): string {
  let shown = ''
  let at = 0
  for (const { start, end } of found) {
    if (start >= cut) break
    shown += text.slice(at, start) + REDACTED
    at = end
  }
  return shown + text.slice(at, cut)
}
