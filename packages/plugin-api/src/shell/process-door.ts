import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { SkeinError } from '@skein/protocol'
import type { ShellDoor, ShellRun } from './door.ts'

const STDERR_KEPT = 16 * 1024
/** How long what a program left behind may hold its output open after it ended. */
const LINGER_MS = 2000

export interface ProcessDoorOptions {
  /** In messages: "ssh build-box". */
  name: string
  /** The program of this computer, and its arguments, that runs the command line on the machine. */
  argv(command: string): string[]
  /** The whole environment of that program; this process's own unless given. */
  env?: Record<string, string | undefined>
  cwd?: string
  explain?: ShellDoor['explain']
}

/** A door that is a program of this computer. Each run is a process group of its own, which ends with its stream. */
export function processDoor(options: ProcessDoorOptions): ShellDoor {
  return {
    name: options.name,
    run: (command, signal) => runProcess(options.name, options.argv(command), options, signal),
    ...(options.explain === undefined ? {} : { explain: options.explain }),
  }
}

/** Starts a program with streams at its ends. Aborting the signal kills it, at any time. */
export async function runProcess(
  name: string,
  argv: readonly string[],
  options: { env?: Record<string, string | undefined>; cwd?: string } = {},
  signal?: AbortSignal,
): Promise<ShellRun> {
  if (signal?.aborted) throw new SkeinError('cancelled', `${name}: cancelled`, { cause: signal.reason })
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  let stderr = Buffer.alloc(0)
  child.stderr.on('data', (bytes: Buffer) => {
    stderr = Buffer.concat([stderr, bytes])
    if (stderr.length > STDERR_KEPT) stderr = stderr.subarray(stderr.length - STDERR_KEPT)
  })
  child.stderr.on('error', () => {})
  const stream = new ProcessStream(child)
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    // Not `close`: what the program left behind may hold its stderr for minutes (ssh's master does).
    child.once('exit', (code, by) => resolve({ code, signal: by }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
  const onAbort = () => stream.destroy(new SkeinError('cancelled', `${name}: cancelled`, { cause: signal?.reason }))
  signal?.addEventListener('abort', onAbort, { once: true })
  void exited.then(() => signal?.removeEventListener('abort', onAbort))
  await started(child, name, program)
  const kill = () => void stream.destroy()
  return { stream, stderr: () => stderr.toString('utf8'), exited, kill }
}

function started(child: ChildProcessWithoutNullStreams, name: string, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) => {
      const absent = 'code' in error && error.code === 'ENOENT'
      reject(
        new SkeinError(absent ? 'missing' : 'unavailable', `${name}: cannot start ${program}: ${error.message}`, {
          next: absent ? `Install ${program}, or put it on the PATH.` : undefined,
          cause: error,
        }),
      )
    })
  })
}

/** A child's stdin and stdout as one stream. Destroying it kills the child's process group. */
class ProcessStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams
  #exited = false
  #ended = false

  constructor(child: ChildProcessWithoutNullStreams) {
    super({ highWaterMark: 64 * 1024 })
    this.#child = child
    child.stdout.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) child.stdout.pause()
    })
    child.stdout.once('close', () => {
      this.#ended = true
      this.push(null)
    })
    child.stdout.on('error', () => {})
    // A program that reads no more may still say why; what it says comes before its end.
    child.stdin.on('error', () => setTimeout(() => this.#inputLost(), LINGER_MS).unref())
    child.once('exit', () => {
      this.#exited = true
      setTimeout(() => this.#afterExit(), LINGER_MS).unref()
    })
    // That it did not start is told by `runProcess`.
    child.once('error', (error) => this.on('error', () => {}).destroy(error))
  }

  override _read(): void {
    this.#child.stdout.resume()
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(bytes, () => done())
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#exited || !this.#ended) this.#killGroup()
    this.#child.stdin.destroy()
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
    done(error)
  }

  #inputLost(): void {
    if (!this.destroyed && !this.#exited)
      this.destroy(new SkeinError('unavailable', 'the other end takes no more input'))
  }

  #afterExit(): void {
    this.#child.stderr.destroy()
    if (this.#ended || this.destroyed) return
    this.#killGroup()
    // Whoever still holds the pipe now has left the group; what was written before is read first.
    setTimeout(() => {
      if (!this.#ended && !this.#child.stdout.isPaused()) this.#child.stdout.destroy()
    }, LINGER_MS).unref()
  }

  #killGroup(): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // Nobody of it is left.
    }
  }
}
