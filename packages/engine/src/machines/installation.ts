import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shortId } from '../identity.ts'

/**
 * Names this installation to machines, which are labelled with it: two computers of one person may share a host, and must not
 * take each other's machines for orphans. Made once, kept in `<home>/installation`.
 */
export function installationOf(home: string): string {
  const file = join(home, 'installation')
  const known = readKnown(file)
  if (known !== undefined) return known
  const mine = `${file}.${process.pid}`
  writeFileSync(mine, `${shortId('o-', randomUUID())}\n`, { mode: 0o600 })
  try {
    linkSync(mine, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(mine, { force: true })
  }
  return readKnown(file) ?? shortId('o-', home)
}

function readKnown(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return /^o-[a-z0-9]+$/.test(text) ? text : undefined
  } catch {
    return undefined
  }
}
