import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { RunnerClient, SkeinError, socketPath } from '@skein/protocol'
import { claudeEnv, claudeExecutable, demo, makeDemoProject, NATURAL_PACE, startModel } from '@skein/testkit'
import { connectToRunningServer } from '../connect.ts'
import { version } from '../version.ts'

const END_MS = 10_000

/** Where the demo plays: a project, a scripted model and a home of its own, all of which go away with it. */
export interface Stage extends AsyncDisposable {
  readonly repo: string
  /** The environment of every part: none of the person's settings or credentials is in it. */
  readonly env: NodeJS.ProcessEnv
}

export async function setStage(env: NodeJS.ProcessEnv, quick: boolean): Promise<Stage> {
  await using resources = new AsyncDisposableStack()
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'skein-demo-')))
  resources.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
  const home = join(folder, 'home')
  await mkdir(home)
  const repo = await makeDemoProject(join(folder, 'orbit'))
  const model = resources.use(await startModel(demo, quick ? {} : NATURAL_PACE))
  const stageEnv = {
    ...claudeEnv(model, home),
    PATH: [...pinnedClaude(), dirname(process.execPath), env.PATH ?? ''].join(delimiter),
    SKEIN_HOME: join(folder, 'skein'),
    // Should the demo be killed, its server does not stay for long.
    SKEIN_SERVER_IDLE: '20s',
  }
  resources.defer(() => endProcesses(stageEnv))
  const taken = resources.move()
  return { repo, env: stageEnv, [Symbol.asyncDispose]: () => taken.disposeAsync() }
}

/** The folder of the claude that comes with a checkout; elsewhere the one on PATH is used. */
export function pinnedClaude(): string[] {
  try {
    return [dirname(claudeExecutable())]
  } catch (error) {
    if (error instanceof SkeinError && error.code === 'missing') return []
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return []
    throw error
  }
}

/** Ends the demo's runner and server, and waits until they have ended. */
export async function endProcesses(env: { SKEIN_HOME: string }): Promise<void> {
  const pids = [await stopServer(env), await stopRunner(join(env.SKEIN_HOME, 'runner'))]
  const deadline = Date.now() + END_MS
  while (pids.some(isAlive) && Date.now() < deadline) await delay(20)
}

async function stopServer(env: NodeJS.ProcessEnv): Promise<number | undefined> {
  await using api = await connectToRunningServer(env)
  if (!api) return undefined
  const { pid } = await api.call('server.info', {})
  await api.call('server.stop', { key: 'end-of-demo' })
  return pid
}

async function stopRunner(folder: string): Promise<number | undefined> {
  const stream = createConnection(socketPath(folder))
  try {
    const runner = await RunnerClient.connect(stream, { client: 'skein demo', clientVersion: version() })
    const { pid } = runner.hello
    await runner.call('runner.shutdown', { processes: 'stop' })
    runner.close()
    return pid
  } catch (error) {
    // It was never started, or has ended.
    if (error instanceof SkeinError && error.code === 'unavailable') return undefined
    throw error
  } finally {
    stream.destroy()
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
