import { setTimeout as delay } from 'node:timers/promises'
import { uuidFrom } from '@skein/engine'
import { type SkeinApi, SkeinError } from '@skein/protocol'

const GIVE_UP_MS = 10 * 60_000
const POLL_MS = 250

/** What became of workspace and machine. */
export interface Cleanup {
  destroyed: boolean
  cleanupError?: string
}

/**
 * Removes the workspace of a run, and with it the machine that was made for it. The engine tries until it is confirmed; nobody's second
 * thoughts end that. Never throws: what came of the run counts more.
 */
export async function cleanUp(api: SkeinApi, key: string, workspaceId: string): Promise<Cleanup> {
  let problem = 'its end was not confirmed'
  try {
    const removed = await api.call('workspaces.remove', { key: uuidFrom(key, 'remove'), workspaceId, confirm: true })
    if (removed.state === 'removed') return { destroyed: true }
    for (const since = Date.now(); Date.now() - since < GIVE_UP_MS; await delay(POLL_MS)) {
      const now = await api.call('workspaces.get', { workspace: workspaceId })
      if (now.state === 'removed') return { destroyed: true }
      problem = now.problem?.message ?? problem
    }
  } catch (error) {
    problem = SkeinError.from(error, `removing the workspace ${workspaceId}`).message
  }
  return { destroyed: false, cleanupError: problem }
}
