import { expect, test } from 'vitest'
import { LogLines } from './log-lines.ts'

const texts = (log: LogLines) => log.rows.map((row) => row.text)

test('parts that end within a line are joined', () => {
  const log = new LogLines()
  log.append({ offset: 0, text: 'one\ntw' })
  log.append({ offset: 6, text: 'o\nthree\n' })
  expect(texts(log)).toEqual(['one', 'two', 'three'])
})

test('what a resumed subscription says again is skipped', () => {
  const log = new LogLines()
  log.append({ offset: 0, text: 'one\ntwo\n' })
  log.append({ offset: 0, text: 'one\n' })
  log.append({ offset: 4, text: 'two\nthree\n' })
  expect(texts(log)).toEqual(['one', 'two', 'three'])
  expect(log.received).toBe(14)
})

test('a gap is told', () => {
  const log = new LogLines()
  log.append({ offset: 0, text: 'one\ntw' })
  log.append({ offset: 1206, text: 'end\n' })
  expect(texts(log)).toEqual(['one', 'tw', '… 1,200 characters are no longer kept …', 'end'])
})

test('a style goes on over lines and parts', () => {
  const log = new LogLines()
  log.append({ offset: 0, text: '\x1b[31mred\nstill' })
  log.append({ offset: 14, text: ' red\x1b[0m\nplain' })
  expect(log.rows.map((row) => row.style)).toEqual([{}, { fg: 1 }, {}])
})

test('a line without end is broken into rows, never within an escape or a character', () => {
  const log = new LogLines()
  log.append({ offset: 0, text: `${'x'.repeat(3_998)}\x1b[32mgreen` })
  expect(texts(log)).toEqual(['x'.repeat(3_998), '\x1b[32mgreen'])
  const emoji = new LogLines()
  emoji.append({ offset: 0, text: `${'x'.repeat(3_999)}😀y` })
  expect(texts(emoji)).toEqual(['x'.repeat(3_999), '😀y'])
})

test('ten megabytes in small parts are taken in without copying', () => {
  const log = new LogLines()
  const part = `${'a line of a log that somebody may want to read'.padEnd(99)}\n`.repeat(10)
  let told = 0
  log.subscribe(() => told++)
  for (let i = 0; i < 10_000; i++) log.append({ offset: i * part.length, text: part })
  expect(log.rows.length).toBe(100_000)
  expect(told).toBe(10_000)
})

test('rows beyond the limit are let go from the beginning', () => {
  const log = new LogLines()
  log.append({ offset: 0, text: '\n'.repeat(500_000) })
  expect(log.rows.length).toBe(400_000)
  expect(log.dropped).toBe(100_000)
})
