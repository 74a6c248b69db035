import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { daemonEnvironment, type ProviderContext, SkeinError, socketPath } from '@skein/plugin-api'
import { connectTo } from './connect.ts'

const START_DEADLINE_MS = 15_000
/** How the kernel says that nobody listens at a socket's path. */
const NOBODY_LISTENS = new Set(['ENOENT', 'ECONNREFUSED'])

/** The runner daemon of this computer, in `<home>/runner`. */
export class LocalRunner {
  readonly #context: ProviderContext
  readonly #idleExitMs: number
  readonly #folder: string
  /** Where it listens; until a start has told, where it should. */
  #socket: string
  #starting: Promise<string> | undefined

  constructor(context: ProviderContext, idleExitMs: number) {
    this.#context = context
    this.#idleExitMs = idleExitMs
    this.#folder = join(context.home, 'runner')
    this.#socket = socketPath(this.#folder)
  }

  /** A stream to it; it is started if nothing answers. */
  async open(signal?: AbortSignal): Promise<Duplex> {
    refuseStranger(this.#socket)
    try {
      return await connectTo({ path: this.#socket }, signal)
    } catch (error) {
      if (!nobodyListens(error)) throw error
    }
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    this.#socket = await orAborted(this.#starting, signal)
    return connectTo({ path: this.#socket }, signal)
  }

  /** Asking twice is harmless: the second `start` finds the first one's daemon. */
  async #start(): Promise<string> {
    const folder = this.#folder
    const { path: bundle } = await this.#context.runnerBundle()
    this.#context.log(`starting the runner in ${folder}`)
    const deadline = AbortSignal.any([this.#context.signal, AbortSignal.timeout(START_DEADLINE_MS)])
    const argv = [bundle, 'start', '--dir', folder, '--idle-exit-ms', String(this.#idleExitMs)]
    const child = spawn(process.execPath, argv, {
      env: daemonEnvironment(process.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: deadline,
    })
    let stderr = ''
    child.stderr.on('data', (bytes: Buffer) => {
      stderr = `${stderr}${bytes.toString('utf8')}`.slice(-4096)
    })
    const failed = (why: string, cause?: unknown) =>
      new SkeinError(
        'unavailable',
        `starting the runner in ${folder}: ${why}${stderr === '' ? '' : `\n${stderr.trim()}`}`,
        {
          next: 'Run `skein doctor`.',
          cause,
        },
      )
    try {
      return await new Promise<string>((resolve, reject) => {
        createInterface({ input: child.stdout }).once('line', (line) => {
          const socket = socketIn(line)
          if (socket === undefined) reject(failed(`it answered ${JSON.stringify(line)}`))
          else resolve(socket)
        })
        child.once('error', (error) => reject(failed(error.message, error)))
        child.once('close', (code) => reject(failed(`it ended with exit status ${code} and no answer`)))
      })
    } catch (error) {
      if (deadline.aborted && !this.#context.signal.aborted)
        throw failed(`no answer within ${START_DEADLINE_MS / 1000} s`, error)
      throw error
    } finally {
      child.stdout.destroy()
      child.stderr.destroy()
    }
  }
}

/** Secrets go over this socket, and its folder may be in one that everybody can write. */
function refuseStranger(socket: string): void {
  const folder = statSync(dirname(socket), { throwIfNoEntry: false })
  if (folder && folder.uid !== userInfo().uid)
    throw new SkeinError('unauthorized', `${dirname(socket)} belongs to user ${folder.uid}, not to you`, {
      next: 'Remove that folder, or set SKEIN_HOME to a folder of your own.',
    })
}

/** Stops waiting; the start goes on for the others who wait. */
async function orAborted<T>(waiting: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return waiting
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(new SkeinError('cancelled', 'starting the runner: cancelled'))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([waiting, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function nobodyListens(error: unknown): boolean {
  return error instanceof SkeinError && NOBODY_LISTENS.has(String(error.details?.errno))
}

/** `start` prints one line: `{"socket": …, "pid": …}`. */
function socketIn(line: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(line)
    if (typeof answer === 'object' && answer !== null && 'socket' in answer && typeof answer.socket === 'string')
      return answer.socket
  } catch {
    // Not an answer.
  }
  return undefined
}
