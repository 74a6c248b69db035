import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { claudeEnv, type Model, processesUnder, waitUntil } from '@skein/testkit'

const LAUNCHER = join(import.meta.dirname, '..', 'skein')

/** The command line as a user calls it, with a home of its own in `folder`. */
export class BenchSkein implements AsyncDisposable {
  readonly home: string
  readonly env: Record<string, string>

  constructor(folder: string, model: Model) {
    this.home = join(folder, 'skein-home')
    this.env = claudeEnv(model, folder, { SKEIN_HOME: this.home })
  }

  /** Runs one command to its end; resolves to what it printed. */
  run(args: string[], cwd: string): Promise<string> {
    return execute(LAUNCHER, args, cwd, this.env)
  }

  /** Ends the server and the runner, so that the next command finds nothing running. */
  async stop(): Promise<void> {
    await waitUntil(
      async () => {
        const processes = await processesUnder(this.home)
        for (const { pid } of processes) terminate(pid)
        return processes.length === 0
      },
      { what: `the end of all processes of ${this.home}`, timeout: 30_000, every: 50 },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Runs a program to its end; fails with its stderr. */
export function execute(program: string, args: string[], cwd: string, env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { cwd, env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout.slice(-2000)}${stderr}`))
      else resolve(stdout)
    })
    child.stdin?.end()
  })
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It has just ended.
  }
}
