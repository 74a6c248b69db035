import { SkeinError } from '@skein/protocol'
import type { Actors } from '../actors.ts'
import type { EngineContext } from '../context.ts'
import { uuidFrom } from '../identity.ts'
import { kept } from '../sealed.ts'
import { Serial } from '../serial.ts'
import type { SessionFold } from '../sessions/fold.ts'
import { queuePrompt } from '../sessions/prompts.ts'
import type { SessionTable } from '../store/schema.ts'
import type { CheckRunTable, CheckTable } from '../store/schema-work.ts'
import type { Checks } from './checks.ts'
import { fixPrompt } from './fix-prompt.ts'
import { settingsOf } from './view.ts'

/** Enough for the end of a log, characters. */
const LOG_END = 256 * 1024

/** Sends failed checks to the agent: because a person says so, or by itself, so many rounds in a row. */
export class Fixes {
  readonly #context: EngineContext
  readonly #actors: Actors
  readonly #checks: Checks
  readonly #serial = new Serial()

  constructor(context: EngineContext, actors: Actors, checks: Checks) {
    this.#context = context
    this.#actors = actors
    this.#checks = checks
  }

  /** A prompt that was decided on and that a crash kept from the queue is queued now. */
  async resume(): Promise<void> {
    const { db } = this.#context
    const decided = await this.#decided().select('check_runs.workspace_id').distinct().execute()
    for (const { workspace_id } of decided) this.consider(workspace_id)
    const failing = await db
      .selectFrom('checks')
      .innerJoin('check_runs', 'check_runs.id', 'checks.last_run')
      .innerJoin('workspaces', 'workspaces.id', 'checks.workspace_id')
      .select('checks.workspace_id')
      .distinct()
      .where('check_runs.state', '=', 'failed')
      .where('workspaces.state', '=', 'ready')
      .execute()
    for (const { workspace_id } of failing) this.consider(workspace_id)
  }

