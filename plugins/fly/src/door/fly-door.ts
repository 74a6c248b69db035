import type { Duplex } from 'node:stream'
import { type ShellDoor, type ShellRun, SkeinError } from '@skein/plugin-api'
import type { WebSocket } from 'ws'
import { type Said, WireStream } from './wire.ts'

const STDERR_KEPT = 16 * 1024
const ANSWER_MS = 30_000

/** Makes a connection to the door of one machine: through Fly Proxy, or because the machine calls. */
export type Connect = (target: { run: true } | { port: number }, signal: AbortSignal | undefined) => Promise<WebSocket>

/** A machine's door, as what a runner needs of it: command lines with streams at their ends. */
export function flyDoor(name: string, connect: Connect): ShellDoor {
  return { name, run: (command, signal) => runThere(name, connect, command, signal) }
}

async function runThere(
  name: string,
  connect: Connect,
  command: string,
  signal: AbortSignal | undefined,
): Promise<ShellRun> {
  let stderr = ''
  const ready = Promise.withResolvers<void>()
  const exited = Promise.withResolvers<{ code: number | null; signal: string | null }>()
  const socket = await connect({ run: true }, signal)
  const stream = new WireStream(socket, (said) => {
    if ('ready' in said) ready.resolve()
    else if ('stderr' in said) stderr = `${stderr}${said.stderr}`.slice(-STDERR_KEPT)
    else if ('exit' in said) exited.resolve(said.exit)
    else if ('refused' in said) ready.reject(refusal(name, 'the command could not be started', said))
  })
  socket.once('close', () => {
    exited.resolve({ code: null, signal: null })
    ready.reject(new SkeinError('unavailable', `${name}: the connection ended at once`, { next: 'Try again.' }))
  })
  stream.say({ run: command })
  await answered(name, stream, ready.promise, signal)
  return { stream, stderr: () => stderr, exited: exited.promise, kill: () => void stream.destroy() }
}

/** The bytes of a connection to a port of the machine's loopback. */
export async function openPort(
  name: string,
  connect: Connect,
  port: number,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new SkeinError('invalid', `${name}: there is no port ${port}`)
  const ready = Promise.withResolvers<void>()
  const socket = await connect({ port }, signal)
  const stream = new WireStream(socket, (said) => {
    if ('ready' in said) ready.resolve()
    else if ('refused' in said) ready.reject(refusal(name, `nothing answers on port ${port}`, said))
  })
  socket.once('close', () => ready.reject(new SkeinError('unavailable', `${name}: the connection ended at once`)))
  await answered(name, stream, ready.promise, signal)
  return stream
}

async function answered(
  name: string,
  stream: WireStream,
  ready: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const late = AbortSignal.timeout(ANSWER_MS)
  const patience = signal ? AbortSignal.any([signal, late]) : late
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void =>
      reject(
        signal?.aborted
          ? new SkeinError('cancelled', `${name}: cancelled`, { cause: signal.reason })
          : new SkeinError('unavailable', `${name}: no answer within ${ANSWER_MS / 1000} s`, { next: 'Try again.' }),
      )
    patience.addEventListener('abort', stop, { once: true })
    if (patience.aborted) stop()
    void ready.finally(() => patience.removeEventListener('abort', stop)).catch(() => undefined)
  })
  try {
    await Promise.race([ready, aborted])
  } catch (error) {
    stream.on('error', () => undefined)
    stream.destroy()
    throw error
  }
}

function refusal(name: string, what: string, said: Extract<Said, { refused: string }>): SkeinError {
  return new SkeinError('unavailable', `${name}: ${what}: ${said.refused}`, { details: { errno: said.code } })
}
