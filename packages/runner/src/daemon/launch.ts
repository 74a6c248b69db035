import { spawn } from 'node:child_process'
import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { daemonEnvironment, RpcPeer, SkeinError, socketPath } from '@skein/protocol'
import { tailOf } from '../processes/journal.ts'
import { makePrivateFolder } from '../system/durable.ts'
import { DISK_FULL_STATUS } from './exit-status.ts'
import { lockHolder } from './lock.ts'
import { open } from './serving.ts'

const WAIT_MS = 10_000
const LARGEST_LOG = 1024 * 1024

export interface Answering {
  socket: string
  pid: number
}

/** The daemon of the folder, started in the background if none answers. */
export async function ensureDaemon(
  dir: string,
  script: string,
  flags: string[],
): Promise<Answering & { started: boolean }> {
  const found = await answering(dir)
  return found ? { ...found, started: false } : { ...(await startDaemon(dir, script, flags)), started: true }
}

/** Starts a daemon and waits until one answers that is not `except`; of several that start at once, one wins. */
export async function startDaemon(dir: string, script: string, flags: string[], except?: number): Promise<Answering> {
  makePrivateFolder(dir)
  const child = spawnDetached(dir, script, flags)
  let exited: string | undefined
  child.on('error', (error) => {
    exited = error.message
  })
  child.on('exit', (code, signal) => {
    exited = code === DISK_FULL_STATUS ? 'the disk is full' : `it ended with ${signal ?? code}`
  })
  const deadline = Date.now() + WAIT_MS
  for (let pause = 4; ; pause = Math.min(pause * 1.5, 50)) {
    const found = await answering(dir)
    if (found && found.pid !== except) {
      child.unref()
      return found
    }
    // One that ended because another holds the lock is no failure: the other is about to answer.
    const holder = lockHolder(dir)
    const hopeless = exited !== undefined && (holder === undefined || holder === except)
    if (hopeless || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new SkeinError('unavailable', `starting the runner in ${dir}: ${exited ?? 'it does not answer'}`, {
        next: `See ${join(dir, 'runner.log')}.`,
        details: { log: tailOf(join(dir, 'runner.log'), 2000) },
      })
    }
    await sleep(pause)
  }
}

/** Whether a daemon answers, and who it is. */
async function answering(dir: string): Promise<Answering | undefined> {
  const pid = lockHolder(dir)
  const socket = socketPath(dir)
  if (pid === undefined) return undefined
  const stream = await open(socket)
  if (!stream) return undefined
  const peer = new RpcPeer(stream)
  try {
    await peer.request('process.list', {}, AbortSignal.timeout(WAIT_MS))
    return lockHolder(dir) === pid ? { socket, pid } : undefined
  } catch {
    return undefined
  } finally {
    peer.close()
  }
}

function spawnDetached(dir: string, script: string, flags: string[]) {
  const log = openSync(join(dir, 'runner.log'), 'a', 0o600)
  try {
    if (fstatSync(log).size > LARGEST_LOG) ftruncateSync(log)
    return spawn(process.execPath, [...process.execArgv, script, 'serve', '--dir', dir, ...flags], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      env: daemonEnvironment(process.env),
    })
  } finally {
    closeSync(log)
  }
}
