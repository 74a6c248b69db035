import type { EngineContext } from '../context.ts'
import type { WorkspaceTable } from '../store/schema.ts'

/** Where the files of a turn's beginning or end are kept. */
export function turnRef(workspaceId: string, sessionId: string, turn: number, when: 'from' | 'to'): string {
  return `refs/skein/turns/${workspaceId}/${sessionId}/${turn}-${when}`
}

/** A prompt waits so long, at most, for its turn's beginning to be kept. */
const PATIENCE_MS = 500

/**
 * Keeps what the work tree held before and after each turn of a session. A turn does not depend on it: where the agent was
 * quicker, the tree is not claimed to be what it was.
 */
export class TurnTrees {
  readonly #context: EngineContext
  readonly #sessionId: string
  /** By the turn's number: the tree before it, once it is known. */
  readonly #before = new Map<number, Promise<string | undefined>>()
  /** The last turn whose beginning was looked at. */
  #begun: { turn: number; recorded: Promise<void> } = { turn: 0, recorded: Promise.resolve() }

  constructor(context: EngineContext, sessionId: string) {
    this.#context = context
    this.#sessionId = sessionId
  }

  /** The agent is about to be given something to do: the `turn`th turn comes next. Resolves soon, whatever becomes of it. */
  async beforeTurn(turn: number, workspace: WorkspaceTable): Promise<void> {
    this.#begin(turn, workspace)
    const patience = Promise.withResolvers<void>()
    const timer = this.#context.clock.after(PATIENCE_MS, () => patience.resolve())
    await Promise.race([this.#before.get(turn), patience.promise])
    timer[Symbol.dispose]()
  }

  #begin(turn: number, workspace: WorkspaceTable): void {
    for (const known of this.#before.keys()) if (known < turn - 1) this.#before.delete(known)
    this.#before.set(turn, this.#keep(turn, 'from', workspace))
  }

  /** The turn has begun. */
  begun(turn: number, workspace: WorkspaceTable): void {
    if (this.#begun.turn >= turn) return
    if (!this.#before.has(turn)) this.#begin(turn, workspace)
    const recorded = this.#record(turn, workspace).catch((error: unknown) => this.#failed(turn, error))
    this.#begun = { turn, recorded }
  }

  /** The turn has ended. Answers its trees, where they are known; asked again it answers what was found the first time. */
  async ended(turn: number, workspace: WorkspaceTable): Promise<{ from: string | null; to: string | null }> {
    const row = await this.#row(turn)
    if (!row) return { from: null, to: null }
    if (row.to_tree !== null) return { from: row.from_tree, to: row.to_tree }
    // A turn may be over before anybody saw it begin.
    this.begun(turn, workspace)
    const { recorded } = this.#begun
    const to = (await this.#keep(turn, 'to', workspace)) ?? null
    await recorded
    if (to !== null) await this.#set(turn, { to_tree: to })
    return { from: (await this.#row(turn))?.from_tree ?? null, to }
  }

  async #record(turn: number, workspace: WorkspaceTable): Promise<void> {
    const row = await this.#row(turn)
    if (!row || row.from_tree !== null) return
    const tree = (await this.#before.get(turn)) ?? (await this.#fallback(turn, workspace))
    if (tree !== undefined) await this.#set(turn, { from_tree: tree })
  }

  /** Nobody but the agent works between two of its turns, as a rule. */
  async #fallback(turn: number, workspace: WorkspaceTable): Promise<string | undefined> {
    if (turn > 1) return (await this.#row(turn - 1))?.to_tree ?? undefined
    const others = await this.#context.db
      .selectFrom('sessions')
      .select('id')
      .where('workspace_id', '=', workspace.id)
      .where('id', '<>', this.#sessionId)
      .executeTakeFirst()
    return others === undefined && workspace.from_ref === null ? (workspace.base ?? undefined) : undefined
  }

  /** Answers the tree, unless the agent has done something by then that may be in it and should not. */
  async #keep(turn: number, when: 'from' | 'to', workspace: WorkspaceTable): Promise<string | undefined> {
    try {
      const runner = await this.#context.machines.runner(workspace.machine_id)
      const place = { path: workspace.path, ref: turnRef(workspace.id, this.#sessionId, turn, when) }
      // From the end of a turn a fork can begin, which takes more than the files.
      const { tree } =
        when === 'from'
          ? await runner.call('git.keepTree', place)
          : await runner.call('git.snapshot', { ...place, message: `After turn ${turn}` })
      const spoiledBy = when === 'from' ? turn : turn + 1
      return (await this.#hasActed(spoiledBy)) ? undefined : tree
    } catch (error) {
      this.#failed(turn, error)
      return undefined
    }
  }

  async #hasActed(turn: number): Promise<boolean> {
    const row = await this.#row(turn)
    if (!row) return false
    const call = await this.#context.db
      .selectFrom('events')
      .select('seq')
      .where('session_id', '=', this.#sessionId)
      .where('seq', '>', row.first_seq)
      .where('type', '=', 'tool_call')
      .executeTakeFirst()
    return call !== undefined
  }

  #row(turn: number) {
    return this.#context.db
      .selectFrom('turns')
      .selectAll()
      .where('session_id', '=', this.#sessionId)
      .where('id', '=', `t${turn}`)
      .executeTakeFirst()
  }

  async #set(turn: number, trees: { from_tree?: string; to_tree?: string }): Promise<void> {
    await this.#context.db
      .updateTable('turns')
      .set(trees)
      .where('session_id', '=', this.#sessionId)
      .where('id', '=', `t${turn}`)
      .execute()
  }

  #failed(turn: number, error: unknown): void {
    if (this.#context.signal.aborted) return
    this.#context.log('warn', 'the files of a turn were not kept', {
      sessionId: this.#sessionId,
      turn,
      error: String(error),
    })
  }
}
