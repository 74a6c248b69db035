import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { daemonEnvironment, SkeinError } from '@skein/plugin-api'
import { engineError } from './failure.ts'

/** Which engine: a program, and where it leads. Without host and context it is what the program itself takes. */
export interface EngineAddress {
  program: 'docker' | 'podman'
  host?: string
  context?: string
}

/** What the engine says of itself. */
export interface EngineInfo {
  processors: number
  memoryBytes: number
  /** As image names have it: `linux/amd64`. */
  platform: string
}

export interface RunOptions {
  signal?: AbortSignal | undefined
  /** For its stdin. */
  input?: Buffer | Readable
  /** Each line of its output as it comes. */
  onLine?: (line: string) => void
  env?: Record<string, string>
  timeoutMs?: number
}

const TIMEOUT_MS = 120_000
const MOST_OUTPUT = 32 * 1024 * 1024
/** What docker and podman themselves read. */
const OWN_VARIABLE = /^(DOCKER|CONTAINER|CONTAINERS|PODMAN|BUILDKIT|BUILDX)_/

/** A container engine, by its command line: so contexts, credential helpers and ssh addresses work as in a terminal. */
export class ContainerEngine {
  readonly address: EngineAddress
  /** The program's path. */
  readonly path: string
  #info: Promise<EngineInfo> | undefined

  constructor(address: EngineAddress, path: string) {
    this.address = address
    this.path = path
  }

  get program(): string {
    return this.address.program
  }

  /** The command line of this computer for arguments of the engine. */
  argv(args: readonly string[]): string[] {
    const { program, host, context } = this.address
    if (program === 'podman') {
      if (host) return [this.path, '--remote', '--url', host, ...args]
      return context ? [this.path, '--remote', '--connection', context, ...args] : [this.path, ...args]
    }
    if (host) return [this.path, '--host', host, ...args]
    return context ? [this.path, '--context', context, ...args] : [this.path, ...args]
  }

  /** The environment of the program: what it needs of ours, none of our secrets. */
  environment(): Record<string, string> {
    const own = Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && OWN_VARIABLE.test(name) ? [[name, value] as const] : [],
    )
    return { ...daemonEnvironment(process.env), ...Object.fromEntries(own), LC_ALL: 'C' }
  }

  /** Its stdout without white space at the ends. `doing` begins the error's message: "making the container skein-…". */
  async run(doing: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(doing, args, options)
    if (code === 0) return stdout.trim()
    // What a build's own commands wrote is on its stdout, in engines without BuildKit.
    const more = args[0] === 'build' ? stdout.slice(-2000) : ''
    throw engineError({ doing, program: this.program, code, stderr: stripVTControlCharacters(`${more}\n${stderr}`) })
  }

  /** As `run`, but what it ended with is the caller's to judge. Throws only where it could not run or was ended by us. */
  async attempt(
    doing: string,
    args: readonly string[],
    { signal, input, onLine, env, timeoutMs = TIMEOUT_MS }: RunOptions = {},
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const deadline = AbortSignal.timeout(timeoutMs)
    const patience = signal ? AbortSignal.any([signal, deadline]) : deadline
    if (patience.aborted) throw ended(doing, signal, timeoutMs)
    const [program = this.path, ...rest] = this.argv(args)
    const child = spawn(program, rest, {
      env: { ...this.environment(), ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      signal: patience,
      killSignal: 'SIGKILL',
    })
    const kept = { stdout: '', stderr: '' }
    for (const [name, stream, most] of [
      ['stdout', child.stdout, MOST_OUTPUT],
      ['stderr', child.stderr, 64 * 1024],
    ] as const) {
      const lines = lineReader(onLine)
      stream?.setEncoding('utf8').on('data', (text: string) => {
        kept[name] = `${kept[name]}${text}`.slice(-most)
        lines(text)
      })
    }
    if (input !== undefined && child.stdin) {
      // A program that ended without reading it says why on stderr.
      child.stdin.on('error', () => undefined)
      if (Buffer.isBuffer(input)) child.stdin.end(input)
      else input.pipe(child.stdin)
    }
    return new Promise((resolve, reject) => {
      child.once('error', (error) => {
        if (patience.aborted) reject(ended(doing, signal, timeoutMs))
        else reject(SkeinError.from(error, doing))
      })
      child.once('close', (code) => resolve({ code, ...kept }))
    })
  }

  /** Asks the daemon; throws when it does not answer. */
  info(signal?: AbortSignal): Promise<EngineInfo> {
    this.#info ??= this.#ask(signal).catch((error: unknown) => {
      this.#info = undefined
      throw error
    })
    return this.#info
  }

  async #ask(signal: AbortSignal | undefined): Promise<EngineInfo> {
    const doing = `asking ${this.program} what it can`
    const said = await this.run(doing, ['info', '--format', '{{json .}}'], { signal, timeoutMs: 30_000 })
    const info = JSON.parse(said) as Record<string, unknown>
    const host = (info.host ?? {}) as Record<string, unknown>
    // The command line ends with 0 when the daemon did not answer, in some versions.
    const errors = Array.isArray(info.ServerErrors) ? info.ServerErrors.join('\n') : ''
    if (errors !== '') throw engineError({ doing, program: this.program, code: 1, stderr: errors })
    return {
      processors: Number(info.NCPU ?? host.cpus ?? 1),
      memoryBytes: Number(info.MemTotal ?? host.memTotal ?? 0),
      platform: `linux/${architecture(String(info.Architecture ?? host.arch ?? ''))}`,
    }
  }
}

/** As image names have it. */
function architecture(machine: string): string {
  if (machine === 'x86_64') return 'amd64'
  return machine === 'aarch64' ? 'arm64' : machine
}

function lineReader(onLine: ((line: string) => void) | undefined): (text: string) => void {
  let rest = ''
  return (text) => {
    if (!onLine) return
    const lines = `${rest}${text}`.split(/\r\n|\n|\r/)
    rest = (lines.pop() ?? '').slice(-8192)
    for (const line of lines) if (line.trim() !== '') onLine(stripVTControlCharacters(line))
  }
}

function ended(doing: string, signal: AbortSignal | undefined, timeoutMs: number): SkeinError {
  if (signal?.aborted) return new SkeinError('cancelled', `${doing}: cancelled`)
  return new SkeinError('timed_out', `${doing}: not done within ${timeoutMs / 1000} s`, {
    next: 'See whether the engine answers (`docker info`), then try again.',
  })
}
