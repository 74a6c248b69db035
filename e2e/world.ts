import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdir, readdir, readFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Envelope, RunnerClient, type SkeinApi, socketPath, withReconnect } from '@skein/protocol'
import { connectOrStart } from '@skein/server/connect'
import {
  claudeEnv,
  claudeExecutable,
  type Model,
  type Script,
  smallRepository,
  startModel,
  temporaryFolder,
  waitUntil,
} from '@skein/testkit'
import { version } from 'skein'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MAIN = join(ROOT, 'packages/cli/src/main.ts')
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning']

/** What a finished command gave. */
export interface Outcome {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  /** So far. */
  stdout(): string
  stderr(): string
  /** `--json` lines so far. */
  lines(): Record<string, unknown>[]
  ended: Promise<Outcome>
}

/**
 * A computer of its own for one test: a home, a repository, a scripted model, and the whole product on real processes: the CLI,
 * the server that it starts, the runner, and the real claude.
 */
export class World implements AsyncDisposable {
  readonly folder: string
  readonly home: string
  readonly repo: string
  readonly model: Model
  readonly env: Record<string, string>
  readonly #dispose: () => PromiseLike<void>
  readonly #running = new Set<ChildProcess>()
  #api: SkeinApi | undefined

  private constructor(
    folder: string,
    repo: string,
    model: Model,
    env: Record<string, string>,
    dispose: () => PromiseLike<void>,
  ) {
    this.folder = folder
    this.home = env.SKEIN_HOME ?? ''
    this.repo = repo
    this.model = model
    this.env = env
    this.#dispose = dispose
  }

  static async create(
    script: Script,
    options: { env?: Record<string, string>; repository?: (dir: string) => Promise<unknown> } = {},
  ): Promise<World> {
    const folder = await temporaryFolder('world')
    const model = await startModel(script)
    const home = join(folder.path, 'user')
    await mkdir(home, { recursive: true })
    const repo = join(folder.path, 'repo')
    await (options.repository ?? smallRepository)(repo)
    const env = claudeEnv(model, home, {
      SKEIN_HOME: join(folder.path, 'skein'),
      // The pinned claude, and the Node that runs the tests, before whatever the machine has.
      PATH: [dirname(claudeExecutable()), dirname(process.execPath), process.env.PATH ?? ''].join(':'),
      ...options.env,
    })
    return new World(folder.path, repo, model, env, async () => {
      await model[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    })
  }

  /** Starts `skein …`. */
  start(
    args: string[],
    options: { cwd?: string; env?: Record<string, string>; stdin?: string; through?: string[] } = {},
  ): Running {
    const [program = '', ...rest] = [...(options.through ?? []), process.execPath, ...NODE_FLAGS, MAIN, ...args]
    const child = spawn(program, rest, {
      cwd: options.cwd ?? this.repo,
      env: { ...this.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.stdin ?? '')
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const ended = new Promise<Outcome>((resolve) => {
      child.on('close', (code, signal) => {
        this.#running.delete(child)
        resolve({ code, signal, stdout, stderr })
      })
    })
    const lines = () =>
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    return { child, stdout: () => stdout, stderr: () => stderr, lines, ended }
  }

  /** Runs `skein …` to its end. */
  skein(
    args: string[],
    options: { cwd?: string; env?: Record<string, string>; stdin?: string } = {},
  ): Promise<Outcome> {
    return this.start(args, options).ended
  }

  /** The API of this world's server, which is started again whenever it is gone. */
  get api(): SkeinApi {
    this.#api ??= withReconnect(async (signal) => {
      try {
        return await connectOrStart({
          home: this.home,
          version,
          spawn: { command: process.execPath, args: [...NODE_FLAGS, MAIN, 'serve', '--background'], env: this.env },
          signal,
        })
      } catch (error) {
        if (error instanceof Error && !signal.aborted) error.message += `\n${await this.#serverStory()}`
        throw error
      }
    })
    return this.#api
  }

  /** What the server's own records and the system say of it, for a failure that nobody saw happen. */
  async #serverStory(): Promise<string> {
    const tail = async (file: string) =>
      (await readFile(join(this.home, file), 'utf8').catch(String)).split('\n').slice(-15).join('\n')
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,ppid,stat,etime,time,wchan:20,args'])
    const ours = stdout.split('\n').filter((line) => line.includes('serve --background'))
    const load = await readFile('/proc/loadavg', 'utf8').catch(() => '')
    return [
      `load ${load.trim()}`,
      ...ours,
      'server.json',
      await tail('server.json'),
      'server.out',
      await tail('logs/server.out'),
      'server.log',
      await tail('logs/server.log'),
    ].join('\n')
  }

