import { SkeinError } from '@skein/protocol'
import type { EngineContext } from './context.ts'
import { SessionActor } from './sessions/actor.ts'
import type { WorkspaceTable } from './store/schema.ts'
import { makeWorkspace } from './workspaces/maker.ts'
import { cleanOldPlace, goBack, leaveOldPlace, moveOf } from './workspaces/move.ts'
import { removeWorkspace } from './workspaces/remover.ts'

const RETRY_MS = 2000

/** The things that act: one for each session that has something to do, one for each workspace that is being made or removed. */
export class Actors {
  readonly #context: EngineContext
  readonly #sessions = new Map<string, SessionActor>()
  readonly #workspaces = new Map<string, Promise<void>>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  session(id: string): SessionActor {
    const known = this.#sessions.get(id)
    if (known) return known
    const actor = new SessionActor(this.#context, id)
    this.#sessions.set(id, actor)
    return actor
  }

  /** Goes on with a workspace that is being made or removed, until it is; wakes its sessions then. */
  workspace(id: string): Promise<void> {
    const running = this.#workspaces.get(id)
    if (running) return running
    const work = this.#drive(id).finally(() => this.#workspaces.delete(id))
    this.#workspaces.set(id, work)
    return work
  }

  /** Takes up everything that was under way when the engine ended last. */
  async resume(): Promise<void> {
    const { db } = this.#context
    const workspaces = await db
      .selectFrom('workspaces')
      .select('id')
      .where((eb) => eb.or([eb('state', 'in', ['creating', 'removing']), eb('moving', 'is not', null)]))
      .execute()
    for (const { id } of workspaces) void this.workspace(id)
    const sessions = await db
      .selectFrom('sessions')
      .innerJoin('workspaces', 'workspaces.id', 'sessions.workspace_id')
      .select('sessions.id')
      .where('workspaces.state', '=', 'ready')
      .where((eb) =>
        eb.or([
          eb('process_state', 'in', ['starting', 'running', 'stopping']),
          eb(
            'sessions.id',
            'in',
            eb.selectFrom('prompts').select('session_id').where('state', 'in', ['queued', 'sent', 'swallowed']),
          ),
        ]),
      )
      .execute()
    for (const { id } of sessions) this.session(id).wake()
  }

  async #drive(id: string): Promise<void> {
    const { db, signal, log, clock } = this.#context
    const row = (await db.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirst()) as
      | WorkspaceTable
      | undefined
    if (!row || signal.aborted) return
    try {
      if (row.state === 'creating') await this.#make(row)
      await this.#finishMove(id)
      if (row.state === 'removing') {
        await this.#endSessions(id)
        await removeWorkspace(this.#context, row)
      }
    } catch (error) {
      if (signal.aborted) return
      // What cannot be confirmed is not forgotten: it is tried again for as long as the engine lives, and at its next start.
      log('warn', 'a workspace is not finished yet', { workspaceId: id, state: row.state, error: String(error) })
      const message = error instanceof Error ? error.message : String(error)
      await db
        .updateTable('workspaces')
        .set({ problem: JSON.stringify({ message }) })
        .where('id', '=', id)
        .execute()
      this.#context.changes.workspace(id)
      clock.after(RETRY_MS, () => void this.workspace(id))
      return
    }
    const sessions = await db.selectFrom('sessions').select('id').where('workspace_id', '=', id).execute()
    for (const session of sessions) this.session(session.id).wake()
  }

  /** Makes a workspace; one that moves leaves its old place first. */
  async #make(row: WorkspaceTable): Promise<void> {
    const move = moveOf(row)
    if (move?.phase === 'leave') {
      try {
        await this.#endSessions(row.id)
        await leaveOldPlace(this.#context, row, move)
      } catch (error) {
        const failure = SkeinError.from(error, `moving ${row.name}`)
        if (this.#context.signal.aborted || failure.code === 'unavailable') throw error
        return goBack(this.#context, row, failure.message)
      }
    }
    await makeWorkspace(this.#context, row.id)
  }

  /** The place that a workspace has left goes when the new one is ready. */
  async #finishMove(id: string): Promise<void> {
    const row = await this.#context.db.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirst()
    const move = row && moveOf(row)
    if (row?.state === 'ready' && move?.phase === 'clean') await cleanOldPlace(this.#context, row, move)
  }

  async #endSessions(workspaceId: string): Promise<void> {
    const sessions = await this.#context.db
      .selectFrom('sessions')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .execute()
    for (const session of sessions) await this.session(session.id).end()
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#workspaces.values())
    for (const actor of this.#sessions.values()) await actor.close()
  }
}
