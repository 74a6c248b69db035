import { randomUUID } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiResult, CheckRun, Workspace } from '@skein/protocol'
import { commitAll, type Script, smallRepository, waitUntil, writeFiles } from '@skein/testkit'
import { World } from './world.ts'

export const key = () => randomUUID()

/** A world whose repository names things to be run. */
export async function worldWith(config: object, script: Script, files: Record<string, string> = {}): Promise<World> {
  return World.create(script, {
    repository: async (dir) => {
      await smallRepository(dir)
      await writeFile(join(dir, 'skein.json'), JSON.stringify(config))
      await writeFiles(dir, files)
      await commitAll(dir, 'Say what can be run')
    },
  })
}

/** A workspace that is ready, of a project that is trusted unless told otherwise. */
export async function readyWorkspace(
  world: World,
  options: { trusted?: boolean; prompt?: string; name?: string } = {},
): Promise<Workspace> {
  const project = await world.api.call('projects.open', { key: key(), path: world.repo })
  if (options.trusted ?? true)
    await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
  const { id } = await world.api.call('workspaces.create', {
    key: key(),
    projectId: project.id,
    ...(options.name === undefined ? {} : { name: options.name }),
    session: { permissionMode: 'accept_edits', environment: world.environment },
    ...(options.prompt === undefined ? {} : { prompt: [{ type: 'text', text: options.prompt }] }),
  })
  return waitUntil(
    async () => {
      const workspace = await world.api.call('workspaces.get', { workspace: id })
      return workspace.state === 'ready' && workspace
    },
    { what: 'the workspace to be ready' },
  )
}

export async function verdict(world: World, run: { id: string; workspaceId: string }): Promise<CheckRun> {
  const runs = () => world.api.call('checks.runs', { workspaceId: run.workspaceId })
  return waitUntil(
    async () => {
      const now = (await runs()).find(({ id }) => id === run.id)
      return now && now.state !== 'running' && now
    },
    { what: 'the verdict', timeout: 30_000, explain: runs },
  )
}

/** The whole log of a run that has ended, or until it contains a text. */
export async function logOf(world: World, runId: string, until?: string): Promise<string> {
  let log = ''
  for await (const { offset, text } of world.api.subscribe('checks.log', { runId })) {
    if (offset !== log.length) throw new Error(`the log goes on at ${offset}, not at ${log.length}`)
    log += text
    if (until !== undefined && log.includes(until)) break
  }
  return log
}

export function service(world: World, workspaceId: string, name: string, state: string) {
  const list = () => world.api.call('services.list', { workspaceId })
  return waitUntil(async () => (await list()).find((one) => one.name === name && one.state === state), {
    what: `the service ${name} to be ${state}`,
    timeout: 30_000,
    explain: list,
  })
}

const ANSI = new RegExp(`${'\x1b'}\\[[0-?]*[ -/]*[@-~]`, 'g')

/** What a terminal showed so far, as long as it is followed. */
export class Screen implements AsyncDisposable {
  text = ''
  resets = 0
  exit: number | null | undefined
  readonly #stop = new AbortController()
  readonly #following: Promise<void>

  constructor(world: World, terminalId: string) {
    this.#following = (async () => {
      const items = world.api.subscribe('terminals.follow', { terminalId }, this.#stop.signal)
      for await (const item of items) this.#show(item)
    })().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error
    })
  }

  /** Without colours and the like. */
  get plain(): string {
    return this.text.replace(ANSI, '').replaceAll('\r', '')
  }

  shows(text: string): Promise<unknown> {
    return waitUntil(() => this.plain.includes(text), { what: `${text} on the screen`, explain: () => this.plain })
  }

  #show(item: ApiResult<'terminals.follow'>): void {
    if (item.type === 'exit') this.exit = item.code
    else if (item.type === 'reset') {
      this.resets += 1
      this.text = item.data
    } else this.text = (this.text + item.data).slice(-1_000_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#following
  }
}

/** Living processes that carry a mark in their command line. */
export async function processesWith(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return pid !== process.pid && command.includes(mark) ? [pid] : []
    }),
  )
  return found.flat()
}
