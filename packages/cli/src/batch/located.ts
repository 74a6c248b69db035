import { SkeinError } from '@skein/protocol'

/** A place in a file: line and column, from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A value that was read from a file, and where it stood there. `text` is a scalar as it was written. */
export type Located = Place &
  (
    | { readonly kind: 'scalar'; readonly value: string | number | boolean | null; readonly text: string }
    | { readonly kind: 'list'; readonly items: readonly Located[] }
    | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, { readonly key: Place; readonly value: Located }> }
  )

/** An error in a file of a person's, with the place as editors take it. */
export function wrongAt(file: string, { line, column }: Place, what: string, next?: string): SkeinError {
  return new SkeinError('invalid', `${file}:${line}:${column}: ${what}`, { next, details: { file, line, column } })
}

/** A plain value as a located one; all of it stands at one place. */
export function locate(value: unknown, at: Place): Located {
  const { line, column } = at
  if (Array.isArray(value)) return { kind: 'list', line, column, items: value.map((item) => locate(item, at)) }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, item]) => [name, { key: at, value: locate(item, at) }] as const)
    return { kind: 'map', line, column, entries: new Map(entries) }
  }
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
  return { kind: 'scalar', line, column, value: scalar, text: scalar === null ? '' : String(scalar) }
}

/** The value without its places. */
export function plain(node: Located): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plain)
  return Object.fromEntries([...node.entries].map(([name, { value }]) => [name, plain(value)]))
}
