import { type ChildProcess, type ChildProcessWithoutNullStreams, type StdioPipe, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { ExecResult, type RunnerParams, SkeinError } from '@skein/protocol'
import { findExecutable, whyNotStartable } from '../processes/executable.ts'
import { makePrivateFolder, readRecord, replaceFile, writeDurably } from '../system/durable.ts'
import { sendSignal } from '../system/family.ts'
import { identify, isAlive, ProcessIdentity } from '../system/processes.ts'

type ExecParams = RunnerParams<'exec'>

const DEFAULT_OUTPUT = 256 * 1024
/** Both outputs as JSON must fit one frame. */
const LARGEST_ANSWER = 900_000
const KILL_AFTER_MS = 1000
/** What a timer of node's can count to. */
const LONGEST_TIMER = 2 ** 31 - 1
/** For output that is still in the pipe when the command has ended; something it left behind may hold the pipe for ever. */
const LAST_OUTPUT_MS = 250

/** Short commands, run to their end. The result of one with a key is kept, and is the answer whenever it is asked for again. */
export class Commands implements AsyncDisposable {
  readonly #results: string
  readonly #running: string
  readonly #open = new Map<string, Promise<ExecResult>>()
  readonly #children = new Set<ChildProcess>()

  constructor(dir: string) {
    this.#results = join(dir, 'exec')
    this.#running = join(this.#results, 'running')
    makePrivateFolder(this.#running)
    this.#endLeftovers()
  }

  async run(params: ExecParams): Promise<ExecResult> {
    const { key } = params
    if (key === undefined) return await this.#execute(params)
    const open = this.#open.get(key)
    if (open) return await open
    const file = join(this.#results, `${createHash('sha256').update(key).digest('hex')}.json`)
    const known = readRecord(file, ExecResult)
    if (known) return known
    const running = this.#execute(params).then(async (result) => {
      await writeDurably(file, JSON.stringify(result))
      return result
    })
    this.#open.set(key, running)
    try {
      return await running
    } finally {
      this.#open.delete(key)
    }
  }

  /** Kills what still runs; nobody is left to take its result. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) killGroup(child, 'SIGKILL')
    await Promise.allSettled([...this.#children].map((child) => once(child, 'close')))
  }

  async #execute(params: ExecParams): Promise<ExecResult> {
    const cwd = params.cwd ?? homedir()
    const env = params.env ?? process.env
    const [name = '', ...rest] = params.argv
    const why = whyNotStartable(name, env.PATH, cwd)
    if (why !== undefined) throw new SkeinError('missing', `running ${name}: ${why}`)
    const child = spawnGated([findExecutable(name, env.PATH, cwd) ?? name, ...rest], { cwd, env })
    this.#children.add(child)
    const closed = once(child, 'close')
    closed.catch(() => {})
    const record = this.#remember(child)
    child.stdio[3].end('go\n')
    let timedOut = false
    const timer = setTimeout(
      () => {
        timedOut = true
        killGroup(child, 'SIGTERM')
        setTimeout(() => killGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref()
      },
      Math.min(params.timeoutMs ?? LONGEST_TIMER, LONGEST_TIMER),
    )
    try {
      const limit = params.maxOutput ?? DEFAULT_OUTPUT
      const stdout = new CappedOutput(child.stdout, limit)
      const stderr = new CappedOutput(child.stderr, limit)
      child.stdin.on('error', () => {})
      child.stdin.end(params.stdin ?? '')
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
      // What it left in its group goes on for KILL_AFTER_MS at most when its time was over.
      await Promise.race([closed, sleep(timedOut ? KILL_AFTER_MS : LAST_OUTPUT_MS)])
      child.stdout.destroy()
      child.stderr.destroy()
      if (timedOut) killGroup(child, 'SIGKILL')
      return fitted({
        code,
        ...(signal === null ? {} : { signal }),
        stdout: stdout.text,
        stderr: stderr.text,
        truncated: stdout.truncated || stderr.truncated,
        timedOut,
      })
    } catch (error) {
      throw new SkeinError('unavailable', `running ${name}: ${(error as Error).message}`, { cause: error })
    } finally {
      clearTimeout(timer)
      this.#children.delete(child)
      if (record) rmSync(record, { force: true })
    }
  }

  #remember(child: ChildProcess): string | undefined {
    const identity = child.pid === undefined ? undefined : identify(child.pid)
    if (!identity) return undefined
    const path = join(this.#running, `${identity.pid}.json`)
    try {
      replaceFile(path, JSON.stringify(identity))
    } catch {
      // On a full disk the command runs all the same; only our own death would leave it behind.
    }
    return path
  }

  /** A runner before us died over these, and with it whoever waited for them. */
  #endLeftovers(): void {
    for (const name of readdirSync(this.#running)) {
      const path = join(this.#running, name)
      const identity = readRecord(path, ProcessIdentity)
      if (identity && isAlive(identity)) sendSignal(-identity.pid, 'SIGKILL')
      rmSync(path, { force: true })
    }
  }
}

/** Waits for `go`, as a process's wrapper does: a command that nobody has a record of must not run. */
const GATE = 'read -r go <&3 || exit 0; exec 3<&-; exec "$@"'

type GatedCommand = ChildProcessWithoutNullStreams & { stdio: { 3: Writable } }

function spawnGated(argv: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): GatedCommand {
  try {
    const stdio: StdioPipe[] = ['pipe', 'pipe', 'pipe', 'pipe']
    const child = spawn('/bin/sh', ['-c', GATE, 'skein-exec', ...argv], {
      ...options,
      stdio,
      detached: true,
    }) as GatedCommand
    child.stdio[3].on('error', () => {})
    return child
  } catch (error) {
    throw new SkeinError('invalid', `running ${argv[0]}: ${(error as Error).message}`, { cause: error })
  }
}

/** Keeps the first bytes of a stream and lets the rest run by, so that the writer never waits. */
class CappedOutput {
  readonly #parts: Buffer[] = []
  #room: number
  truncated = false

  constructor(stream: Readable, limit: number) {
    this.#room = limit
    stream.on('error', () => {})
    stream.on('data', (bytes: Buffer) => {
      if (bytes.length > this.#room) this.truncated = true
      if (this.#room > 0) this.#parts.push(bytes.subarray(0, this.#room))
      this.#room = Math.max(0, this.#room - bytes.length)
    })
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString('utf8')
  }
}

/** Shortens outputs that JSON's escapes blow up beyond a frame. */
function fitted(result: ExecResult): ExecResult {
  let fit = result
  while (Buffer.byteLength(JSON.stringify(fit)) > LARGEST_ANSWER) {
    const longer = fit.stdout.length >= fit.stderr.length ? 'stdout' : 'stderr'
    fit = { ...fit, [longer]: fit[longer].slice(0, Math.floor(fit[longer].length / 2)), truncated: true }
  }
  return fit
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) sendSignal(-child.pid, signal)
}
