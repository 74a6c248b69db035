import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { type FoundProcess, processesIn, processesUnder } from './processes.ts'
import { waitUntil } from './wait.ts'

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
}

export interface TemporaryFolderOptions {
  /** How long processes may take to end by themselves, in milliseconds. */
  grace?: number
}

/**
 * A folder that goes with the test: `await using folder = await temporaryFolder()`. A process that still runs in it, or names
 * it in its command line or environment, is killed and makes the test fail: nothing of a test may survive it.
 */
export async function temporaryFolder(name = 'test', options: TemporaryFolderOptions = {}): Promise<TemporaryFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), `skein-${name}-`)))
  return {
    path,
    async [Symbol.asyncDispose]() {
      const survivors = await survivorsOf(path, options.grace ?? 5_000)
      for (const { pid } of survivors) kill(pid)
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
      if (survivors.length === 0) return
      const list = survivors.map(({ pid, command }) => `  ${pid} ${command}`).join('\n')
      throw new SkeinError('internal', `cleaning up ${path}: these processes still ran and were killed:\n${list}`)
    },
  }
}

async function survivorsOf(path: string, grace: number): Promise<FoundProcess[]> {
  let last: FoundProcess[] = []
  const gone = async () => {
    const both = [...(await processesIn(path)), ...(await processesUnder(path))]
    last = [...new Map(both.map((process) => [process.pid, process])).values()]
    return last.length === 0
  }
  return waitUntil(gone, { what: `the end of all processes in ${path}`, timeout: grace }).then(
    () => [],
    () => last,
  )
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
