/**
 * Readers for what Claude Code writes. Its output grows from version to version ("the set grows over time"), so a line is not
 * held against a schema that would refuse the whole of it: each field is read on its own, and one that is missing or of
 * another type is absent.
 */
export type Json = Readonly<Record<string, unknown>>

/** The value as an object; an empty one when it is none. */
export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

export function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function objects(value: unknown): Json[] {
  return list(value).filter((item): item is Json => typeof item === 'object' && item !== null && !Array.isArray(item))
}

export function strings(value: unknown): string[] {
  return list(value).filter((item) => typeof item === 'string')
}

/** The given fields without those that are undefined, for types that tell absent from undefined. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
