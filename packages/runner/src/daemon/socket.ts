import { once } from 'node:events'
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { SkeinError, socketFallbackFolder, socketPath } from '@skein/protocol'

/** The daemon's Unix socket (0600), put in place of whatever lay there, so that there is never a moment without one. */
export class ListeningSocket {
  readonly path: string
  readonly #server: Server
  readonly #inode: number

  private constructor(path: string, server: Server) {
    this.path = path
    this.#server = server
    this.#inode = statSync(path).ino
  }

  static async open(dir: string, onConnection: (socket: Socket) => void): Promise<ListeningSocket> {
    const path = socketPath(dir)
    if (dirname(path) === socketFallbackFolder()) secureFallbackFolder()
    const first = `${path}.${process.pid}`
    rmSync(first, { force: true })
    const server = createServer(onConnection)
    server.listen(first)
    await once(server, 'listening')
    chmodSync(first, 0o600)
    renameSync(first, path)
    return new ListeningSocket(path, server)
  }

  /** Takes no more connections; a successor's socket at the same path is left alone. */
  close(): void {
    this.#server.close()
    try {
      if (statSync(this.path).ino === this.#inode) rmSync(this.path)
    } catch {
      // The state folder is gone, and the socket with it.
    }
  }
}

/** It lies where everybody may make files, so somebody else may have been there first. */
function secureFallbackFolder(): void {
  const folder = socketFallbackFolder()
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new SkeinError('unavailable', `listening in ${folder}: it is not a private folder of this user`, {
      next: 'Remove it, or choose a state folder with a shorter path.',
    })
  }
}
