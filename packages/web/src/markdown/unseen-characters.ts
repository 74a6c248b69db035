/** Characters that are not seen but change what is: controls, marks that turn the direction of text, zero widths. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu

const PICTURE = /\p{Extended_Pictographic}\ufe0f?$/u

/** A text cut at its unseen characters; each of them comes as its number. */
export function splitUnseen(text: string): { text: string; unseen: boolean }[] {
  if (text.search(UNSEEN) < 0) return [{ text, unseen: false }]
  const parts: { text: string; unseen: boolean }[] = []
  let from = 0
  let plain = ''
  for (const match of text.matchAll(UNSEEN)) {
    plain += text.slice(from, match.index)
    from = match.index + match[0].length
    const code = match[0].codePointAt(0) ?? 0
    // A joiner between two pictures makes one emoji of them.
    if (code === 0x200d && PICTURE.test(plain)) {
      plain += match[0]
      continue
    }
    if (plain !== '') parts.push({ text: plain, unseen: false })
    plain = ''
    parts.push({ text: `U+${code.toString(16).toUpperCase().padStart(4, '0')}`, unseen: true })
  }
  plain += text.slice(from)
  if (plain !== '') parts.push({ text: plain, unseen: false })
  return parts
}
