import { setTimeout as sleep } from 'node:timers/promises'
import { RpcPeer, RUNNER_PROTOCOL, type RunnerResult, SkeinError, socketPath } from '@skein/protocol'
import manifest from '../../package.json' with { type: 'json' }
import type { OwnVersion } from './attach.ts'
import { open } from './serving.ts'

const UPGRADE_MS = 30_000

/**
 * Lets a daemon of another version hand over to ours; one that is newer than we are stays, and so does one whose successor does
 * not come up. Agents notice nothing.
 */
export async function upgradeOlder(dir: string, own: OwnVersion): Promise<void> {
  const deadline = Date.now() + UPGRADE_MS
  for (;;) {
    try {
      if (await upgraded(dir, own)) return
    } catch (error) {
      // Another client of our version may have begun the same: then this one is ending.
      if (Date.now() > deadline) {
        console.error(`upgrading the runner: ${SkeinError.from(error, 'runner').message}; the one before stays`)
        return
      }
    }
    if (Date.now() > deadline) return
    await sleep(50)
  }
}

/** Whether there is nothing (more) to do. */
async function upgraded(dir: string, own: OwnVersion): Promise<boolean> {
  const stream = await open(socketPath(dir))
  if (!stream) return false
  const peer = new RpcPeer(stream)
  try {
    const limit = AbortSignal.timeout(UPGRADE_MS)
    const greeting = { protocol: [RUNNER_PROTOCOL], client: 'attach', clientVersion: manifest.version }
    const daemon = (await peer.request('hello', greeting, limit)) as RunnerResult<'hello'>
    if (daemon.sha256 === own.sha256 || isNewer(daemon.version, manifest.version)) return true
    await peer.request('runner.upgrade', { bundle: own.script }, limit)
    return true
  } finally {
    peer.close()
  }
}

function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).map(Number))
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}
