import { expect, test } from 'vitest'
import { TerminalRing } from './terminal-ring.ts'

const LINE = `${'x'.repeat(79)}\n`

function filled(text: string, lines: number): TerminalRing {
  const ring = new TerminalRing()
  ring.push(text)
  for (let i = 0; i < lines; i++) ring.push(LINE)
  return ring
}

test('output is read in parts, from any position, as it was', () => {
  const ring = new TerminalRing()
  const parts = ['one', 'two, three', '', 'four']
  for (const part of parts) ring.push(part)
  const all = parts.join('')
  for (let at = 0; at <= all.length; at++) {
    let text = ''
    while (at + text.length < ring.end) text += ring.read(at + text.length, 3)
    expect(text).toBe(all.slice(at))
  }
})

test('the oldest output is dropped, whole lines of it', () => {
  const ring = filled('first\n', 10_000)
  expect(ring.end).toBe(6 + 800_000)
  expect(ring.end - ring.start).toBeGreaterThan(250_000)
  expect(ring.end - ring.start).toBeLessThan(300_000)
  expect(ring.read(ring.start, 80)).toBe(LINE)
})

test.each([
  ['the alternate screen and bracketed paste', '\x1b[?1049h\x1b[?2004h', '\x1b[?1049h\x1b[?2004h'],
  ['a hidden cursor', '\x1b[?25l', '\x1b[?25l'],
  ['several modes at once', '\x1b[?1000;1006h', '\x1b[?1000h\x1b[?1006h'],
  ['nothing that was taken back', '\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l', ''],
  ['nothing after a full reset', '\x1b[?1049h\x1b=\x1bc', ''],
  ['keypad and keyboard modes', '\x1b=\x1b[>1u', '\x1b=\x1b[>1u'],
])('what was dropped had switched on: %s', (_what, output, prelude) => {
  expect(filled(output, 10_000).modes.prelude).toBe(prelude)
})

test('a sequence that is cut in two counts all the same', () => {
  const ring = new TerminalRing()
  for (const text of ['\x1b[?10', '49h']) ring.modes.push(text)
  expect(ring.modes.prelude).toBe('\x1b[?1049h')
})
