import { readFileSync } from 'node:fs'
import { SkeinError } from '@skein/protocol'
import { type Lock, tryLock } from '@skein/protocol/node'
import * as z from 'zod'
import type { ServerPaths } from './home.ts'

/** What `server.json` says of the server that runs. For people and for messages: the lock is what counts. */
export const ServerRecord = z.object({
  pid: z.number().int(),
  version: z.string(),
  socket: z.string(),
  startedAt: z.number(),
})
export type ServerRecord = z.infer<typeof ServerRecord>

/** The exit status of a server that found another one in its place; whoever started it connects to that one. */
export const EXIT_LOCK_HELD = 75

export { type Lock, tryLock }

/** Makes this process the one server of a home, and so the one owner of its store. Throws `conflict` if there is another. */
export async function acquireServerLock(paths: ServerPaths): Promise<Lock> {
  const lock = await tryLock(paths.lock)
  if (lock) return lock
  const other = readServerRecord(paths)
  throw new SkeinError(
    'conflict',
    `a server of ${paths.home} runs already${other ? ` (process ${other.pid}, version ${other.version})` : ''}`,
    { next: `Use that one, or stop it first with \`skein server stop\`.`, details: { lock: 'held', pid: other?.pid } },
  )
}

/** What the last server wrote; it may be gone by now. */
export function readServerRecord(paths: ServerPaths): ServerRecord | undefined {
  try {
    const record = ServerRecord.safeParse(JSON.parse(readFileSync(paths.info, 'utf8')))
    return record.success ? record.data : undefined
  } catch {
    return undefined
  }
}
