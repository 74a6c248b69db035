import type { SearchHit } from '@skein/protocol'

/** What somebody looks for: words, each as it was typed, all of which must occur; the last may be only begun. */
export interface Wanted {
  words: string[]
  /** For FTS5's `match`. undefined: there is nothing in it that could be found. */
  query: string | undefined
}

/** Words are parted by spaces; what stands in quotes is one. */
export function wantedIn(text: string): Wanted {
  const words = [...text.matchAll(/"([^"]+)"?|(\S+)/g)].map(([, phrase, word]) => fold(phrase ?? word ?? ''))
  const tokens = words.flatMap((word) => tokensOf(word))
  // What begins with one letter would be nearly everything.
  const open = !/["\s]$/.test(text) && (tokens.at(-1)?.length ?? 0) > 1
  const terms = tokens.map((token, index) => `"${token}"${open && index === tokens.length - 1 ? '*' : ''}`)
  return { words: words.filter((word) => word !== ''), query: terms.length === 0 ? undefined : terms.join(' AND ') }
}

/** As `unicode61` parts a text: letters and digits belong to words, all else stands between. */
function tokensOf(word: string): string[] {
  return [...word.matchAll(/[\p{L}\p{N}\p{Co}\p{M}]+/gu)].map(([token]) => token)
}

/** Without case and accents; of the same length as the text, so that places in the one are places in the other. */
export function fold(text: string): string {
  let folded = ''
  for (const character of text) {
    const plain = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
    folded +=
      plain.length === character.length
        ? plain
        : character.toLowerCase().slice(0, character.length).padEnd(character.length)
  }
  return folded
}

const AROUND = 60
const LONGEST = 240

/**
 * Some text around the first word that occurs, with every word marked in it; undefined when one does not occur as it was typed
 * (the index knows words, not what stands between them).
 */
export function snippetOf(text: string, words: readonly string[]): SearchHit['snippet'] | undefined {
  const folded = fold(text)
  const first = words.map((word) => folded.indexOf(word))
  if (first.some((at) => at === -1)) return undefined
  const begin = Math.max(0, Math.min(...first) - AROUND)
  const end = Math.min(text.length, begin + LONGEST)
  const marks = marksIn(folded.slice(begin, end), words)
  const parts: SearchHit['snippet'] = []
  let at = 0
  const shown = text.slice(begin, end)
  const push = (from: number, to: number, match: boolean) => {
    if (to > from) parts.push({ text: shown.slice(from, to), match })
  }
  for (const [from, to] of marks) {
    push(at, from, false)
    push(from, to, true)
    at = to
  }
  push(at, shown.length, false)
  const [head] = parts
  const tail = parts.at(-1)
  if (begin > 0 && head) head.text = head.match ? head.text : `…${head.text.trimStart()}`
  if (end < text.length && tail && !tail.match) tail.text = `${tail.text.trimEnd()}…`
  return parts
}

/** Where the words stand, without overlaps. */
function marksIn(folded: string, words: readonly string[]): [number, number][] {
  const found: [number, number][] = []
  for (const word of words)
    for (let at = folded.indexOf(word); at !== -1; at = folded.indexOf(word, at + word.length))
      found.push([at, at + word.length])
  found.sort((a, b) => a[0] - b[0] || b[1] - a[1])
  let last = 0
  return found.filter(([from, to]) => {
    if (from < last) return false
    last = to
    return true
  })
}