  /** A person sends a failure to the agent. */
  async send(runId: string, sessionId: string | undefined): Promise<{ messageId: string }> {
    return this.#serial.run(async () => {
      const { db } = this.#context
      const run = await db.selectFrom('check_runs').selectAll().where('id', '=', runId).executeTakeFirst()
      if (!run) throw new SkeinError('not_found', `there is no run ${runId} of a check`)
      if (run.state === 'running' || run.state === 'passed')
        throw new SkeinError(
          'conflict',
          `the check "${run.name}" ${run.state === 'passed' ? 'passed' : 'still runs'}`,
          {
            next: 'Only a failure can be sent to the agent.',
          },
        )
      if (run.fix_message !== null) return { messageId: run.fix_message }
      const session = await this.#sessionFor(run, sessionId)
      if (!session)
        throw new SkeinError('conflict', 'there is no session in this workspace to send it to', {
          next: 'Start a session first.',
        })
      return { messageId: await this.#decide(run, session.id, 'person') }
    })
  }

  /** Looks whether a failure is to be sent by itself now. Called whenever that may have become so; never two at once. */
  consider(workspaceId: string): void {
    void this.#serial
      .run(() => this.#considerNow(workspaceId))
      .catch((error: unknown) => {
        if (!this.#context.signal.aborted)
          this.#context.log('warn', 'a failed check was not sent to the agent', { workspaceId, error: String(error) })
      })
  }

  async close(): Promise<void> {
    await this.#serial.settled()
  }

  async #considerNow(workspaceId: string): Promise<void> {
    const { db } = this.#context
    if (this.#context.signal.aborted || !(await this.#isReady(workspaceId))) return
    // A prompt that was decided on, and that a crash kept from the queue, is queued now.
    const decided = await this.#decided().selectAll('check_runs').where('workspace_id', '=', workspaceId).execute()
    for (const run of decided) await this.#queue(run)
    const checks = await db
      .selectFrom('checks')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('position', 'is not', null)
      .orderBy('position')
      .execute()
    const runs = await db
      .selectFrom('check_runs')
      .selectAll()
      .where('id', 'in', ['', ...checks.flatMap(({ last_run }) => last_run ?? [])])
      .execute()
    // First all verdicts; then one failure after the other.
    if (runs.some(({ state }) => state === 'running')) return
    for (const check of checks) {
      const run = runs.find(({ id }) => id === check.last_run)
      if (run?.state !== 'failed' || run.fix_message !== null) continue
      const session = await this.#sessionFor(run, undefined)
      if (!session || !(await this.#mayFollow(run, session))) continue
      if ((await this.#roundsOf(check)) >= settingsOf(check).fixRounds) continue
      await this.#decide(run, session.id, 'itself')
      return
    }
  }

  #decided() {
    return this.#context.db
      .selectFrom('check_runs')
      .leftJoin('prompts', 'prompts.id', 'check_runs.fix_message')
      .where('fix_message', 'is not', null)
      .where('prompts.id', 'is', null)
  }

  /** The agent is at rest, after a turn that ended well, and the failure is of what it left. */
  async #mayFollow(run: CheckRunTable, session: SessionTable): Promise<boolean> {
    const busy = await this.#context.db
      .selectFrom('prompts')
      .innerJoin('sessions', 'sessions.id', 'prompts.session_id')
      .select('prompts.id')
      .where('sessions.workspace_id', '=', session.workspace_id)
      .where('prompts.state', 'in', ['queued', 'sent', 'started', 'swallowed'])
      .executeTakeFirst()
    if (busy) return false
    const { turn, lastTurn } = kept<SessionFold>(this.#context, session.fold, `fold:${session.id}`)
    return turn === null && lastTurn?.stopReason === 'end_turn' && run.started_at >= (lastTurn.endedAt ?? 0)
  }

  /** A person who prompts takes over: the rounds before do not count any more. */
  async #roundsOf(check: CheckTable): Promise<number> {
    if (check.rounds === 0) return 0
    const prompted = await this.#context.db
      .selectFrom('prompts')
      .innerJoin('sessions', 'sessions.id', 'prompts.session_id')
      .select('prompts.id')
      .where('sessions.workspace_id', '=', check.workspace_id)
      .where('prompts.origin', '=', 'user')
      .where('prompts.created_at', '>', check.fixed_at ?? 0)
      .executeTakeFirst()
    return prompted ? 0 : check.rounds
  }

  /** Written down first: a prompt is queued once for a run, whatever dies between. */
  async #decide(run: CheckRunTable, sessionId: string, by: 'person' | 'itself'): Promise<string> {
    const { db, clock } = this.#context
    const messageId = uuidFrom(sessionId, 'fix', run.id)
    const decided = { ...run, fix_session: sessionId, fix_message: messageId, fix_by: by }
    const check = await db
      .selectFrom('checks')
      .selectAll()
      .where('workspace_id', '=', run.workspace_id)
      .where('name', '=', run.name)
      .executeTakeFirst()
    const rounds = by === 'person' || !check ? 0 : (await this.#roundsOf(check)) + 1
    await db.transaction().execute(async (tx) => {
      await tx
        .updateTable('check_runs')
        .set({ fix_session: sessionId, fix_message: messageId, fix_by: by })
        .where('id', '=', run.id)
        .execute()
      await tx
        .updateTable('checks')
        .set({ rounds, ...(by === 'itself' ? { fixed_at: clock.now() } : {}) })
        .where('workspace_id', '=', run.workspace_id)
        .where('name', '=', run.name)
        .execute()
    })
    await this.#queue(decided)
    return messageId
  }

  async #queue(run: CheckRunTable): Promise<void> {
    if (run.fix_session === null || run.fix_message === null) return
    const check = await this.#context.db
      .selectFrom('checks')
      .select('run')
      .where('workspace_id', '=', run.workspace_id)
      .where('name', '=', run.name)
      .executeTakeFirst()
    const text = fixPrompt(run, check?.run ?? run.name, await this.#endOfLog(run.id))
    const actor = this.#actors.session(run.fix_session)
    const origin = run.fix_by === 'person' ? 'user' : 'command'
    await queuePrompt(this.#context, await actor.log(), run.fix_message, [{ type: 'text', text }], origin)
    actor.wake()
  }

  async #endOfLog(runId: string): Promise<string> {
    let end = ''
    for await (const { text } of this.#checks.log(runId, this.#context.signal)) end = (end + text).slice(-LOG_END)
    return end
  }

  /** The named session; else the one whose turn it was; else the one that was active last. */
  async #sessionFor(run: CheckRunTable, sessionId: string | undefined): Promise<SessionTable | undefined> {
    const all = await this.#context.db
      .selectFrom('sessions')
      .selectAll()
      .where('workspace_id', '=', run.workspace_id)
      .orderBy('active_at', 'desc')
      .execute()
    if (sessionId === undefined) return all.find(({ id }) => id === run.session_id) ?? all[0]
    const named = all.find(({ id }) => id === sessionId)
    if (!named) throw new SkeinError('not_found', `there is no session ${sessionId} in the check's workspace`)
    return named
  }

  async #isReady(workspaceId: string): Promise<boolean> {
    const row = await this.#context.db
      .selectFrom('workspaces')
      .select('state')
      .where('id', '=', workspaceId)
      .executeTakeFirst()
    return row?.state === 'ready'
  }
}