  /** What the CLI would hand to an agent here; for calls that do not go through it. */
  get environment(): { env: Record<string, string>; secrets: Record<string, string> } {
    const { ANTHROPIC_API_KEY = '', SKEIN_HOME: _, ...env } = this.env
    return { env, secrets: { ANTHROPIC_API_KEY } }
  }

  async serverPid(): Promise<number | undefined> {
    const record = await readFile(join(this.home, 'server.json'), 'utf8').catch(() => undefined)
    const pid = record === undefined ? undefined : (JSON.parse(record) as { pid: number }).pid
    return pid !== undefined && (await isAlive(pid, 'serve')) ? pid : undefined
  }

  async runnerPid(): Promise<number | undefined> {
    const folder = join(this.home, 'runner')
    for (const name of await readdir(folder).catch(() => [])) {
      if (!name.startsWith('daemon.lock')) continue
      const holder = JSON.parse(await readFile(join(folder, name), 'utf8').catch(() => '{}')) as {
        identity?: { pid: number }
        released?: boolean
      }
      const pid = holder.released ? undefined : holder.identity?.pid
      if (pid !== undefined && (await isAlive(pid, 'runner.cjs'))) return pid
    }
    return undefined
  }

  /** The claude processes of this world. */
  async agentPids(): Promise<number[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
    const found = await Promise.all(pids.map(async (pid) => ((await isAgent(pid, this.folder)) ? [pid] : [])))
    return found.flat()
  }

  /** All stored events of a session. */
  async events(sessionId: string): Promise<Envelope[]> {
    const all: Envelope[] = []
    for (;;) {
      const { events } = await this.api.call('sessions.events', { sessionId, after: all.at(-1)?.seq ?? 0, limit: 5000 })
      if (events.length === 0) return all
      all.push(...events)
    }
  }

  /**
   * Keeps every journal of this world from now on, also those that the runner frees once they are acknowledged: each is given a
   * second name. Answers where they are kept.
   */
  keepJournals(): { folder: string; stop(): Promise<void> } {
    const folder = join(this.folder, 'kept-journals')
    const runner = join(this.home, 'runner', 's')
    let stopped = false
    const work = (async () => {
      await mkdir(folder, { recursive: true })
      while (!stopped) {
        for (const session of await readdir(runner).catch(() => [])) {
          for (const file of await readdir(join(runner, session)).catch(() => [])) {
            if (file.startsWith('out.'))
              await link(join(runner, session, file), join(folder, `${session}.${file}`)).catch(() => undefined)
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    return {
      folder,
      stop: async () => {
        stopped = true
        await work
      },
    }
  }

  /** The runner ends what it runs, with all that belongs to it. */
  async #shutDownRunner(): Promise<void> {
    if ((await this.runnerPid()) === undefined) return
    const stream = createConnection(socketPath(join(this.home, 'runner')))
    await once(stream, 'connect')
    const runner = await RunnerClient.connect(stream, { client: 'test', clientVersion: version })
    await runner.call('runner.shutdown', { processes: 'stop' }).catch(() => undefined)
    runner.close()
    await waitUntil(async () => (await this.runnerPid()) === undefined, { what: 'the end of the runner' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL')
    await this.#api?.[Symbol.asyncDispose]()
    const server = await this.serverPid()
    if (server !== undefined) kill(server)
    await waitUntil(async () => (await this.serverPid()) === undefined, { what: 'the end of the server' })
    await this.#shutDownRunner()
    await this.#dispose()
  }
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function isAlive(pid: number, named: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.includes(named)
}

async function isAgent(pid: number, marker: string): Promise<boolean> {
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  if (!command.includes('--input-format') || !/claude[^/]*$/.test(command[0] ?? '')) return false
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return environment.includes(marker)
}
