import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What ends the runs of a process that died. */
export interface Guard {
  /** Nothing is left to be ended. */
  dismiss(): Promise<void>
}

/** Waits for a word; if whoever would say it dies first, however it dies, becomes the program that ends what was left. */
const WAIT = 'read -r word && exit 0; exec "$@"'

/**
 * A shell that waits at the other end of a pipe, which the kernel closes when this process ends: by itself, by an exception, or
 * killed. It costs a megabyte, and starts node only then.
 */
export function startGuard(home: string, temporary: boolean): Guard {
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', program(), home]
  const child = spawn('sh', ['-c', WAIT, 'skein-guard', ...argv, ...(temporary ? ['temporary'] : [])], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    // A Ctrl-C at the terminal is for us alone.
    detached: true,
  })
  const ended = once(child, 'exit').catch(() => undefined)
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  child.unref()
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  return {
    async dismiss() {
      child.ref()
      child.stdin.end('done\n')
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) await ended
    },
  }
}

/** A published package carries it beside its other programs. */
function program(): string {
  const packaged = fileURLToPath(new URL('./skein-guard.js', import.meta.url))
  return existsSync(packaged) ? packaged : fileURLToPath(new URL('./guard-main.ts', import.meta.url))
}
