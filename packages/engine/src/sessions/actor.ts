import { randomUUID } from 'node:crypto'
import type { AgentCommand } from '@skein/plugin-api'
import { type AgentError, type AgentEvent, type ProcessExit, type RunnerClient, SkeinError } from '@skein/protocol'
import { agentOf, type EngineContext } from '../context.ts'
import { uuidFrom } from '../identity.ts'
import { Serial } from '../serial.ts'
import type { SessionTable, WorkspaceTable } from '../store/schema.ts'
import { lookAtDiff } from '../workspaces/diff.ts'
import { answerFor } from './answers.ts'
import { decide, MAX_ATTEMPTS, type SessionAction } from './decide.ts'
import { beginEpoch, foldExit, place } from './fold.ts'
import { followJournal, processId } from './journal.ts'
import { launchSession } from './launch.ts'
import { type Entry, SessionLog } from './log.ts'
import type { StoredOptions } from './options.ts'
import { contentOf, queuePrompt } from './prompts.ts'

/** A lost process is started again this often for one prompt of a person's. */
const MAX_RECOVERIES = 3
const STOP_GRACE_MS = 5000
/** A line up to this size goes in the request itself, a longer one as a blob before it. */
const INLINE_INPUT = 256 * 1024
const BLOB_PART = 384 * 1024
const RETRY_MS = 1000

type Row = SessionTable

/**
 * Drives one session. Everything that it must remember is in the store; `wake` makes it look at what is there and take the one
 * next step (`decide`), again and again until there is none. So it does not matter when, or how often, it is woken, nor where
 * it was when the server died.
 */
export class SessionActor {
  readonly id: string
  readonly #context: EngineContext
  readonly #serial = new Serial()
  #log: SessionLog | undefined
  #following: { epoch: number; stop(): Promise<void> } | undefined
  #woken = false
  #closed = false

  constructor(context: EngineContext, id: string) {
    this.#context = context
    this.id = id
  }

