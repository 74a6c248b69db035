import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * Runs a program in the process group of this shell, and ends the whole group when descriptor 3, our end of a pipe, is closed: by
 * us, or by the kernel when this process dies of anything, kill -9 included.
 */
const TIED = `
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{ cat <&3; kill -KILL 0; } >/dev/null 2>&1 &
exec 3<&-
wait "$program"
`

export interface TiedProcess {
  /** Calls back with each line of its output, both streams alike. */
  onLine(tell: (line: string) => void): void
  /** Resolves when nothing of it is left; answers how it ended. */
  readonly ended: Promise<string>
  /** Ends it and all that it started. */
  kill(): Promise<void>
}

/** Starts a program that cannot outlive this process. */
export function startTied(argv: readonly string[], env?: NodeJS.ProcessEnv): TiedProcess {
  const child = spawn('/bin/sh', ['-c', TIED, 'sh', ...argv], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(env ? { env } : {}),
  })
  child.stdin.on('error', () => {})
  const listeners = new Set<(line: string) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('error', () => {})
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
    lines.on('line', (line) => {
      for (const tell of listeners) tell(line)
    })
  }
  const killGroup = () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nothing is left of it.
    }
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${error.message}`))
    child.once('exit', (code, signal) => {
      // What watched the pipe is still there.
      killGroup()
      resolve(signal ? `it was ended by ${signal}` : `it ended with exit status ${code}`)
    })
  })
  return {
    onLine: (tell) => void listeners.add(tell),
    ended,
    async kill() {
      killGroup()
      await ended
    },
  }
}

/** Where the shell would find a program; undefined where it would not. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  if (name.includes('/')) return isAbsolute(name) && isProgram(name) ? name : undefined
  return path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
