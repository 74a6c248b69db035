import { SkeinError, type Tunnel } from '@skein/plugin-api'
import { startTied } from './tied-process.ts'

const OPEN_MS = 45_000
/** Of what a program printed, the last lines are told when it fails. */
const TOLD_LINES = 5

export interface ProcessTunnelOptions {
  /** For messages: "cloudflared". */
  name: string
  argv: readonly string[]
  signal: AbortSignal
  /** What a line means: the tunnel's URL, once it can be used. */
  read(line: string): string | undefined
  /** A line that a person should see when it fails. */
  tells(line: string): boolean
  /** What to do about a failure, by the lines that it told. */
  next(told: string): string
  keepsUrl: boolean
  visitorHeader: string
  openMs?: number
}

/** A tunnel that is a program of this computer, told to be open by what it prints. */
export async function openProcessTunnel(options: ProcessTunnelOptions): Promise<Tunnel> {
  const { name, argv, signal, read, tells, next, keepsUrl, visitorHeader, openMs = OPEN_MS } = options
  signal.throwIfAborted()
  const told: string[] = []
  const program = startTied(argv)
  const opened = Promise.withResolvers<string>()
  program.onLine((line) => {
    if (tells(line)) told.push(line.trim().slice(0, 500))
    if (told.length > TOLD_LINES) told.shift()
    const url = read(line)
    if (url !== undefined) opened.resolve(url)
  })
  const fail = (code: 'unavailable' | 'timed_out' | 'cancelled', why: string) => {
    const words = told.join('\n')
    opened.reject(
      new SkeinError(code, `opening a tunnel with ${name}: ${why}${words === '' ? '' : `:\n${words}`}`, {
        next: next(words),
      }),
    )
  }
  const timer = setTimeout(() => fail('timed_out', `it told no address within ${openMs / 1000} seconds`), openMs)
  const onAbort = () => fail('cancelled', 'cancelled')
  signal.addEventListener('abort', onAbort, { once: true })
  void program.ended.then((how) => fail('unavailable', how))
  try {
    const url = await opened.promise
    const ended = program.ended.then((how) => `${name}: ${told.at(-1) ?? how}`)
    return { url, keepsUrl, visitorHeader, ended, close: () => program.kill() }
  } catch (error) {
    await program.kill()
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
