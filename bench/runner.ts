import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { daemonEnvironment, RunnerClient } from '@skein/protocol'
import { buildRunner } from '../scripts/build-runner.ts'

export interface BenchRunner extends AsyncDisposable {
  readonly pid: number
  /** A further connection to the same daemon. */
  connect(): Promise<RunnerClient>
}

/** The real runner, from the real bundle, as a daemon whose state lies in `folder`. */
export async function startRunner(folder: string): Promise<BenchRunner> {
  const state = join(folder, 'runner')
  await mkdir(state, { recursive: true, mode: 0o700 })
  const { path: bundle } = await buildRunner()
  const starter = spawn(process.execPath, [bundle, 'start', '--dir', state], {
    env: daemonEnvironment(process.env),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: starter.stdout }), 'line')) as [string]
  const { socket, pid } = JSON.parse(line) as { socket: string; pid: number }
  const open = async () => {
    const stream = connect(socket)
    await once(stream, 'connect')
    return RunnerClient.connect(stream, { client: 'bench', clientVersion: '0' })
  }
  return {
    pid,
    connect: open,
    async [Symbol.asyncDispose]() {
      const client = await open()
      await client.call('runner.shutdown', { processes: 'stop' }).catch(() => undefined)
      client.close()
      while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
    },
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
