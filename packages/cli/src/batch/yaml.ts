import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import { type Located, type Place, wrongAt } from './located.ts'

/** Nobody repeats that much by hand; a file that repeats its repetitions would fill the memory. */
const MOST_VALUES = 200_000

/** One document of YAML 1.2 (and so of JSON), with the place of each value. Aliases stand for what they name. */
export function parseYaml(text: string, file: string): Located {
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, schema: 'core', stringKeys: false })
  const place = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const list: readonly Document[] = Array.isArray(documents) ? documents : []
  for (const { errors } of list)
    for (const { pos, message } of errors) throw wrongAt(file, place(pos[0]), readable(message))
  const [document, second] = list
  if (second) throw wrongAt(file, place(second.range?.[0] ?? 0), 'there is more than one document')
  return document ? new Locating(file, document, place).of(document.contents, START) : EMPTY
}

const START: Place = { line: 1, column: 1 }
const EMPTY: Located = { kind: 'scalar', ...START, value: null, text: '' }

/** Gives each value of a document its place. */
class Locating {
  readonly #file: string
  readonly #document: Document
  readonly #place: (offset: number) => Place
  #values = 0

  constructor(file: string, document: Document, place: (offset: number) => Place) {
    this.#file = file
    this.#document = document
    this.#place = place
  }

  /** `at`: where it would stand, for a value that is left out. */
  of(node: unknown, at: Place): Located {
    const here = this.#placeOf(node) ?? at
    if (++this.#values > MOST_VALUES) throw wrongAt(this.#file, here, `there are more than ${MOST_VALUES} values`)
    if (isAlias(node)) {
      const named = node.resolve(this.#document)
      if (!named) throw wrongAt(this.#file, here, `nothing was named "${node.source}" before`)
      return this.of(named, here)
    }
    if (isSeq(node)) return { kind: 'list', ...here, items: node.items.map((item) => this.of(item, here)) }
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => {
        const keyAt = this.#placeOf(key) ?? here
        if (!isScalar(key)) throw wrongAt(this.#file, keyAt, 'a key is to be a text')
        return [key.source ?? String(key.value), { key: keyAt, value: this.of(value, keyAt) }] as const
      })
      return { kind: 'map', ...here, entries: new Map(entries) }
    }
    const value = isScalar(node) ? node.value : null
    if (value === null) return { kind: 'scalar', ...here, value: null, text: '' }
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw wrongAt(this.#file, here, 'a text, a number, true or false was expected here')
    return { kind: 'scalar', ...here, value, text: isScalar(node) ? (node.source ?? String(value)) : String(value) }
  }

  #placeOf(node: unknown): Place | undefined {
    const range = (node as Node | null | undefined)?.range
    return range ? this.#place(range[0]) : undefined
  }
}

function readable(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
