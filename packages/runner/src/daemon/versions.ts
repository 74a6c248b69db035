import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'

const KEPT = 3
/** What an upload that was cut off left behind is nobody's after so long. */
const ABANDONED_MS = 24 * 3600_000

/** Removes the runner's versions but the newest ones and `own`, and what cut off uploads left. */
export function removeOldVersions(dir: string, own: string): void {
  const folder = join(dir, 'versions')
  const now = new Date()
  try {
    utimesSync(join(folder, own), now, now)
  } catch {
    // It runs from its sources, or from somewhere else.
  }
  const byAge = namesIn(folder)
    .map((name) => ({ name, at: changedAt(join(folder, name)) }))
    .sort((a, b) => b.at - a.at)
  for (const { name } of byAge.slice(KEPT)) if (name !== own) remove(join(folder, name))
  for (const name of namesIn(dir)) {
    const path = join(dir, name)
    if (name.startsWith('.tmp-') && now.getTime() - changedAt(path) > ABANDONED_MS) remove(path)
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // The next runner tries again.
  }
}
