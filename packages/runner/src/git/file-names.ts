import { isUtf8 } from 'node:buffer'

/**
 * File names are bytes; ours travel as JSON text. A name that is UTF-8 stands for itself. Any other, and one that begins with
 * a quote, is written as git writes it: in quotes, with C's escapes (`"caf\351.txt"`). So a name is quoted exactly when it
 * begins with a quote.
 */
export function nameOf(bytes: Buffer): string {
  return isUtf8(bytes) && bytes[0] !== 0x22 ? bytes.toString('utf8') : quoted(bytes)
}

/** The bytes that a name stands for. */
export function bytesOf(name: string): Buffer {
  return name.startsWith('"') ? unquoted(name) : Buffer.from(name)
}

const ESCAPES: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 }
const ESCAPED = new Map(Object.entries(ESCAPES).map(([letter, code]) => [code, letter]))

/** A name in quotes, with C's escapes. */
export function quoted(bytes: Buffer): string {
  let text = ''
  for (const byte of bytes) {
    const letter = ESCAPED.get(byte)
    if (letter !== undefined) text += `\\${letter}`
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\${byte.toString(8).padStart(3, '0')}`
  }
  return `"${text}"`
}

function unquoted(name: string): Buffer {
  const parts: Buffer[] = []
  for (const [, octal, letter, plain] of name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)) {
    if (octal !== undefined) parts.push(Buffer.from([Number.parseInt(octal, 8)]))
    else if (letter !== undefined) parts.push(Buffer.from([ESCAPES[letter] ?? letter.charCodeAt(0)]))
    else parts.push(Buffer.from(plain ?? ''))
  }
  return Buffer.concat(parts)
}

/** The NUL-separated fields that `-z` gives, as bytes. */
export function fieldsOf(output: Buffer): Buffer[] {
  const fields: Buffer[] = []
  for (let start = 0; start < output.length; ) {
    const end = output.indexOf(0, start)
    fields.push(output.subarray(start, end === -1 ? output.length : end))
    start = end === -1 ? output.length : end + 1
  }
  return fields
}
