import { spawn } from 'node:child_process'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/plugin-api'
import { LogLines } from './log-lines.ts'
import { currentBoot, endGroup, isAlive, PRINT_IDENTITY, type ProcessIdentity, parseIdentity } from './process-group.ts'
import type { ScriptProcess } from './script-process.ts'

/** How a run ended. `lost`: neither its process nor its exit status is there any more, so nobody can tell. */
export type RunEnd =
  | { how: 'exited'; code: number }
  | { how: 'stopped'; why: 'timed_out' | 'cancelled' | 'too_much_output' }
  | { how: 'lost' }

export interface RunWait {
  /** From the start of the run, milliseconds. */
  timeoutMs: number
  /** Between TERM and KILL, milliseconds. */
  graceMs?: number
  /** Ends the waiting; the run goes on. */
  signal?: AbortSignal
  /** Ends the run too, where the signal's reason is a `SkeinError`: somebody wants it no more, rather than that we are stopping. */
  cancellable?: boolean
  onLine?(line: string, from: 'stdout' | 'stderr'): void
}

/** An endless log is a script gone wrong, and the disk is everybody's. */
const MOST_OUTPUT = 1024 * 1024 * 1024
const LOOK_MS = 50
/** How long a process that was just started may need until it has said who it is. */
const BEGIN_MS = 30_000

/**
 * What is started instead of the script. It says who it is, so that the script is found again whoever dies; runs it with its
 * output in files and its input closed; and writes down its exit status. Who makes `begun` decides whether it runs at all.
 */
const WRAPPER = `folder=$1; shift
mkdir "$folder/begun" 2>/dev/null || exit 125
(umask 077; { ${PRINT_IDENTITY}
} > "$folder/process.tmp" 2>/dev/null; mv "$folder/process.tmp" "$folder/process")
trap : TERM INT HUP
"$@" </dev/null >>"$folder/stdout" 2>>"$folder/stderr"
code=$?
(umask 077; echo "$code" > "$folder/exit.tmp"; mv "$folder/exit.tmp" "$folder/exit")
exit "$code"`

/**
 * One run of a script that must not be lost, nor happen twice, when this process is killed: all of it is in a folder
 * (`stdout`, `stderr`, `process`, `exit`), and whoever has the folder can wait for it and end it.
 */
export class ScriptRun {
  readonly folder: string
  /** Of a run that this process started. */
  #exited: Promise<void> | undefined
  #runs = false

  constructor(folder: string) {
    this.folder = folder
  }

  /** Makes the folder (0700, its files 0600). Nothing runs yet, so that the folder's name can be written down first. */
  async prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    for (const name of ['stdout', 'stderr']) await (await open(join(this.folder, name), 'a', 0o600)).close()
  }

  /** Starts it; it outlives this process. */
  async start(what: string, { argv, env, cwd }: ScriptProcess): Promise<void> {
    await writeFile(join(this.folder, 'started'), String(Date.now()), { mode: 0o600 })
    const child = spawn('/bin/sh', ['-c', WRAPPER, 'sh', this.folder, ...argv], {
      env,
      cwd,
      detached: true,
      stdio: 'ignore',
    })
    this.#runs = true
    this.#exited = new Promise((resolve) =>
      child.once('exit', () => {
        this.#runs = false
        resolve()
      }),
    )
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (error) => reject(SkeinError.from(error, `running ${what} in ${cwd}`)))
    })
    child.unref()
  }

  /**
   * Waits for its end, giving all that it printed from its beginning on. A run that was prepared by a process that died before
   * it started it never will: that is `lost` too.
   */
  async wait(options: RunWait): Promise<RunEnd> {
    await using stdout = new LogLines(join(this.folder, 'stdout'))
    await using stderr = new LogLines(join(this.folder, 'stderr'))
    const started = Number(await this.#read('started')) || Date.now()
    const give = async (last: boolean) => {
      await stdout.read((line) => options.onLine?.(line, 'stdout'), last)
      await stderr.read((line) => options.onLine?.(line, 'stderr'), last)
    }
    for (;;) {
      const end = await this.#end()
      await give(end !== undefined)
      if (end) return end
      const { signal, cancellable } = options
      if (cancellable && signal?.aborted && signal.reason instanceof SkeinError)
        await this.stop('cancelled', options.graceMs)
      else if (signal?.aborted) throw new SkeinError('cancelled', 'waiting for a script: the wait was ended')
      else if (Date.now() - started > options.timeoutMs) await this.stop('timed_out', options.graceMs)
      else if (stdout.offset + stderr.offset > MOST_OUTPUT) await this.stop('too_much_output', options.graceMs)
      else await this.#pause(signal)
    }
  }

  /** Ends it, its whole process group, and resolves when nobody of it is left. */
  async stop(why: 'timed_out' | 'cancelled' | 'too_much_output', graceMs = 5000): Promise<void> {
    const process = await this.#process()
    if ((await this.#read('exit')) !== undefined) return
    await writeFile(join(this.folder, 'stopped'), why, { mode: 0o600 })
    if (process && isAlive(process)) await endGroup(process.pid, graceMs)
  }

  async #end(): Promise<RunEnd | undefined> {
    const process = await this.#process()
    // Looked at before the exit status is, so that an end in between is seen.
    const alive = process !== undefined && isAlive(process)
    const exit = await this.#read('exit')
    const stopped = await this.#read('stopped')
    if (stopped !== undefined && (exit !== undefined || !alive))
      return { how: 'stopped', why: stopped === 'timed_out' || stopped === 'too_much_output' ? stopped : 'cancelled' }
    if (exit !== undefined) return { how: 'exited', code: Number(exit) }
    if (alive) return undefined
    // Its wrapper was killed; what it ran may go on without it.
    if (process?.bootId === currentBoot()) await endGroup(process.pid)
    return { how: 'lost' }
  }

  /** Who runs it; undefined if nobody does or will. */
  async #process(): Promise<ProcessIdentity | undefined> {
    for (const giveUp = Date.now() + BEGIN_MS; ; await sleep(10)) {
      const text = await this.#read('process')
      if (text !== undefined) return parseIdentity(text)
      if (this.#runs) continue
      // Somebody else ended it before it began.
      if (this.#exited) return undefined
      // Once it is ours to begin, nobody else can.
      if ((await this.#claim()) || Date.now() > giveUp) return undefined
    }
  }

  async #claim(): Promise<boolean> {
    return mkdir(join(this.folder, 'begun')).then(
      () => true,
      () => false,
    )
  }

  #read(name: string): Promise<string | undefined> {
    return readFile(join(this.folder, name), 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    )
  }

  /** Until it is worth looking again. */
  async #pause(signal: AbortSignal | undefined): Promise<void> {
    const over = new AbortController()
    const both = signal ? AbortSignal.any([signal, over.signal]) : over.signal
    const late = sleep(LOOK_MS, undefined, { signal: both }).catch(() => undefined)
    await (this.#exited ? Promise.race([late, this.#exited]) : late)
    over.abort()
  }
}
