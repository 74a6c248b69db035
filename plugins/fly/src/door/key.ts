import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDoorKey } from './ticket.ts'

/** This installation's private key, made once. It never leaves this computer; machines know its public half. */
export function doorKey(home: string): string {
  const folder = join(home, 'fly')
  const file = join(folder, 'door.key')
  const known = readIf(file)
  if (known !== undefined) return known
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const temporary = `${file}.${randomBytes(4).toString('hex')}`
  writeFileSync(temporary, makeDoorKey().privatePem, { mode: 0o600, flush: true })
  try {
    // Of several that make one at once, the first is kept.
    linkSync(temporary, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  return readFileSync(file, 'utf8')
}

function readIf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
