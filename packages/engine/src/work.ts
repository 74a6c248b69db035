import type { Change } from '@skein/protocol'
import type { Actors } from './actors.ts'
import { type EndedTurn, runAfterTurn } from './checks/after-turn.ts'
import { Checks } from './checks/checks.ts'
import { Fixes } from './checks/fixes.ts'
import { recordChecks } from './checks/known.ts'
import { checkProcessId } from './checks/run.ts'
import { viewChecks } from './checks/view.ts'
import type { EngineContext } from './context.ts'
import { CommandSource } from './projects/commands.ts'
import { kept } from './sealed.ts'
import { recordServices } from './services/known.ts'
import { serviceProcessId } from './services/run.ts'
import { Services } from './services/services.ts'
import type { SessionFold } from './sessions/fold.ts'
import type { WorkspaceTable } from './store/schema.ts'
import { Terminals } from './terminals/terminals.ts'
import { runTeardown } from './workspaces/teardown.ts'

/** What runs in workspaces beside their agents: checks, services, terminals. */
export class Work {
  readonly checks: Checks
  readonly fixes: Fixes
  readonly services: Services
  readonly terminals: Terminals
  readonly #context: EngineContext
  readonly #actors: Actors
  readonly #source: CommandSource

  constructor(context: EngineContext, actors: Actors) {
    this.#context = context
    this.#actors = actors
    this.#source = new CommandSource(context)
    this.checks = new Checks(context, this.#source)
    this.fixes = new Fixes(context, actors, this.checks)
    this.services = new Services(context, this.#source)
    this.terminals = new Terminals(context, this.#source)
    this.checks.onVerdict = (workspaceId) => this.fixes.consider(workspaceId)
  }

  /** Takes up everything that was under way when the engine ended last. */
  async resume(): Promise<void> {
    await this.checks.resume()
    await this.services.resume()
    await this.terminals.resume()
    await this.fixes.resume()
    await this.#reconsiderTurns()
  }

  /** Reads again what the repository names to be run in a workspace, and tells what is new. */
  async refresh(workspace: WorkspaceTable): Promise<void> {
    if (workspace.state === 'removed' || workspace.base === null) return
    const commands = await this.#source.of(workspace)
    const checks = await recordChecks(this.#context, workspace.id, commands.checks)
    const services = await recordServices(this.#context, workspace.id, commands.services)
    if (!checks && !services) return
    for (const check of await viewChecks(this.#context, { workspaceId: workspace.id }))
      this.#context.changes.send({ type: 'check', check })
    for (const service of await this.services.list(workspace.id))
      this.#context.changes.send({ type: 'service', service })
  }

  /** A workspace was made. Nobody waits for this. */
  workspaceReady(workspaceId: string): void {
    void (async () => {
      const workspace = await this.#context.db
        .selectFrom('workspaces')
        .selectAll()
        .where('id', '=', workspaceId)
        .executeTakeFirstOrThrow()
      await this.refresh(workspace)
      await this.services.autostart(workspace)
    })().catch((error: unknown) => {
      if (!this.#context.signal.aborted)
        this.#context.log('warn', 'what a workspace can run was not read', { workspaceId, error: String(error) })
    })
  }

  /** A turn has ended, and what it left was looked at. */
  async turnEnded(workspace: WorkspaceTable, turn: EndedTurn): Promise<void> {
    await this.refresh(workspace).catch((error: unknown) =>
      this.#context.log('info', 'what a workspace can run was not read', { error: String(error) }),
    )
    await runAfterTurn(this.#context, this.checks, workspace, turn)
    this.fixes.consider(workspace.id)
  }

  /** Ends everything, for a workspace that is about to be elsewhere. */
  async stopWorkspace(workspace: WorkspaceTable): Promise<void> {
    await Promise.all([this.terminals.end(workspace.id), this.services.end(workspace), this.checks.end(workspace.id)])
  }

  /** Ends everything, for a workspace that goes away, and runs its teardown. */
  async endWorkspace(workspace: WorkspaceTable): Promise<void> {
    await this.stopWorkspace(workspace)
    await runTeardown(this.#context, this.#source, workspace)
  }

  /** How everything is now. */
  async *everything(workspaceId: string | undefined): AsyncGenerator<Change> {
    for (const check of await viewChecks(this.#context, { workspaceId })) yield { type: 'check', check }
    for (const service of await this.services.list(workspaceId)) yield { type: 'service', service }
    for (const terminal of await this.terminals.list(workspaceId)) yield { type: 'terminal', terminal }
  }

  /** The machine's processes that belong to something that is known. */
  async knownProcesses(): Promise<string[]> {
    const { db } = this.#context
    const runs = await db
      .selectFrom('check_runs')
      .select('id')
      .where((eb) => eb.or([eb('state', '=', 'running'), eb('log', '=', 'journal')]))
      .execute()
    const services = await db
      .selectFrom('services')
      .innerJoin('workspaces', 'workspaces.id', 'services.workspace_id')
      .select(['services.name', 'workspace_id'])
      .where('workspaces.state', '<>', 'removed')
      .execute()
    return [
      ...runs.map(({ id }) => checkProcessId(id)),
      ...services.map((service) => serviceProcessId(service.workspace_id, service.name)),
    ]
  }

  /** Forgets what is kept of workspaces that cannot be restored any more. */
  async forgetRemoved(): Promise<void> {
    const gone = await this.#context.db
      .selectFrom('workspaces')
      .select('id')
      .where('state', '=', 'removed')
      .where('snapshot_ref', 'is', null)
      .where('id', 'in', this.#context.db.selectFrom('check_runs').select('workspace_id'))
      .execute()
    for (const { id } of gone) await this.checks.forget(id)
  }

  async close(): Promise<void> {
    await this.checks.close()
    await this.fixes.close()
    await this.services.close()
  }

  /** A server that died at the end of a turn did not come to run what has to be run after it. */
  async #reconsiderTurns(): Promise<void> {
    const { db } = this.#context
    const rows = await db
      .selectFrom('sessions')
      .innerJoin('workspaces', 'workspaces.id', 'sessions.workspace_id')
      .leftJoin('considered_turns', 'considered_turns.session_id', 'sessions.id')
      .select(['sessions.id', 'sessions.fold', 'considered_turns.turn_id'])
      .where('workspaces.state', '=', 'ready')
      .where(
        'workspaces.id',
        'in',
        db
          .selectFrom('checks')
          .leftJoin('check_runs', 'check_runs.id', 'checks.last_run')
          .select('checks.workspace_id')
          .where((eb) =>
            eb.or([
              eb(eb.fn.coalesce('own_after_turn', 'after_turn'), '=', 1),
              eb('check_runs.fix_message', 'is not', null),
            ]),
          ),
      )
      .execute()
    for (const row of rows) {
      const { turn, lastTurn } = kept<SessionFold>(this.#context, row.fold, `fold:${row.id}`)
      if (turn || !lastTurn || lastTurn.id === row.turn_id) continue
      const actor = this.#actors.session(row.id)
      await actor.log()
      actor.wake()
    }
  }
}
