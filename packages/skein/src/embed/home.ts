import { mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, realpath } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'
import { type Lock, tryLock } from '@skein/protocol/node'

const POLL_MS = 50

/** Where sessions are kept that name no home. */
export function defaultHome(): string {
  return join(process.env.SKEIN_HOME ?? join(homedir(), '.skein'), 'library')
}

/** A home that nobody has seen before. */
export async function temporaryHome(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'skein-run-')))
}

/** A home that stays; made if it is not there. */
export function lastingHome(path: string): string {
  const home = resolve(path)
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw SkeinError.from(error, `making the folder ${home}`)
  }
  return home
}

/**
 * The one owner of a home, by the lock that a server takes too. Waits while another program has it; a server's home is not waited for,
 * since that one stays.
 */
export async function lockHome(home: string, signal?: AbortSignal): Promise<Lock> {
  for (;;) {
    const lock = await tryLock(join(home, 'server.lock'))
    if (lock) return lock
    if (signal?.aborted) throw cancelled(home, signal)
    const server = serverOf(home)
    if (server !== undefined)
      throw new SkeinError('conflict', `opening ${home}: a Skein server (process ${server}) has it`, {
        next: 'Use that server: connect({ home }). Or give a home of its own.',
      })
    await delay(POLL_MS, undefined, signal ? { signal } : {}).catch(() => undefined)
  }
}

function cancelled(home: string, signal: AbortSignal): SkeinError {
  return new SkeinError('cancelled', `waiting for ${home}, which another program has: cancelled`, {
    cause: signal.reason,
  })
}

function serverOf(home: string): number | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(join(home, 'server.json'), 'utf8'))
    if (typeof record !== 'object' || record === null || !('pid' in record)) return undefined
    const pid = Number(record.pid)
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}
