/** What a person typed as the path of an address on this origin; undefined when it is none. */
export function previewPath(typed: string): string | undefined {
  const text = typed.trim()
  if (text === '') return '/'
  const local = /^(?:https?:)?\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(\/.*)?$/i.exec(text)
  if (local) return local[1] ?? '/'
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) || text.startsWith('//')) return undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters have no place in an address
  if (/[\x00-\x1f\\]/.test(text)) return undefined
  return text.startsWith('/') ? text : `/${text}`
}
