import { deflateSync } from 'node:zlib'

// The order is git's own (base85.c); RFC 1924's.
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~'
const BYTES_IN_LINE = 52

/** The body of a "GIT binary patch" that turns one content into another and back, as `git diff --binary` writes it. */
export function binaryPatch(before: Buffer, after: Buffer): string {
  return `GIT binary patch\n${literal(after)}\n${literal(before)}\n`
}

function literal(content: Buffer): string {
  const packed = deflateSync(content)
  const lines: string[] = [`literal ${content.length}\n`]
  for (let at = 0; at < packed.length; at += BYTES_IN_LINE) {
    const part = packed.subarray(at, at + BYTES_IN_LINE)
    lines.push(`${lengthLetter(part.length)}${base85(part)}\n`)
  }
  return lines.join('')
}

function lengthLetter(length: number): string {
  return String.fromCharCode(length <= 26 ? length + 0x40 : length - 27 + 0x61)
}

function base85(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    let value = 0
    for (let byte = 0; byte < 4; byte++) value = value * 256 + (bytes[at + byte] ?? 0)
    let group = ''
    for (let digit = 0; digit < 5; digit++) {
      group = ALPHABET.charAt(value % 85) + group
      value = Math.floor(value / 85)
    }
    text += group
  }
  return text
}
