import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { announce } from '../daemon/attach.ts'

/**
 * Joins stdin and stdout to a port of this machine's loopback. The client may end its side first; the service's end is the end,
 * because hardly anything that carries a process's stdout tells of its end before the process's own.
 */
export async function joinPort(port: number, mark: string | undefined): Promise<void> {
  const socket = await connectTo(port)
  if (mark !== undefined) void announce(mark, 'ready', { address: socket.remoteAddress })
  process.stdin.pipe(socket)
  socket.pipe(process.stdout, { end: false })
  await new Promise((resolve) => {
    for (const end of ['end', 'error', 'close']) socket.once(end, resolve)
    // Nobody reads any more.
    process.stdout.once('error', resolve)
  })
}

/** A program that says `localhost` may listen at either address of it. */
async function connectTo(port: number): Promise<Socket> {
  let first: unknown
  for (const host of ['127.0.0.1', '::1']) {
    const socket = connect({ host, port, allowHalfOpen: true })
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      socket.on('error', () => {}).destroy()
      first ??= error
    }
  }
  const { SkeinError } = await import('@skein/protocol')
  const errno = first instanceof Error && 'code' in first ? String(first.code) : undefined
  throw new SkeinError('unavailable', `connecting to port ${port}: ${first instanceof Error ? first.message : first}`, {
    details: { errno },
  })
}
