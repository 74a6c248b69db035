import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'

/**
 * A small file whose space is taken beforehand and which is filled in later, by us or by a shell (`printf … 1<>file`): one write,
 * in place, that works on a full disk too.
 */
const SIZE = 64

export function makeSlot(path: string): void {
  writeFileSync(path, `${' '.repeat(SIZE - 1)}\n`, { mode: 0o600 })
}

/** What was filled in: the first line; undefined while nothing was, or the write is not whole yet. */
export function readSlot(path: string): string | undefined {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
  const end = text.indexOf('\n')
  const value = end === -1 ? '' : text.slice(0, end).trim()
  return value === '' ? undefined : value
}

export function fillSlot(path: string, value: string): void {
  const file = openSync(path, 'r+')
  try {
    writeSync(file, `${value.padEnd(SIZE - 1)}\n`, 0, 'latin1')
  } finally {
    closeSync(file)
  }
}
