import { createHash, randomUUID } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { SkeinError, socketFallbackFolder } from '@skein/protocol'

/** Where the server of one `$SKEIN_HOME` keeps what is its own. */
export interface ServerPaths {
  home: string
  socket: string
  /** Held by the server as long as it lives. */
  lock: string
  /** Held by whoever starts a server, until it answers. */
  startLock: string
  /** For people: which process it is. */
  info: string
  logs: string
  log: string
  /** What the process itself printed. */
  output: string
  /** The token of programs that come over TCP. */
  apiToken: string
  /** Which browsers are signed in. */
  browsers: string
  previews: string
  /** Share links, and the settings of tunnels. */
  shares: string
  /** Every request of people with a link. */
  sharesLog: string
}

export function serverPaths(home: string): ServerPaths {
  const folder = resolve(home)
  const logs = join(folder, 'logs')
  return {
    home: folder,
    socket: socketPath(folder),
    lock: join(folder, 'server.lock'),
    startLock: join(folder, 'start.lock'),
    info: join(folder, 'server.json'),
    logs,
    log: join(logs, 'server.log'),
    output: join(logs, 'server.out'),
    apiToken: join(folder, 'api-token'),
    browsers: join(folder, 'browsers.json'),
    previews: join(folder, 'previews.json'),
    shares: join(folder, 'shares.json'),
    sharesLog: join(logs, 'shares.log'),
  }
}

/** A Unix socket's path may have 104 bytes on macOS and 108 on Linux. */
const LONGEST_SOCKET_PATH = 100

function socketPath(home: string): string {
  const inside = join(home, 'server.sock')
  if (Buffer.byteLength(inside) <= LONGEST_SOCKET_PATH) return inside
  return join(socketFallbackFolder(), `server-${createHash('sha256').update(home).digest('hex').slice(0, 16)}.sock`)
}

/** Makes the home and the folders in it, for us alone, and sees that they can be written. */
export function prepareHome(paths: ServerPaths): void {
  for (const folder of [paths.home, paths.logs, dirname(paths.socket)]) {
    doing(`making ${folder}`, () => makeFolder(folder))
    keepPrivate(folder)
  }
  tryWriting(paths.home)
}

/** Not with `recursive`: for a folder below `/proc` that never ends. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, 0o700)
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? error.code : undefined
    if (errno === 'EEXIST') return
    if (errno !== 'ENOENT' || dirname(folder) === folder) throw error
    makeFolder(dirname(folder))
    mkdirSync(folder, 0o700)
  }
}

/** Refuses a folder that is somebody else's; closes one of ours that is open to others. false: there is none. */
export function keepPrivate(folder: string): boolean {
  // A link to the home is its owner's choice; one in a folder that everybody can write is a trap.
  const look = folder === socketFallbackFolder() ? lstatSync : statSync
  const stats = doing(`looking at ${folder}`, () => look(folder, { throwIfNoEntry: false }))
  if (!stats) return false
  if (!stats.isDirectory())
    throw new SkeinError('invalid', `${folder} is not a folder`, { next: 'Move it away, or set SKEIN_HOME.' })
  refuseStranger(folder, stats)
  if ((stats.mode & 0o077) !== 0) doing(`closing ${folder} to other users`, () => chmodSync(folder, 0o700))
  return true
}

function refuseStranger(folder: string, stats: Stats): void {
  const user = process.getuid?.()
  if (user === undefined || stats.uid === user) return
  throw new SkeinError('unauthorized', `${folder} belongs to user ${stats.uid}, and you are user ${user}`, {
    next: 'Run Skein as its owner (without sudo), or set SKEIN_HOME to a folder of your own.',
  })
}

/** A full disk shows only when bytes are written. */
function tryWriting(folder: string): void {
  const path = join(folder, `.try-${randomUUID()}`)
  doing(`writing in ${folder}`, () => {
    try {
      const file = openSync(path, 'wx', 0o600)
      try {
        writeSync(file, Buffer.alloc(4096))
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    } finally {
      rmSync(path, { force: true })
    }
  })
}

function doing<T>(what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? error.code : undefined
    if (errno === 'EPERM' || errno === 'ENOTDIR' || errno === 'ENOENT' || errno === 'EEXIST')
      throw new SkeinError('unavailable', `${what}: ${(error as Error).message}`, {
        next: 'Set SKEIN_HOME to a folder that can be written.',
        details: { errno },
        cause: error,
      })
    throw SkeinError.from(error, what)
  }
}
