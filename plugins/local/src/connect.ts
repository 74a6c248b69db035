import { once } from 'node:events'
import { createConnection, type NetConnectOpts, type Socket } from 'node:net'
import { SkeinError } from '@skein/plugin-api'

/** Throws `unavailable` with `details.errno` when nothing answers there. */
export async function connectTo(address: NetConnectOpts, signal?: AbortSignal): Promise<Socket> {
  const where = 'path' in address ? address.path : `port ${address.port}`
  const socket = createConnection(address)
  try {
    await once(socket, 'connect', signal ? { signal } : {})
    return socket
  } catch (error) {
    socket.on('error', () => {}).destroy()
    if (signal?.aborted) throw new SkeinError('cancelled', `connecting to ${where}: cancelled`, { cause: error })
    const errno = error instanceof Error && 'code' in error ? String(error.code) : undefined
    throw new SkeinError('unavailable', `connecting to ${where}: ${error instanceof Error ? error.message : error}`, {
      details: { errno },
      cause: error,
    })
  }
}

/** A program that says `localhost` may listen at either address of it. */
export async function connectToPort(port: number, signal?: AbortSignal): Promise<Socket> {
  try {
    return await connectTo({ host: '127.0.0.1', port }, signal)
  } catch (error) {
    if (signal?.aborted) throw error
    return connectTo({ host: '::1', port }, signal).catch(() => {
      throw error
    })
  }
}
