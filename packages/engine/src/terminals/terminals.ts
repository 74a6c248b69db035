import { type ApiResult, type RunnerClient, SkeinError, type Terminal } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { Handoff } from '../handoff.ts'
import { shortId } from '../identity.ts'
import type { CommandSource } from '../projects/commands.ts'
import { projectRow } from '../projects/projects.ts'
import { Serial } from '../serial.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { TerminalTable } from '../store/schema-work.ts'
import { scriptEnvironment } from '../workspaces/script-environment.ts'

type Item = ApiResult<'terminals.follow'>

/** What one message to a machine may carry, characters. */
const LARGEST_INPUT = 64 * 1024
/** Keys of inputs that are remembered, so that one that is sent again over a new connection is not typed twice. */
const REMEMBERED = 256

/**
 * Shells in workspaces. They live in the machine's runner, so they outlive this server. What is typed goes straight there: it is
 * not written to the store, neither as text nor as a command.
 */
export class Terminals {
  readonly #context: EngineContext
  readonly #source: CommandSource
  readonly #typing = new Map<string, { serial: Serial; keys: Set<string> }>()
  readonly #watched = new Set<string>()

  constructor(context: EngineContext, source: CommandSource) {
    this.#context = context
    this.#source = source
  }

  async resume(): Promise<void> {
    const open = await this.#context.db.selectFrom('terminals').selectAll().where('state', '=', 'open').execute()
    for (const { id } of open) this.#watch(id)
  }

  async list(workspaceId?: string): Promise<Terminal[]> {
    let query = this.#context.db
      .selectFrom('terminals')
      .innerJoin('workspaces', 'workspaces.id', 'terminals.workspace_id')
      .selectAll('terminals')
      .where('workspaces.state', '<>', 'removed')
    if (workspaceId !== undefined) query = query.where('workspace_id', '=', workspaceId)
    const rows = await query.orderBy('terminals.created_at').orderBy('terminals.id').execute()
    return rows.map(viewTerminal)
  }

  async open(
    workspace: WorkspaceTable,
    key: string,
    { cols, rows, title }: { cols: number; rows: number; title?: string | undefined },
  ): Promise<Terminal> {
    const { db, clock } = this.#context
    const runner = await this.#context.machines.runner(workspace.machine_id)
    if (!runner.hello.features.includes('pty'))
      throw new SkeinError(
        'missing',
        `opening a terminal: ${runner.hello.platform}-${runner.hello.arch} has no pty here`,
        {
          next: 'Install @lydell/node-pty beside the runner, or use your own terminal in the workspace’s folder.',
        },
      )
    const id = shortId('t-', key)
    const shell = runner.hello.shell ?? '/bin/sh'
    await runner.call('pty.open', {
      id: ptyId(id),
      argv: [shell, '-l'],
      cwd: workspace.path,
      env: await this.#environment(runner, workspace, shell),
      cols,
      rows,
    })
    const count = await db.selectFrom('terminals').select('id').where('workspace_id', '=', workspace.id).execute()
    const row: TerminalTable = {
      id,
      workspace_id: workspace.id,
      title: title ?? `Terminal ${count.length + 1}`,
      created_at: clock.now(),
      state: 'open',
      exit_code: null,
    }
    await db
      .insertInto('terminals')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    this.#watch(id)
    return this.#tell(id)
  }

