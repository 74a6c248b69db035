import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SkeinError } from '@skein/plugin-api'

/** Where the scripts of a project without a clone lie: those that a person approved, and in `pending/` those that wait for it. */
export function scriptsFolder(home: string, project: string): string {
  if (project === '' || project.startsWith('.') || /[/\\\0]/.test(project))
    throw new SkeinError('invalid', `${JSON.stringify(project)} is no name of a project`)
  return join(home, 'flight', 'remote-scripts', project)
}

/** What was approved: the SHA-256 of each script by its name. */
export interface Approval {
  hash: string
  scripts: Record<string, string>
  at: number
}

export function readApproval(folder: string): Approval | undefined {
  const path = join(folder, 'approved.json')
  if (!existsSync(path)) return undefined
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isApproval(value)) return value
  } catch {
    // Told below.
  }
  throw new SkeinError('conflict', `reading ${path}: it does not say what was approved`, {
    next: 'Delete it, fetch the project’s scripts again and approve them.',
  })
}

/** The path of an approved script; undefined if there is none. Throws `conflict` if it is not what was approved. */
export function approvedScript(home: string, project: string, name: string): string | undefined {
  const folder = scriptsFolder(home, project)
  const expected = readApproval(folder)?.scripts[name]
  if (expected === undefined) return undefined
  const path = join(folder, name)
  if (existsSync(path) && sha256(readFileSync(path)) === expected) return path
  throw new SkeinError('conflict', `${path} is not the script that was approved`, {
    next: 'Fetch the project’s scripts again, look at the difference, and approve it.',
  })
}

/** One hash for a set of scripts. */
export function hashOf(scripts: Record<string, string>): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(scripts).sort()) hash.update(`${scripts[name]} ${name}\0`)
  return hash.digest('hex')
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function isApproval(value: unknown): value is Approval {
  if (typeof value !== 'object' || value === null || !('hash' in value) || !('scripts' in value)) return false
  return typeof value.hash === 'string' && typeof value.scripts === 'object' && value.scripts !== null
}
