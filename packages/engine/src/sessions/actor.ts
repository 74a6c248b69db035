import type { AgentCommand } from '@skein/plugin-api'
import { type AgentEvent, type ProcessExit, type RunnerClient, SkeinError } from '@skein/protocol'
import { wait } from '../clock.ts'
import { agentOf, type EngineContext } from '../context.ts'
import { uuidFrom } from '../identity.ts'
import { explainedExit } from '../machines/explain-exit.ts'
import { Serial } from '../serial.ts'
import type { SessionTable, WorkspaceTable } from '../store/schema.ts'
import { lookAfterTurn } from '../workspaces/after-turn.ts'
import { goOnAfterSwallowed, recordExit, type SessionProblem } from './after-exit.ts'
import { answerFor } from './answers.ts'
import { decide, type SessionAction } from './decide.ts'
import { factsOf, promptFacts } from './facts.ts'
import { beginEpoch } from './fold.ts'
import { followJournal, processId } from './journal.ts'
import { launchSession } from './launch.ts'
import { SessionLog } from './log.ts'
import { changedOptions, type OptionsChange, type StoredOptions } from './options.ts'
import { contentOf } from './prompts.ts'
import { refusePrompt } from './refusal.ts'
import { sayToAgent, writeLine } from './talk.ts'
import { TurnTrees } from './turn-trees.ts'