  /** In the order of the calls. */
  input(terminalId: string, key: string, data: string): Promise<void> {
    return this.#type(terminalId, key, async (runner) => {
      for (let at = 0; at < data.length; at += LARGEST_INPUT)
        await runner.call('pty.input', { id: ptyId(terminalId), data: data.slice(at, at + LARGEST_INPUT) })
    })
  }

  resize(terminalId: string, key: string, cols: number, rows: number): Promise<void> {
    return this.#type(terminalId, key, async (runner) => {
      await runner.call('pty.resize', { id: ptyId(terminalId), cols, rows })
    })
  }

  async rename(terminalId: string, title: string): Promise<Terminal> {
    await this.#find(terminalId)
    await this.#context.db.updateTable('terminals').set({ title }).where('id', '=', terminalId).execute()
    return this.#tell(terminalId)
  }

  async close(terminalId: string): Promise<void> {
    const { db } = this.#context
    const row = await db.selectFrom('terminals').selectAll().where('id', '=', terminalId).executeTakeFirst()
    if (!row) return
    const { machine_id } = await this.#workspaceOf(row)
    const runner = await this.#context.machines.runner(machine_id)
    await runner.call('pty.close', { id: ptyId(terminalId) })
    await db.deleteFrom('terminals').where('id', '=', terminalId).execute()
    this.#typing.delete(terminalId)
    this.#context.changes.send({ type: 'terminal_gone', workspaceId: row.workspace_id, terminalId })
  }

  /**
   * What the terminal shows, from what the machine holds of it on, no faster than the reader takes it. A reader that is slow
   * misses the oldest and is given a `reset`; a link that was lost and is there again begins with one too.
   */
  async *follow(terminalId: string, signal: AbortSignal): AsyncGenerator<Item> {
    const row = await this.#find(terminalId)
    const { machine_id } = await this.#workspaceOf(row)
    for (let told = false; !signal.aborted; ) {
      const now = await this.#context.db
        .selectFrom('terminals')
        .selectAll()
        .where('id', '=', terminalId)
        .executeTakeFirst()
      if (!now || now.state === 'exited') {
        if (!told) yield { type: 'reset', data: '' }
        yield { type: 'exit', code: now?.exit_code ?? null }
        return
      }
      const runner = await this.#context.machines.runnerEventually(machine_id, signal)
      try {
        for await (const item of this.#attached(runner, terminalId, signal)) {
          told = true
          yield item
          if (item.type === 'exit') return
        }
      } catch (error) {
        if (!(error instanceof SkeinError)) throw error
        if (error.code === 'not_found') await this.#exited(terminalId, null)
        else if (error.code !== 'unavailable') throw error
      }
    }
  }

  /** Ends all of a workspace that goes away. */
  async end(workspaceId: string): Promise<void> {
    for (const { id } of await this.list(workspaceId)) await this.close(id)
  }

  async #environment(runner: RunnerClient, workspace: WorkspaceTable, shell: string): Promise<Record<string, string>> {
    const project = await projectRow(this.#context, workspace.project_id)
    const commands = await this.#source.of(workspace).catch(() => undefined)
    return {
      LANG: 'C.UTF-8',
      ...(await scriptEnvironment(this.#context, runner, project, workspace)),
      ...(commands?.trusted ? commands.env : {}),
      SHELL: shell,
      TERM: 'xterm-256color',
      COLORTERM: 'truecolor',
      TERM_PROGRAM: 'skein',
    }
  }

  async #type(terminalId: string, key: string, act: (runner: RunnerClient) => Promise<void>): Promise<void> {
    const typing = this.#typing.get(terminalId) ?? { serial: new Serial(), keys: new Set() }
    this.#typing.set(terminalId, typing)
    await typing.serial.run(async () => {
      if (typing.keys.has(key)) return
      const row = await this.#find(terminalId)
      if (row.state === 'exited') throw new SkeinError('conflict', `the terminal ${row.title} has ended`)
      const { machine_id } = await this.#workspaceOf(row)
      await act(await this.#context.machines.runner(machine_id))
      typing.keys.add(key)
      const [oldest] = typing.keys
      if (typing.keys.size > REMEMBERED && oldest !== undefined) typing.keys.delete(oldest)
    })
  }

  async *#attached(runner: RunnerClient, terminalId: string, signal: AbortSignal): AsyncGenerator<Item> {
    const handoff = new Handoff<Item>()
    const close = () => handoff.close()
    signal.addEventListener('abort', close, { once: true })
    const forget = this.#context.machines.whenLost(runner, close)
    try {
      const attached = await runner.attachTerminal(ptyId(terminalId), {
        data: (data, reset) => handoff.give({ type: reset ? 'reset' : 'data', data }),
        exit: (code) => void handoff.give({ type: 'exit', code }),
      })
      try {
        if (signal.aborted) close()
        for (let item = await handoff.take(); item; item = await handoff.take()) yield item
      } finally {
        close()
        await attached.detach().catch(() => undefined)
      }
    } finally {
      forget()
      signal.removeEventListener('abort', close)
    }
  }

  /** Waits for its end, so that it is known whether anybody looks or not. */
  #watch(terminalId: string): void {
    if (this.#watched.has(terminalId)) return
    this.#watched.add(terminalId)
    void this.#untilExit(terminalId)
      .catch((error: unknown) => {
        if (!this.#context.signal.aborted)
          this.#context.log('warn', 'a terminal is not watched any more', { terminalId, error: String(error) })
      })
      .finally(() => this.#watched.delete(terminalId))
  }

  async #untilExit(terminalId: string): Promise<void> {
    const { signal, machines } = this.#context
    const { machine_id } = await this.#workspaceOf(await this.#find(terminalId))
    while (!signal.aborted) {
      const runner = await machines.runnerEventually(machine_id, signal)
      const ended = Promise.withResolvers<number | null | undefined>()
      const over = () => ended.resolve(undefined)
      signal.addEventListener('abort', over, { once: true })
      const forget = machines.whenLost(runner, over)
      try {
        const handlers = { data: () => undefined, exit: (code: number | null) => ended.resolve(code) }
        await runner.attachTerminal(ptyId(terminalId), handlers, { quiet: true })
        const code = await ended.promise
        if (code !== undefined) return await this.#exited(terminalId, code)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof SkeinError)) throw error
        if (error.code === 'not_found') return await this.#exited(terminalId, null)
        if (error.code !== 'unavailable') throw error
      } finally {
        forget()
        signal.removeEventListener('abort', over)
      }
    }
  }

  async #exited(terminalId: string, code: number | null): Promise<void> {
    const changed = await this.#context.db
      .updateTable('terminals')
      .set({ state: 'exited', exit_code: code })
      .where('id', '=', terminalId)
      .where('state', '=', 'open')
      .returning('id')
      .executeTakeFirst()
    if (changed) await this.#tell(terminalId)
  }

  async #tell(terminalId: string): Promise<Terminal> {
    const terminal = viewTerminal(await this.#find(terminalId))
    this.#context.changes.send({ type: 'terminal', terminal })
    return terminal
  }

  async #find(terminalId: string): Promise<TerminalTable> {
    const row = await this.#context.db
      .selectFrom('terminals')
      .selectAll()
      .where('id', '=', terminalId)
      .executeTakeFirst()
    if (!row)
      throw new SkeinError('not_found', `there is no terminal ${terminalId}`, { next: 'It was closed; open another.' })
    return row
  }

  #workspaceOf(row: TerminalTable): Promise<WorkspaceTable> {
    return this.#context.db
      .selectFrom('workspaces')
      .selectAll()
      .where('id', '=', row.workspace_id)
      .executeTakeFirstOrThrow()
  }
}

export const ptyId = (terminalId: string) => `terminal-${terminalId}`

function viewTerminal(row: TerminalTable): Terminal {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    title: row.title,
    createdAt: row.created_at,
    state: row.state,
    ...(row.exit_code === null ? {} : { exitCode: row.exit_code }),
  }
}
