import { type Check, type CheckRun, type LogPart, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { outputOf } from '../machines/process-output.ts'
import { type CommandSource, untrusted } from '../projects/commands.ts'
import { Serial } from '../serial.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { CheckRunTable } from '../store/schema-work.ts'
import { KeptLogs } from './kept-logs.ts'
import { recordChecks } from './known.ts'
import { bringLog, carryOut, checkProcessId, stopRun } from './run.ts'
import { viewChecks, viewRun } from './view.ts'

/** Runs of one check that are kept. */
const KEEP = 50
const RETRY_MS = 2000

/** Why a check is run. */
export interface RunCause {
  cause: CheckRunTable['cause']
  sessionId?: string
  turnId?: string
  round?: number
}

/**
 * Runs the checks of workspaces. A run is written down before its process is started, and its verdict once: whatever dies
 * meanwhile, the run is taken up again where it is.
 */
export class Checks {
  readonly #context: EngineContext
  readonly #source: CommandSource
  readonly #logs: KeptLogs
  readonly #serials = new Map<string, Serial>()
  readonly #driven = new Map<string, Promise<void>>()
  /** Called after each verdict. */
  onVerdict: (workspaceId: string) => void = () => undefined

  constructor(context: EngineContext, source: CommandSource) {
    this.#context = context
    this.#source = source
    this.#logs = new KeptLogs(context, 'checks')
  }

  /** Takes up what was under way when the engine ended last. */
  async resume(): Promise<void> {
    const open = await this.#context.db
      .selectFrom('check_runs')
      .select('id')
      .where((eb) => eb.or([eb('state', '=', 'running'), eb('log', '=', 'journal')]))
      .execute()
    for (const { id } of open) this.#drive(id)
  }

  /** Begins runs of the named checks, or of all. `idOf`: the same id is the same run, however often it is asked for. */
  async run(
    workspace: WorkspaceTable,
    names: readonly string[] | undefined,
    cause: RunCause,
    idOf: (name: string) => string,
  ): Promise<CheckRun[]> {
    return this.#serial(workspace.id).run(async () => {
      const commands = await this.#source.of(workspace)
      await recordChecks(this.#context, workspace.id, commands.checks)
      const known = commands.checks.map(({ name }) => name)
      const unknown = names?.find((name) => !known.includes(name))
      if (unknown !== undefined || known.length === 0)
        throw new SkeinError(
          'not_found',
          unknown === undefined ? `${workspace.name} has no checks` : `${workspace.name} has no check "${unknown}"`,
          { next: known.length === 0 ? 'Name some in skein.json: docs/checks.md.' : `It has: ${known.join(', ')}.` },
        )
      if (!commands.trusted) throw untrusted(`checks of ${workspace.name}`, workspace, commands)
      const runs: CheckRun[] = []
      for (const check of commands.checks) {
        if (names && !names.includes(check.name)) continue
        const row = await this.#begin(workspace, check.name, idOf(check.name), cause, {
          script: JSON.stringify(check.script),
          timeout_ms: Math.round(check.timeoutMs),
        })
        this.#drive(row.id)
        runs.push(viewRun(row))
      }
      return runs
    })
  }

  async cancel(runId: string): Promise<CheckRun> {
    const { run, workspace } = await this.#find(runId)
    if (run.state === 'running') {
      await this.#context.db.updateTable('check_runs').set({ cancelled: 1 }).where('id', '=', runId).execute()
      await stopRun(this.#context, run, workspace.machine_id)
      await this.#drive(runId)
    }
    return viewRun((await this.#find(runId)).run)
  }

  async runs(workspaceId: string, name: string | undefined, limit: number): Promise<CheckRun[]> {
    let query = this.#context.db.selectFrom('check_runs').selectAll().where('workspace_id', '=', workspaceId)
    if (name !== undefined) query = query.where('name', '=', name)
    const rows = await query.orderBy('started_at', 'desc').orderBy('id').limit(limit).execute()
    return rows.map(viewRun)
  }

  /** What a run printed, from its beginning; while it runs, on to its end. */
  async *log(runId: string, signal: AbortSignal): AsyncGenerator<LogPart> {
    const { run, workspace } = await this.#find(runId)
    if (run.log === 'file') yield* this.#logs.read(runId)
    if (run.log !== 'journal') return
    let end = 0
    const start = { machineId: workspace.machine_id, id: checkProcessId(runId), epoch: 1 }
    // Its process is recorded before it is started.
    while (!signal.aborted && this.#driven.has(runId) && !(await this.#started(start))) await this.#soon(runId)
    for await (const part of outputOf(this.#context, start, signal)) {
      end = part.offset + part.text.length
      yield part
    }
    // It ended, and what was left was brought here meanwhile.
    if (signal.aborted || (await this.#find(runId)).run.log !== 'file') return
    for await (const { offset, text } of this.#logs.read(runId)) {
      if (offset + text.length > end)
        yield { offset: Math.max(offset, end), text: text.slice(Math.max(0, end - offset)) }
    }
  }

  async configure(
    workspaceId: string,
    name: string,
    settings: { afterTurn?: boolean | undefined; fixRounds?: number | undefined },
  ): Promise<Check> {
    const set = {
      ...(settings.afterTurn === undefined ? {} : { own_after_turn: settings.afterTurn ? 1 : 0 }),
      ...(settings.fixRounds === undefined ? {} : { own_fix_rounds: settings.fixRounds, rounds: 0 }),
    }
    if (Object.keys(set).length > 0)
      await this.#context.db
        .updateTable('checks')
        .set(set)
        .where('workspace_id', '=', workspaceId)
        .where('name', '=', name)
        .execute()
    const [check] = await viewChecks(this.#context, { workspaceId, name })
    if (!check) throw new SkeinError('not_found', `there is no check "${name}" in this workspace`)
    this.#context.changes.send({ type: 'check', check })
    return check
  }

  /** Ends all that runs, for a workspace that goes away. */
  async end(workspaceId: string): Promise<void> {
    const running = await this.#context.db
      .selectFrom('check_runs')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .where((eb) => eb.or([eb('state', '=', 'running'), eb('log', '=', 'journal')]))
      .execute()
    await Promise.all(running.map(({ id }) => this.cancel(id)))
    await Promise.all(running.map(({ id }) => this.#drive(id)))
  }

  /** Forgets everything of a workspace that cannot be restored any more. */
  async forget(workspaceId: string): Promise<void> {
    const { db } = this.#context
    const runs = await db.selectFrom('check_runs').select('id').where('workspace_id', '=', workspaceId).execute()
    for (const { id } of runs) await this.#logs.forget(id)
    await db.deleteFrom('check_runs').where('workspace_id', '=', workspaceId).execute()
    await db.deleteFrom('checks').where('workspace_id', '=', workspaceId).execute()
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#driven.values())
  }

  async #begin(
    workspace: WorkspaceTable,
    name: string,
    id: string,
    { cause, sessionId, turnId, round = 0 }: RunCause,
    what: { script: string; timeout_ms: number },
  ): Promise<CheckRunTable> {
    const { db, clock } = this.#context
    const there = await db
      .selectFrom('check_runs')
      .selectAll()
      .where('workspace_id', '=', workspace.id)
      .where('name', '=', name)
      .where((eb) => eb.or([eb('state', '=', 'running'), eb('id', '=', id)]))
      .executeTakeFirst()
    if (there) return there
    const row: CheckRunTable = {
      id,
      workspace_id: workspace.id,
      name,
      state: 'running',
      started_at: clock.now(),
      ended_at: null,
      exit_code: null,
      cause,
      session_id: sessionId ?? null,
      turn_id: turnId ?? null,
      round,
      note: null,
      ...what,
      cancelled: 0,
      log: 'journal',
      fix_session: null,
      fix_message: null,
      fix_by: null,
    }
    await db.transaction().execute(async (tx) => {
      await tx.insertInto('check_runs').values(row).execute()
      await tx
        .updateTable('checks')
        .set({ last_run: id })
        .where('workspace_id', '=', workspace.id)
        .where('name', '=', name)
        .execute()
    })
    await this.#tell(row)
    return row
  }

  /** Goes on with a run until its verdict and its log are kept. */
  #drive(id: string): Promise<void> {
    const driven = this.#driven.get(id)
    if (driven) return driven
    const work = this.#toItsEnd(id).finally(() => this.#driven.delete(id))
    this.#driven.set(id, work)
    return work
  }

  async #toItsEnd(id: string): Promise<void> {
    const { signal, log, clock } = this.#context
    try {
      const { run, workspace } = await this.#find(id)
      if (run.state === 'running') {
        await this.#conclude(run, await carryOut(this.#context, this.#source, run, workspace))
      }
      if (run.log === 'journal') await bringLog(this.#context, this.#logs, run, workspace.machine_id)
      await this.#forgetOld(run)
    } catch (error) {
      if (signal.aborted) return
      log('warn', 'a check is not finished yet', { runId: id, error: String(error) })
      clock.after(RETRY_MS, () => void this.#drive(id))
    }
  }

  async #conclude(run: CheckRunTable, verdict: Awaited<ReturnType<typeof carryOut>>): Promise<void> {
    const { db, clock } = this.#context
    await db.transaction().execute(async (tx) => {
      const concluded = await tx
        .updateTable('check_runs')
        .set({ state: verdict.state, exit_code: verdict.exitCode, note: verdict.note, ended_at: clock.now() })
        .where('id', '=', run.id)
        .where('state', '=', 'running')
        .returning('id')
        .executeTakeFirst()
      if (concluded && verdict.state === 'passed')
        await tx
          .updateTable('checks')
          .set({ rounds: 0 })
          .where('workspace_id', '=', run.workspace_id)
          .where('name', '=', run.name)
          .execute()
    })
    await this.#tell(run)
    this.onVerdict(run.workspace_id)
  }

  async #forgetOld(run: CheckRunTable): Promise<void> {
    const old = await this.#context.db
      .selectFrom('check_runs')
      .select('id')
      .where('workspace_id', '=', run.workspace_id)
      .where('name', '=', run.name)
      .where('state', '<>', 'running')
      .where('log', '<>', 'journal')
      .orderBy('started_at', 'desc')
      .limit(1000)
      .offset(KEEP)
      .execute()
    for (const { id } of old) {
      await this.#logs.forget(id)
      await this.#context.db.deleteFrom('check_runs').where('id', '=', id).execute()
    }
  }

  async #tell(run: CheckRunTable): Promise<void> {
    const [check] = await viewChecks(this.#context, { workspaceId: run.workspace_id, name: run.name })
    if (check) this.#context.changes.send({ type: 'check', check })
    this.#context.changes.workspace(run.workspace_id)
  }

  async #find(runId: string): Promise<{ run: CheckRunTable; workspace: WorkspaceTable }> {
    const { db } = this.#context
    const run = await db.selectFrom('check_runs').selectAll().where('id', '=', runId).executeTakeFirst()
    if (!run) throw new SkeinError('not_found', `there is no run ${runId} of a check`)
    const workspace = await db
      .selectFrom('workspaces')
      .selectAll()
      .where('id', '=', run.workspace_id)
      .executeTakeFirstOrThrow()
    return { run, workspace }
  }

  async #started({ machineId, id }: { machineId: string; id: string }): Promise<boolean> {
    const runner = await this.#context.machines.runnerEventually(machineId, this.#context.signal)
    return (await runner.call('process.status', { id })) !== null
  }

  async #soon(runId: string): Promise<void> {
    const moment = Promise.withResolvers<void>()
    using _timer = this.#context.clock.after(20, () => moment.resolve())
    await Promise.race([moment.promise, this.#driven.get(runId)])
  }

  #serial(workspaceId: string): Serial {
    const serial = this.#serials.get(workspaceId) ?? new Serial()
    this.#serials.set(workspaceId, serial)
    return serial
  }
}

/** The id of a run that a person's command asked for. */
export const runIdFor = (key: string, name: string) => shortId('c-', key, name)