  /** Looks at the session soon. */
  wake(): void {
    if (this.#woken || this.#closed) return
    this.#woken = true
    this.#later(async () => {
      this.#woken = false
      await this.#reconcile()
    })
  }

  /** Runs in its turn. What fails is logged, and the session looked at again: its state says what is still to be done. */
  #later(task: () => Promise<void>): void {
    void this.#serial.run(async () => {
      if (this.#closed) return
      try {
        await task()
      } catch (error) {
        if (this.#closed || this.#context.signal.aborted) return
        const stack = error instanceof Error ? error.stack : undefined
        this.#context.log('error', 'a session could not take its next step', {
          sessionId: this.id,
          error: String(error),
          stack,
        })
        this.#context.clock.after(RETRY_MS, () => this.wake())
      }
    })
  }

  async log(): Promise<SessionLog> {
    this.#log ??= new SessionLog(this.#context, await this.#row())
    return this.#log
  }

  /** Stops the idle agent process; the conversation stays. A turn that runs is not stopped. */
  hibernate(): Promise<boolean> {
    return this.#serial.run(async () => {
      const log = await this.log()
      const row = await this.#row()
      if (row.process_state !== 'running' || log.fold.turn) return false
      await this.#stop(row)
      return true
    })
  }

  /** Ends whatever runs, for a workspace that goes away. */
  end(): Promise<void> {
    return this.#serial.run(async () => {
      const row = await this.#row()
      if (row.process_state === 'running' || row.process_state === 'starting') await this.#stop(row)
      await this.#following?.stop().catch(() => undefined)
      this.#following = undefined
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#serial.settled()
    await this.#log?.settled()
  }

  // --- the loop ---------------------------------------------------------------------------------------------------------

  async #reconcile(): Promise<void> {
    for (let steps = 0; steps < 100 && !this.#closed; steps++) {
      const row = await this.#row()
      const workspace = await this.#workspace(row)
      if (!workspace) return
      if (row.process_state === 'running' || row.process_state === 'stopping') await this.#follow(row, workspace)
      await this.#goOnAfterSwallowed(row)
      this.#lookAtChanges(workspace)
      const action = await this.#next(row, workspace)
      if (action.do === 'nothing') return
      await this.#perform(action, row, workspace)
    }
  }

  async #next(row: Row, workspace: WorkspaceTable): Promise<SessionAction> {
    const { db } = this.#context
    const log = await this.log()
    const prompts = await db
      .selectFrom('prompts')
      .selectAll()
      .where('session_id', '=', this.id)
      .where('state', 'in', ['queued', 'sent'])
      .orderBy('position')
      .execute()
    const answer = await db
      .selectFrom('asks')
      .select(['id'])
      .where('session_id', '=', this.id)
      .where('state', '=', 'answered')
      .where('delivered', '=', 0)
      .where('epoch', '=', row.epoch)
      .orderBy('answered_at')
      .executeTakeFirst()
    const queued = prompts.find(({ state }) => state === 'queued')
    const options = JSON.parse(row.options) as StoredOptions
    return decide({
      workspaceReady: workspace.state === 'ready',
      process: row.process_state,
      turnOpen: log.fold.turn !== null,
      interruptDue: row.interrupt_at !== null && log.fold.turn !== null && this.#interrupted !== log.fold.turn.id,
      sentPrompt: prompts.some(({ state }) => state === 'sent'),
      queuedPrompt: queued && { id: queued.id, attempts: queued.attempts },
      undelivered: answer?.id,
      overBudget: options.maxCost !== undefined && log.fold.cost >= options.maxCost,
      problem: row.problem !== null,
    })
  }

  #perform(action: Exclude<SessionAction, { do: 'nothing' }>, row: Row, workspace: WorkspaceTable): Promise<void> {
    switch (action.do) {
      case 'start':
        return this.#start(row, workspace)
      case 'send_prompt':
        return this.#sendPrompt(action.promptId, row, workspace)
      case 'deliver_answer':
        return this.#deliverAnswer(action.askId, row, workspace)
      case 'interrupt':
        return this.#interrupt(row, workspace)
      case 'refuse_prompt':
        return this.#refusePrompt(action.promptId, action.why === 'budget' ? BUDGET : ATTEMPTS)
    }
  }

  #lookedAt: string | undefined

  /** After each turn, how much the workspace differs from its base. */
  #lookAtChanges(workspace: WorkspaceTable): void {
    const turn = this.#log?.fold.lastTurn?.id
    if (turn === undefined || this.#log?.fold.turn || this.#lookedAt === turn) return
    this.#lookedAt = turn
    void lookAtDiff(this.#context, workspace).catch((error: unknown) =>
      this.#context.log('warn', 'the changes could not be looked at', {
        workspaceId: workspace.id,
        error: String(error),
      }),
    )
  }

  // --- starting and stopping --------------------------------------------------------------------------------------------

  async #start(row: Row, workspace: WorkspaceTable): Promise<void> {
    const agent = agentOf(this.#context, row.agent)
    const log = await this.log()
    const runner = await this.#context.machines.runnerEventually(workspace.machine_id, this.#context.signal)
    if (row.process_state !== 'starting') {
      // Written before anything is asked of the machine: after a crash the same epoch is asked for again.
      const epoch = row.epoch + 1
      const event: AgentEvent = { type: 'agent_process', state: 'starting', epoch }
      await log.append((fold) => {
        const begun = beginEpoch(fold, agent, epoch)
        return {
          fold: begun,
          entries: [{ placed: { event }, at: this.#context.clock.now() }],
          durableAgent: { state: begun.agent },
          update: {
            epoch,
            process_state: 'starting',
            cursor_epoch: epoch,
            cursor_offset: 0,
            pid: null,
            process_started_at: this.#context.clock.now(),
          },
        }
      })
      row = await this.#row()
    }
    try {
      const { spec, greeting } = await launchSession(this.#context, agent, row, workspace, runner)
      const status = await runner.call('process.start', spec)
      for (const { key, line } of greeting) await this.#input(runner, row.epoch, `${key}-${row.epoch}`, line)
      await this.#update({ process_state: 'running', pid: status.pid ?? null, process_started_at: status.startedAt })
    } catch (error) {
      const failure = SkeinError.from(error, `starting ${agent.name}`)
      if (failure.code === 'unavailable' || failure.code === 'cancelled') throw failure
      await log.append((fold) => ({ fold, entries: [], update: { process_state: 'exited' } }))
      await this.#fail({ code: 'startup', message: failure.message, retryable: false }, failure.next)
    }
  }

  async #stop(row: Row): Promise<void> {
    const workspace = await this.#workspace(row)
    if (!workspace) return
    const runner = await this.#context.machines.runner(workspace.machine_id)
    await this.#follow(row, workspace)
    await this.#update({ process_state: 'stopping' })
    await runner.call('process.stop', { id: processId(this.id), graceMs: STOP_GRACE_MS })
  }

  // --- the journal ------------------------------------------------------------------------------------------------------

  async #follow(row: Row, workspace: WorkspaceTable): Promise<void> {
    if (this.#following?.epoch === row.epoch) return
    const log = await this.log()
    const runner = await this.#context.machines.runnerEventually(workspace.machine_id, this.#context.signal)
    const status = await runner.call('process.status', { id: processId(this.id) })
    if (!status || status.epoch < row.epoch) {
      await this.#ended(
        {
          code: null,
          reason: 'lost',
          at: this.#context.clock.now(),
          message: 'the machine knows nothing of the agent process any more',
        },
        row.epoch,
      )
      return
    }
    await log.rewind()
    const epoch = row.epoch
    const following = await followJournal(
      this.#context,
      log,
      row.agent,
      runner,
      { epoch, offset: row.cursor_offset },
      {
        appended: () => this.wake(),
        ended: ({ exit }) => {
          this.#later(async () => {
            await this.#following?.stop().catch(() => undefined)
            this.#following = undefined
            await this.#ended(exit, epoch)
            this.wake()
          })
        },
      },
    )
    this.#following = { epoch, stop: following.stop }
    this.#context.machines.whenLost(runner, () => {
      if (this.#closed) return
      this.#following = undefined
      this.wake()
    })
  }

  /** The process is gone and its journal is folded to the end: close what was open, and decide how to go on. */
  async #ended(exit: ProcessExit, epoch: number): Promise<void> {
    const row = await this.#row()
    if (row.epoch !== epoch || row.process_state === 'exited') return
    const agent = agentOf(this.#context, row.agent)
    const log = await this.log()
    const { recovery } = foldExit(log.fold, agent, exit, epoch)
    const wasInTurn = log.fold.turn
    const asked = exit.reason === 'stopped' || exit.reason === 'lease'
    await log.append(
      (fold) => {
        const ended = foldExit(fold, agent, exit, epoch)
        const entries: Entry[] = ended.events.map((placed, n) => ({
          placed,
          at: exit.at,
          src: { epoch, offset: EXIT_OFFSET, n },
        }))
        return {
          fold: ended.fold,
          entries,
          durableAgent: { state: ended.fold.agent },
          update: { process_state: 'exited', pid: null, ...(recovery.how === 'new' ? { has_conversation: 0 } : {}) },
        }
      },
      (raw) => {
        // What was handed over and not begun is handed over again; the agent knows a message that it has by its id.
        raw
          .prepare(
            `update prompts set state = 'queued', attempts = attempts + 1 where session_id = ? and state = 'sent'`,
          )
          .run(this.id)
        raw
          .prepare(`update asks set state = 'expired' where session_id = ? and state = 'open' and epoch <= ?`)
          .run(this.id, epoch)
      },
    )
    if (recovery.how === 'give_up') {
      await this.#fail(
        { code: recovery.error.code, message: recovery.error.message, retryable: false },
        recovery.error.next,
      )
    } else if (wasInTurn && !asked && row.interrupt_at === null) {
      await this.#resume(row, `${wasInTurn.id}:${epoch}`)
    }
  }

  /** The agent died in the middle of a turn: it is started again, once for each death, and told so. */
  async #resume(row: Row, death: string): Promise<void> {
    if (row.recoveries >= MAX_RECOVERIES) {
      await this.#fail(
        {
          code: 'process',
          message: `the agent process was lost ${row.recoveries + 1} times in this turn`,
          retryable: true,
        },
        'Look at the transcript, then prompt again to go on.',
      )
      return
    }
    await this.#update({ recoveries: row.recoveries + 1 })
    await queuePrompt(
      this.#context,
      await this.log(),
      uuidFrom(this.id, 'resume', death),
      [{ type: 'text', text: RESUME }],
      'resume',
    )
  }

  /**
   * A prompt that was handed over again and that the agent had already begun before it died: the agent takes it for done, so
   * it is told to go on instead.
   */
  async #goOnAfterSwallowed(row: Row): Promise<void> {
    const swallowed = await this.#context.db
      .selectFrom('prompts')
      .select('id')
      .where('session_id', '=', this.id)
      .where('state', '=', 'swallowed')
      .execute()
    for (const { id } of swallowed) {
      await this.#resume(row, id)
      await this.#context.db.updateTable('prompts').set({ state: 'completed' }).where('id', '=', id).execute()
    }
  }

  // --- talking to the agent ---------------------------------------------------------------------------------------------

  async #sendPrompt(promptId: string, row: Row, workspace: WorkspaceTable): Promise<void> {
    const prompt = await this.#context.db
      .selectFrom('prompts')
      .selectAll()
      .where('id', '=', promptId)
      .executeTakeFirstOrThrow()
    const content = await contentOf(this.#context, prompt)
    await this.#say({ type: 'prompt', messageId: prompt.id, content }, row, workspace)
    const event: AgentEvent = { type: 'user_message_update', messageId: prompt.id, state: 'sent' }
    const log = await this.log()
    await log.append(
      (fold) => ({
        fold,
        entries: [{ placed: { event }, at: this.#context.clock.now() }],
        update: { active_at: this.#context.clock.now() },
      }),
      (raw) => {
        raw.prepare('update prompts set epoch = ? where id = ?').run(row.epoch, promptId)
      },
    )
  }

  async #deliverAnswer(askId: string, row: Row, workspace: WorkspaceTable): Promise<void> {
    const { command, mode } = await answerFor(this.#context, askId)
    await this.#say(command, row, workspace)
    await this.#context.db.updateTable('asks').set({ delivered: 1 }).where('id', '=', askId).execute()
    if (mode) await this.#setOptions(row, { permissionMode: mode })
  }

  #interrupted: string | undefined

  async #interrupt(row: Row, workspace: WorkspaceTable): Promise<void> {
    const log = await this.log()
    const turn = log.fold.turn
    if (!turn) return
    await this.#say({ type: 'interrupt', id: uuidFrom(this.id, turn.id, 'interrupt') }, row, workspace)
    this.#interrupted = turn.id
    // An agent that does not listen is stopped; the conversation stays, and the turn ends as cancelled.
    this.#context.clock.after(this.#context.settings.interruptGraceMs, () => {
      this.#later(async () => {
        const now = await this.#row()
        if (log.fold.turn?.id === turn.id && now.epoch === row.epoch) await this.#stop(now)
      })
    })
  }

  /** Model, effort or mode for what comes, and for the process that runs. */
  configure(change: Partial<StoredOptions>): Promise<void> {
    return this.#serial.run(async () => {
      const row = await this.#row()
      await this.#setOptions(row, change)
      const workspace = await this.#workspace(row)
      if (row.process_state !== 'running' || !workspace) return
      const id = randomUUID()
      const commands: AgentCommand[] = []
      if (change.model !== undefined) commands.push({ type: 'set_model', id: `${id}-m`, model: change.model })
      if (change.permissionMode !== undefined)
        commands.push({ type: 'set_mode', id: `${id}-p`, mode: change.permissionMode })
      if (change.effort !== undefined) commands.push({ type: 'set_effort', id: `${id}-e`, effort: change.effort })
      let restart = false
      for (const command of commands) restart = (await this.#say(command, row, workspace)) || restart
      const log = await this.log()
      if (restart && !log.fold.turn) await this.#stop(row)
    })
  }

  async #setOptions(row: Row, change: Partial<StoredOptions>): Promise<void> {
    const options = { ...(JSON.parse(row.options) as StoredOptions), ...change }
    await this.#update({ options: JSON.stringify(options) })
  }

  /** Answers whether the agent must be started anew for the command to count. */
  async #say(command: AgentCommand, row: Row, workspace: WorkspaceTable): Promise<boolean> {
    const agent = agentOf(this.#context, row.agent)
    const log = await this.log()
    const { lines, needsRestart } = agent.encode(log.fold.agent, command)
    const runner = await this.#context.machines.runnerEventually(workspace.machine_id, this.#context.signal)
    for (const { key, line } of lines) await this.#input(runner, row.epoch, key, line)
    return needsRestart ?? false
  }

  async #input(runner: RunnerClient, epoch: number, key: string, line: string): Promise<void> {
    const id = processId(this.id)
    const bytes = Buffer.from(line)
    if (bytes.length <= INLINE_INPUT) {
      await runner.call('process.input', { id, epoch, key, line })
      return
    }
    const { createHash } = await import('node:crypto')
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    for (let offset = 0; offset < bytes.length; offset += BLOB_PART) {
      const part = bytes.subarray(offset, offset + BLOB_PART)
      await runner.call('blob.put', {
        sha256,
        offset,
        base64: part.toString('base64'),
        done: offset + part.length === bytes.length,
      })
    }
    await runner.call('process.input', { id, epoch, key, blob: sha256 })
  }

  // --- failing ----------------------------------------------------------------------------------------------------------

  /** The session cannot go on by itself: its waiting prompts end with the reason, and it says so until it is prompted again. */
  async #fail(error: AgentError, next: string | undefined): Promise<void> {
    const waiting = await this.#context.db
      .selectFrom('prompts')
      .select('id')
      .where('session_id', '=', this.id)
      .where('state', 'in', ['queued', 'sent'])
      .orderBy('position')
      .execute()
    for (const { id } of waiting) await this.#refusePrompt(id, { stopReason: 'error', error })
    await this.#update({ problem: JSON.stringify({ message: error.message, ...(next === undefined ? {} : { next }) }) })
    this.#context.changes.workspace((await this.log()).workspaceId)
  }

  /** A prompt that will not reach the agent still gets its turn, so that whoever waits for it is told. */
  async #refusePrompt(promptId: string, why: { stopReason: 'budget' | 'error'; error: AgentError }): Promise<void> {
    const log = await this.log()
    const at = this.#context.clock.now()
    await log.append(
      (fold) => {
        const placed = place(
          fold,
          [
            { event: { type: 'turn_started', origin: 'user', messageIds: [promptId] } },
            { event: { type: 'turn_ended', stopReason: why.stopReason, error: why.error } },
          ],
          at,
        )
        return { fold: placed.fold, entries: placed.events.map((event) => ({ placed: event, at })) }
      },
      (raw) => {
        raw.prepare(`update prompts set state = 'failed' where id = ?`).run(promptId)
      },
    )
  }

  // --- rows -------------------------------------------------------------------------------------------------------------

  async #row(): Promise<Row> {
    return await this.#context.db.selectFrom('sessions').selectAll().where('id', '=', this.id).executeTakeFirstOrThrow()
  }

  #workspace(row: Row): Promise<WorkspaceTable | undefined> {
    return this.#context.db.selectFrom('workspaces').selectAll().where('id', '=', row.workspace_id).executeTakeFirst()
  }

  async #update(update: Partial<SessionTable>): Promise<void> {
    await this.#context.db.updateTable('sessions').set(update).where('id', '=', this.id).execute()
  }
}

/** Events of a process's end come after all of its lines. */
const EXIT_OFFSET = Number.MAX_SAFE_INTEGER

const RESUME =
  'The agent process ended unexpectedly in the middle of this turn and was started again. A tool call that was running may or may not have taken effect: check the state of the work, then continue where you left off.'

const BUDGET = {
  stopReason: 'budget',
  error: { code: 'billing', message: 'the session has reached its cost limit', retryable: false },
} as const
const ATTEMPTS = {
  stopReason: 'error',
  error: {
    code: 'process',
    message: `the agent process ended ${MAX_ATTEMPTS} times before it took this prompt`,
    retryable: true,
  },
} as const
