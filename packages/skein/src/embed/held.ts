import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspaceIdOf } from '@skein/engine'

/**
 * Runs that must not outlive the process that called them, by key: written down before anything is made, so that whoever has the home
 * next can end what is left of them.
 */

const folderOf = (home: string) => join(home, 'held')
const fileOf = (home: string, key: string) => join(folderOf(home), workspaceIdOf(key))

export function hold(home: string, key: string): void {
  mkdirSync(folderOf(home), { recursive: true, mode: 0o700 })
  writeFileSync(fileOf(home, key), key, { mode: 0o600 })
}

export function release(home: string, key: string): void {
  rmSync(fileOf(home, key), { force: true })
}

export function heldWorkspaces(home: string): { key: string; workspaceId: string }[] {
  try {
    return readdirSync(folderOf(home)).map((name) => ({
      key: readFileSync(join(folderOf(home), name), 'utf8'),
      workspaceId: name,
    }))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
