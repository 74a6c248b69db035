import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { createEngine, type Engine, type EngineOptions } from '@skein/engine'
import type { SkeinPlugin } from '@skein/plugin-api'
import { claudePlugin } from '@skein/plugin-claude'
import { localPlugin } from '@skein/plugin-local'
import {
  type ContentBlock,
  type Envelope,
  type Project,
  RunnerClient,
  type SessionOptions,
  type SkeinApi,
  socketPath,
  type Workspace,
} from '@skein/protocol'
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
import { buildRunner } from '../scripts/build-runner.ts'

export const key = () => randomUUID()
export const words = (text: string): ContentBlock[] => [{ type: 'text', text }]

type More = Pick<EngineOptions, 'demo' | 'environment' | 'settings'> & {
  /** Beside this computer and claude. */
  plugins?: readonly SkeinPlugin[]
}

/** An engine in this process, with its own home and repository, on the real runner, the real claude and a scripted model. */
export class EngineWorld implements AsyncDisposable {
  readonly folder: string
  readonly home: string
  readonly repo: string
  readonly model: Model
  readonly environment: NonNullable<SessionOptions['environment']>
  readonly log: string[] = []
  engine: Engine
  readonly #open: () => Promise<Engine>
  readonly #dispose: () => PromiseLike<void>

  private constructor(
    parts: Pick<EngineWorld, 'folder' | 'home' | 'repo' | 'model' | 'environment' | 'engine' | 'log'>,
    open: () => Promise<Engine>,
    dispose: () => PromiseLike<void>,
  ) {
    Object.assign(this, parts)
    this.folder = parts.folder
    this.home = parts.home
    this.repo = parts.repo
    this.model = parts.model
    this.environment = parts.environment
    this.log = parts.log
    this.engine = parts.engine
    this.#open = open
    this.#dispose = dispose
  }

  static async create(script: Script, more: (world: { folder: string; model: Model }) => More = () => ({})) {
    const folder = await temporaryFolder('engine')
    const model = await startModel(script)
    const home = join(folder.path, 'skein')
    const user = join(folder.path, 'user')
    for (const path of [home, user]) await mkdir(path, { mode: 0o700 })
    const repo = join(folder.path, 'repo')
    await smallRepository(repo)
    const { ANTHROPIC_API_KEY = '', ...env } = claudeEnv(model, user, {
      PATH: [dirname(claudeExecutable()), dirname(process.execPath), process.env.PATH ?? ''].join(':'),
    })
    const log: string[] = []
    const { plugins = [], ...options } = more({ folder: folder.path, model })
    const open = () =>
      createEngine({
        home,
        version,
        plugins: [localPlugin, claudePlugin, ...plugins],
        runnerBundle: buildRunner,
        log: (level, message, fields) => log.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
        ...options,
      })
    const environment = { env, secrets: { ANTHROPIC_API_KEY } }
    const parts = { folder: folder.path, home, repo, model, environment, log, engine: await open() }
    return new EngineWorld(parts, open, async () => {
      await model[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    })
  }

  get api(): SkeinApi {
    return this.engine.api
  }

  /** The engine closes and another one takes up its home; agents and runner live on. */
  async restart(): Promise<void> {
    await this.engine.close()
    this.engine = await this.#open()
  }

  project(): Promise<Project> {
    return this.api.call('projects.open', { key: key(), path: this.repo })
  }

  /** A workspace that is ready, with a session that has the prompt, if any. */
  async workspace(options: SessionOptions & { name?: string; prompt?: string; on?: string } = {}): Promise<Workspace> {
    const { name, prompt, on, ...session } = options
    const { id } = await this.api.call('workspaces.create', {
      key: key(),
      projectId: (await this.project()).id,
      ...(name === undefined ? {} : { name }),
      ...(on === undefined ? {} : { on }),
      session: { permissionMode: 'accept_edits', environment: this.environment, ...session },
      ...(prompt === undefined ? {} : { prompt: words(prompt) }),
    })
    return this.ready(id)
  }

  ready(id: string): Promise<Workspace> {
    return waitUntil(
      async () => {
        const workspace = await this.api.call('workspaces.get', { workspace: id })
        if (workspace.state === 'failed') throw new Error(workspace.problem?.message)
        return workspace.state === 'ready' && workspace
      },
      { what: 'the workspace to be ready', timeout: 40_000, explain: () => this.log },
    )
  }

  async prompt(sessionId: string, text: string): Promise<string> {
    return (await this.api.call('sessions.prompt', { key: key(), sessionId, content: words(text) })).messageId
  }

  /** The session, once so many of its turns have ended. */
  turnsEnded(sessionId: string, turns: number) {
    return waitUntil(
      async () => {
        const now = await this.api.call('sessions.get', { sessionId })
        return now.turns >= turns && now.lastTurn?.endedAt !== undefined && now
      },
      {
        what: `the end of turn ${turns}`,
        timeout: 40_000,
        explain: () => this.api.call('sessions.get', { sessionId }),
      },
    )
  }

  async events(sessionId: string): Promise<Envelope[]> {
    return (await this.api.call('sessions.events', { sessionId, limit: 10_000 })).events
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close()
    const stream = createConnection(socketPath(join(this.home, 'runner')))
    const there = await once(stream, 'connect').then(
      () => true,
      () => false,
    )
    if (there) {
      const runner = await RunnerClient.connect(stream, { client: 'test', clientVersion: version })
      const gone = once(stream, 'close')
      await runner.call('runner.shutdown', { processes: 'stop' }).catch(() => undefined)
      await gone
      runner.close()
    }
    await this.#dispose()
  }
}
