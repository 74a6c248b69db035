/** Characters of one long text in an answer, and of one answer's page. */
export const TEXT = 2_000
export const PAGE = 20_000

/** A text, cut where it is longer than is good for a model's context, saying so. */
export function bounded(text: string, limit = TEXT): string {
  if (text.length <= limit) return text
  const cut = text.charCodeAt(limit - 1) >= 0xd800 && text.charCodeAt(limit - 1) < 0xdc00 ? limit - 1 : limit
  return `${text.slice(0, cut)}… (${text.length - cut} more characters)`
}

/** Any value as it may be shown: as it is when it is small, else as the beginning of its JSON. */
export function boundedValue(value: unknown, limit = TEXT): unknown {
  const text = JSON.stringify(value) ?? 'null'
  return text.length <= limit ? value : bounded(text, limit)
}
