import { createHash } from 'node:crypto'

/** A stable, short, typable id: the same parts always give the same one, so that a repeated command names the same thing. */
export function shortId(prefix: string, ...parts: string[]): string {
  const digest = createHash('sha256').update(parts.join('\0')).digest()
  let id = ''
  for (const byte of digest.subarray(0, 10)) id += 'abcdefghjkmnpqrstuvwxyz23456789z'[byte & 31]
  return `${prefix}${id}`
}

/** The id of the workspace that `workspaces.create` makes under a key. */
export function workspaceIdOf(key: string): string {
  return shortId('w-', key)
}

/** A UUID made from parts (version 8: custom), for ids that an agent wants in that form. */
export function uuidFrom(...parts: string[]): string {
  const hex = createHash('sha256').update(parts.join('\0')).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** SHA-256 of a JSON value, independent of the order of keys. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined)
    entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