const STOP_GRACE_MS = 5000
const END_POLL_MS = 20
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
  readonly #trees: TurnTrees
  #log: SessionLog | undefined
  #following: { epoch: number; stop(): Promise<void> } | undefined
  /** The epoch whose process this engine has asked the runner to stop. */
  #stopAsked: number | undefined
  #woken = false
  #closed = false

  constructor(context: EngineContext, id: string) {
    this.#context = context
    this.id = id
    this.#trees = new TurnTrees(context, id)
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

  /** Begins to stop the idle agent process; the conversation stays. A turn that runs is not stopped. */
  hibernate(): Promise<boolean> {
    return this.#serial.run(async () => {
      const log = await this.log()
      const row = await this.#row()
      if (row.process_state !== 'running' || log.fold.turn) return false
      const { sentPrompt, queuedPrompt } = await promptFacts(this.#context, this.id)
      if (sentPrompt || queuedPrompt) return false
      // Nobody needs to wait for its end: that comes through the journal.
      const { ended } = await this.#beginStop(row)
      ended.catch((error: unknown) =>
        this.#context.log('warn', 'an idle agent was not stopped', { sessionId: this.id, error: String(error) }),
      )
      return true
    })
  }

  /** Ends whatever runs, for a workspace that goes away. Resolves when all that the agent said is in the transcript. */
  async end(): Promise<void> {
    const ended = await this.#serial.run(async () => {
      const row = await this.#row()
      const lives = row.process_state !== 'none' && row.process_state !== 'exited'
      if (lives) await this.#stop(row)
      return !lives
    })
    // The exit comes through the journal, after its last line.
    for (let over = ended; !over; ) {
      await wait(this.#context.clock, END_POLL_MS, this.#context.signal)
      over = await this.#serial.run(async () => (await this.#row()).process_state === 'exited')
    }
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
      // A server before us may have died between recording the stop and asking for it.
      if (row.process_state === 'stopping' && this.#stopAsked !== row.epoch) {
        this.#stopAsked = row.epoch
        const { ended } = await this.#beginStop(row)
        ended.catch(() => this.wake())
      }
      await this.#goOnAfterSwallowed(row)
      this.#lookAtChanges(workspace)
      const log = await this.log()
      const action = decide(await factsOf(this.#context, row, workspace, log.fold, this.#interrupted))
      if (action.do === 'nothing') return
      await this.#perform(action, row, workspace)
    }
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
        return this.#refuse(action, row)
    }
  }

  #lookedAt: string | undefined

  /** What the work tree holds at the beginning and the end of each turn. */
  #lookAtChanges(workspace: WorkspaceTable): void {
    const fold = this.#log?.fold
    if (!fold) return
    if (fold.turn) {
      this.#trees.begun(fold.turns, workspace)
      return
    }
    const turn = fold.lastTurn?.id
    if (turn === undefined || this.#lookedAt === turn) return
    this.#lookedAt = turn
    void lookAfterTurn(this.#context, workspace, this.#trees, {
      sessionId: this.id,
      turnId: turn,
      number: fold.turns,
    }).catch((error: unknown) =>
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
      await this.#greet(runner, row.epoch, greeting)
      await this.#update({ process_state: 'running', pid: status.pid ?? null, process_started_at: status.startedAt })
    } catch (error) {
      const failure = SkeinError.from(error, `starting ${agent.name}`)
      if (failure.code === 'unavailable' || failure.code === 'cancelled') throw failure
      const problem: SessionProblem = {
        code: 'startup',
        message: failure.message,
        ...(failure.next === undefined ? {} : { next: failure.next }),
      }
      await log.append((fold) => ({
        fold,
        entries: [],
        update: { process_state: 'exited', problem: JSON.stringify(problem) },
      }))
    }
  }

  /** A process that has ended before it could be greeted tells so through its journal, like any other. */
  async #greet(runner: RunnerClient, epoch: number, greeting: { key: string; line: string }[]): Promise<void> {
    try {
      for (const { key, line } of greeting)
        await writeLine(runner, { sessionId: this.id, epoch }, `${key}-${epoch}`, line)
    } catch (error) {
      const status = await runner.call('process.status', { id: processId(this.id) })
      if (status?.epoch !== epoch || status.state === 'running') throw error
    }
  }

  async #stop(row: Row): Promise<void> {
    const { ended } = await this.#beginStop(row)
    await ended
  }

  /** Resolves once it is recorded that the process is to end; `ended` once it has. */
  async #beginStop(row: Row): Promise<{ ended: Promise<unknown> }> {
    const workspace = await this.#workspace(row)
    if (!workspace) return { ended: Promise.resolve() }
    const runner = await this.#context.machines.runner(workspace.machine_id)
    await this.#follow(row, workspace)
    if ((await this.#row()).process_state === 'exited') return { ended: Promise.resolve() }
    await this.#update({ process_state: 'stopping' })
    this.#stopAsked = row.epoch
    return { ended: runner.call('process.stop', { id: processId(this.id), graceMs: STOP_GRACE_MS }) }
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

  async #ended(seen: ProcessExit, epoch: number): Promise<void> {
    const row = await this.#row()
    if (row.epoch !== epoch || row.process_state === 'exited') return
    const workspace = await this.#workspace(row)
    const exit = workspace ? await explainedExit(this.#context, workspace.machine_id, seen) : seen
    await recordExit(this.#context, await this.log(), row, agentOf(this.#context, row.agent), exit, epoch)
  }

  async #goOnAfterSwallowed(row: Row): Promise<void> {
    const swallowed = await this.#context.db
      .selectFrom('prompts')
      .select('id')
      .where('session_id', '=', this.id)
      .where('state', '=', 'swallowed')
      .execute()
    for (const { id } of swallowed) await goOnAfterSwallowed(this.#context, await this.log(), row, id)
  }

  // --- talking to the agent ---------------------------------------------------------------------------------------------

  async #sendPrompt(promptId: string, row: Row, workspace: WorkspaceTable): Promise<void> {
    const log = await this.log()
    // From here on nobody can change it; one that was withdrawn meanwhile is not sent.
    const prompt = await this.#context.db
      .updateTable('prompts')
      .set({ epoch: row.epoch })
      .where('id', '=', promptId)
      .where('state', '=', 'queued')
      .returningAll()
      .executeTakeFirst()
    if (!prompt) return
    await this.#trees.beforeTurn(log.fold.turns + 1, workspace)
    const content = await contentOf(this.#context, prompt)
    await this.#say({ type: 'prompt', messageId: prompt.id, content }, row, workspace)
    const event: AgentEvent = { type: 'user_message_update', messageId: prompt.id, state: 'sent' }
    await log.append((fold) => ({
      fold,
      entries: [{ placed: { event }, at: this.#context.clock.now() }],
      update: { active_at: this.#context.clock.now() },
    }))
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
  configure(change: OptionsChange): Promise<void> {
    return this.#serial.run(async () => {
      const row = await this.#row()
      const workspace = await this.#workspace(row)
      if (row.process_state !== 'running' || !workspace) return this.#setOptions(row, change)
      const id = this.#context.uuid()
      const commands: AgentCommand[] = []
      if (change.model !== undefined) commands.push({ type: 'set_model', id: `${id}-m`, model: change.model })
      if (change.permissionMode) commands.push({ type: 'set_mode', id: `${id}-p`, mode: change.permissionMode })
      if (change.effort !== undefined) commands.push({ type: 'set_effort', id: `${id}-e`, effort: change.effort })
      let restart = false
      for (const command of commands) restart = (await this.#say(command, row, workspace)) || restart
      // Only what the agent takes is kept for its next start.
      await this.#setOptions(row, change)
      const log = await this.log()
      if (restart && !log.fold.turn) await this.#stop(row)
    })
  }

  async #setOptions(row: Row, change: OptionsChange): Promise<void> {
    const options = changedOptions(JSON.parse(row.options) as StoredOptions, change)
    await this.#update({ options: JSON.stringify(options) })
  }

  /** Answers whether the agent must be started anew for the command to count. */
  async #say(command: AgentCommand, row: Row, workspace: WorkspaceTable): Promise<boolean> {
    const log = await this.log()
    const runner = await this.#context.machines.runnerEventually(workspace.machine_id, this.#context.signal)
    const agent = agentOf(this.#context, row.agent)
    return sayToAgent(runner, agent, log.fold.agent, { sessionId: this.id, epoch: row.epoch }, command)
  }

  async #refuse(action: Extract<SessionAction, { do: 'refuse_prompt' }>, row: Row): Promise<void> {
    await refusePrompt(this.#context, await this.log(), row, action)
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
