import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  claudeEnv,
  claudeExecutable,
  type Model,
  type Script,
  smallRepository,
  startModel,
  temporaryFolder,
} from '@skein/testkit'
import { endProcesses } from '../src/demo/stage.ts'
import { TmuxTerminal } from './tmux.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const SKEIN = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN]

/** A home, a repository and a scripted model for one test of the command line; everything else is the real product. */
export class Computer implements AsyncDisposable {
  readonly repo: string
  readonly env: Record<string, string> & { SKEIN_HOME: string }
  readonly model: Model
  readonly #resources: AsyncDisposableStack

  private constructor(folder: string, model: Model, resources: AsyncDisposableStack) {
    this.repo = join(folder, 'repo')
    this.model = model
    this.env = {
      ...claudeEnv(model, join(folder, 'user')),
      SKEIN_HOME: join(folder, 'skein'),
      PATH: [dirname(claudeExecutable()), dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
    }
    this.#resources = resources
  }

  static async create(script: Script): Promise<Computer> {
    await using resources = new AsyncDisposableStack()
    const folder = resources.use(await temporaryFolder('cli'))
    const model = resources.use(await startModel(script))
    await mkdir(join(folder.path, 'user'))
    const computer = new Computer(folder.path, model, resources.move())
    computer.#resources.defer(() => endProcesses(computer.env))
    await smallRepository(computer.repo)
    return computer
  }

  /** Starts `skein …` in a terminal. */
  terminal(
    args: string[],
    options: { columns?: number; rows?: number; env?: Record<string, string> } = {},
  ): Promise<TmuxTerminal> {
    const { env, ...size } = options
    return TmuxTerminal.open([...SKEIN, ...args], { ...size, cwd: this.repo, env: { ...this.env, ...env } })
  }

  /** Runs `skein …` without a terminal, to its end. */
  skein(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const [command = '', ...rest] = [...SKEIN, ...args]
    return new Promise((resolve) => {
      execFile(command, rest, { cwd: this.repo, env: this.env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr })
      })
    })
  }

  async serverPid(): Promise<number> {
    const record = JSON.parse(await readFile(join(this.env.SKEIN_HOME, 'server.json'), 'utf8')) as { pid: number }
    return record.pid
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync()
  }
}
