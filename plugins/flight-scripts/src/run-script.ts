import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/plugin-api'
import { endGroup } from './process-group.ts'
import type { ScriptProcess } from './script-process.ts'

export interface ScriptAnswer {
  /** null: a signal ended it. */
  code: number | null
  /** The first 4 MiB. */
  stdout: string
  /** The last 64 KiB. */
  stderr: string
}

const STDOUT_BYTES = 4 * 1024 * 1024
const STDERR_BYTES = 64 * 1024
/** What a script leaves running in the background may hold its output open; nobody waits for that. */
const DRAIN_MS = 500

/**
 * Runs a short script that answers on stdout. What it prints beyond the limits is read and forgotten, so that it is never
 * stopped by a full pipe. Throws `timed_out`, with the whole process group ended, and `cancelled`.
 */
export async function runScript(
  what: string,
  { argv: [program, ...args], env, cwd }: ScriptProcess,
  limits: { timeoutMs: number; graceMs?: number; signal?: AbortSignal },
): Promise<ScriptAnswer> {
  const child = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout = keepFirst(child.stdout, STDOUT_BYTES)
  const stderr = keepLast(child.stderr, STDERR_BYTES)
  const over = Promise.withResolvers<number | null>()
  child.once('error', (error) => over.reject(SkeinError.from(error, `running ${what}`)))
  child.once('exit', (code) => over.resolve(code))
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  // The end that a signal of ours brings about is not the script's own.
  let stopping: Promise<SkeinError> | undefined
  const stop = (why: SkeinError) => {
    const ending = child.pid === undefined ? Promise.resolve() : endGroup(child.pid, limits.graceMs ?? 2000)
    stopping ??= ending.then(() => why)
    stopping.then(() => over.resolve(null), over.reject)
  }
  const late = setTimeout(() => stop(tooLong(what, limits.timeoutMs)), limits.timeoutMs)
  const onAbort = () => stop(new SkeinError('cancelled', `running ${what}: cancelled`))
  limits.signal?.addEventListener('abort', onAbort, { once: true })
  if (limits.signal?.aborted) onAbort()
  try {
    const code = await over.promise
    if (stopping) throw await stopping
    const enough = new AbortController()
    await Promise.race([closed, sleep(DRAIN_MS, undefined, { signal: enough.signal }).catch(() => undefined)])
    enough.abort()
    return { code, stdout: stdout(), stderr: stderr() }
  } finally {
    clearTimeout(late)
    limits.signal?.removeEventListener('abort', onAbort)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

function tooLong(what: string, timeoutMs: number): SkeinError {
  return new SkeinError('timed_out', `running ${what}: no end within ${timeoutMs / 1000} s, so it was ended`)
}

function keepFirst(stream: Readable, limit: number): () => string {
  const kept: Buffer[] = []
  let size = 0
  stream.on('data', (bytes: Buffer) => {
    if (size < limit) kept.push(bytes.subarray(0, limit - size))
    size += bytes.length
  })
  return () => Buffer.concat(kept).toString('utf8')
}

function keepLast(stream: Readable, limit: number): () => string {
  let kept = Buffer.alloc(0)
  stream.on('data', (bytes: Buffer) => {
    kept = Buffer.concat([kept, bytes])
    if (kept.length > limit) kept = Buffer.from(kept.subarray(kept.length - limit))
  })
  return () => kept.toString('utf8')
}
