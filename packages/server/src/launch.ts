import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { daemonEnvironment, ErrorBody, SkeinError } from '@skein/protocol'
import type { ServerPaths } from './home.ts'
import { EXIT_LOCK_HELD } from './lock.ts'

/** A command that runs a server (see `runServer`) in the foreground. */
export interface LaunchCommand {
  command: string
  args: string[]
  env: Record<string, string | undefined>
  /** What it reads from its standard input; nothing by default. */
  stdin?: string
}

const LARGEST_OUTPUT = 1024 * 1024
const TAIL_LINES = 20

/** A server process that was started in the background: it outlives us and our terminal. */
export class LaunchedServer {
  readonly #paths: ServerPaths
  readonly #process: ChildProcess
  readonly #outputFrom: number
  #end: { code: number | null; signal: string | null } | { failed: Error } | undefined

  private constructor(paths: ServerPaths, process: ChildProcess, outputFrom: number) {
    this.#paths = paths
    this.#process = process
    this.#outputFrom = outputFrom
    process.once('error', (failed) => {
      this.#end = { failed }
    })
    process.once('exit', (code, signal) => {
      this.#end = { code, signal }
    })
  }

  static start(paths: ServerPaths, { command, args, env, stdin }: LaunchCommand): LaunchedServer {
    const output = openOutput(paths.output)
    try {
      const process = spawn(command, args, {
        cwd: '/',
        detached: true,
        stdio: [stdin === undefined ? 'ignore' : 'pipe', output, output],
        env: { ...daemonEnvironment(env), SKEIN_HOME: paths.home },
      })
      // Should it end before it has read this, its exit says why.
      process.stdin?.on('error', () => {})
      process.stdin?.end(stdin)
      return new LaunchedServer(paths, process, fstatSync(output).size)
    } finally {
      closeSync(output)
    }
  }

  get ended(): boolean {
    return this.#end !== undefined
  }

  /** It ended because another server has its place. */
  get lockWasHeld(): boolean {
    return this.#end !== undefined && 'code' in this.#end && this.#end.code === EXIT_LOCK_HELD
  }

  /** Why it ended: its own words if it had any. */
  error(): SkeinError {
    const next = `Read ${this.#paths.output}.`
    if (this.#end && 'failed' in this.#end)
      return new SkeinError(
        'missing',
        `starting the server with ${this.#process.spawnfile}: ${this.#end.failed.message}`,
        {
          cause: this.#end.failed,
        },
      )
    const printed = readFileSync(this.#paths.output).subarray(this.#outputFrom).toString('utf8').trimEnd().split('\n')
    const said = printed.map(errorIn).findLast((error) => error !== undefined)
    if (said) return said
    const how = this.#end?.signal ? `was ended by ${this.#end.signal}` : `ended with exit status ${this.#end?.code}`
    const tail = printed.slice(-TAIL_LINES).join('\n')
    return new SkeinError('unavailable', `the server of ${this.#paths.home} ${how}${tail === '' ? '' : `:\n${tail}`}`, {
      next,
    })
  }

  /** It is not ours to wait for any more. */
  release(): void {
    this.#process.removeAllListeners()
    this.#process.unref()
  }
}

/** Appends; what grew over a megabyte is put aside. */
function openOutput(path: string): number {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LARGEST_OUTPUT) renameSync(path, `${path}.1`)
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    throw SkeinError.from(error, `opening ${path}`)
  }
}

function errorIn(line: string): SkeinError | undefined {
  if (!line.startsWith('{"error":')) return undefined
  try {
    const body = ErrorBody.safeParse((JSON.parse(line) as { error: unknown }).error)
    return body.success ? SkeinError.fromBody(body.data) : undefined
  } catch {
    return undefined
  }
}
