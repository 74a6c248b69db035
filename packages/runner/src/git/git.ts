import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'
import { gitEnvironment, gitSettings } from './git-environment.ts'
import { gitFailure, isHeldLock } from './git-failure.ts'

/** One run of the system's git. */
export interface GitCall {
  /** What is being done and to what, for the error: "reading the status of /x". */
  doing: string
  /** The folder that git works in. */
  at: string
  env?: Record<string, string>
  input?: Uint8Array | string
  /** Standard input comes from this descriptor. */
  stdin?: number
  /** Exit codes besides 0 that are answers and not failures. */
  answers?: readonly number[]
  /** It may take locks. Otherwise git keeps from refreshing the index on the side. */
  writes?: boolean
  /** The clone's own hooks may run. */
  hooks?: boolean
  /** Standard output goes to this descriptor instead of memory. */
  stdout?: number
  signal?: AbortSignal | undefined
  /** Milliseconds; ten minutes when absent. */
  deadline?: number
}

export interface GitAnswer {
  code: number
  stdout: Buffer
  stderr: string
}

const DEADLINE = 10 * 60_000
const LOCK_PATIENCE = 30_000
const MOST_OUTPUT = 256 * 1024 * 1024
const MOST_STDERR = 64 * 1024

/**
 * Runs git, never through a shell, and resolves with what it wrote. A lock that another git holds is waited for, up to 30 s.
 * Throws a SkeinError that says what was being done, what git said, and what to do.
 */
export async function git(args: readonly string[], call: GitCall): Promise<GitAnswer> {
  const begun = Date.now()
  for (let attempt = 0; ; attempt++) {
    const answer = await runOnce(args, call)
    if (answer.code === 0) return answer
    const waits = call.stdout === undefined && isHeldLock(answer.stderr) && Date.now() - begun < LOCK_PATIENCE
    if (!waits && call.answers?.includes(answer.code)) return answer
    if (!waits) throw gitFailure(call, answer)
    await sleep(Math.min(1_000, 10 * 2 ** attempt) * (0.5 + Math.random()), undefined, { signal: call.signal })
  }
}

/** What git wrote, as text without the newline at its end. */
export async function gitText(args: readonly string[], call: GitCall): Promise<string> {
  const { stdout } = await git(args, call)
  return stdout.toString('utf8').replace(/\n$/, '')
}

function runOnce(args: readonly string[], call: GitCall): Promise<GitAnswer> {
  const deadline = AbortSignal.timeout(call.deadline ?? DEADLINE)
  const ending = call.signal === undefined ? deadline : AbortSignal.any([call.signal, deadline])
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-C', call.at, ...gitSettings(call.hooks === true), ...args], {
      // A folder that is missing is git's to report: spawn would blame the program.
      cwd: '/',
      env: { ...gitEnvironment(call.writes === true), ...call.env },
      stdio: [call.stdin ?? (call.input === undefined ? 'ignore' : 'pipe'), call.stdout ?? 'pipe', 'pipe'],
      signal: ending,
      killSignal: 'SIGTERM',
    })
    const stdout: Buffer[] = []
    let size = 0
    let stderr = ''
    let ended: unknown
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MOST_OUTPUT) stdout.push(chunk)
      else child.kill()
    })
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = (stderr + chunk).slice(-MOST_STDERR)
    })
    child.stdin?.on('error', () => {
      // It ended before it read everything; its exit code says why.
    })
    child.stdin?.end(call.input)
    child.on('error', (error) => {
      ended = error
      if (child.pid === undefined) reject(didNotStart(call, error))
    })
    child.on('close', (code, killedBy) => {
      if (code !== null) resolve({ code, stdout: Buffer.concat(stdout), stderr })
      else if (call.signal?.aborted)
        reject(new SkeinError('cancelled', `${call.doing} was cancelled`, { cause: ended }))
      else if (deadline.aborted) reject(tookTooLong(call))
      else if (size > MOST_OUTPUT) reject(new SkeinError('invalid', `${call.doing}: more than 256 MiB of output`))
      else reject(new SkeinError('unavailable', `${call.doing}: git was ended by ${killedBy}`, { next: 'Try again.' }))
    })
  })
}

function didNotStart(call: GitCall, error: Error & { code?: string }): SkeinError {
  if (call.signal?.aborted) return new SkeinError('cancelled', `${call.doing} was cancelled`, { cause: error })
  if (error.code !== 'ENOENT') return SkeinError.from(error, call.doing)
  return new SkeinError('missing', `${call.doing}: git is not installed on this machine, or not on its PATH`, {
    next: 'Install git (Debian, Ubuntu: apt-get install git; macOS: xcode-select --install), then try again.',
    cause: error,
  })
}

function tookTooLong(call: GitCall): SkeinError {
  const seconds = Math.round((call.deadline ?? DEADLINE) / 1_000)
  return new SkeinError('timed_out', `${call.doing}: git was not done after ${seconds} s and was ended`, {
    next: 'Try again when the disk or the network is less busy.',
  })
}
