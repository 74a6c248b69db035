import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { Serial } from '../serial.ts'
import type { PoolTables } from '../store/schema-pools.ts'
import type { MachineRow } from './machines.ts'
import { poolSizeOf } from './own-settings.ts'
import { membersOf } from './pool-members.ts'
import { isSameMachine, prepareMachine, specAhead, withoutPool } from './prepare.ts'

type Pool = PoolTables['machine_pools']

/** A machine that waits longer is replaced: what is on it grows old. */
const OLDEST_MS = 24 * 3_600_000
/** A pool from which nobody took anything for so long is emptied. */
const UNUSED_MS = 7 * 24 * 3_600_000
const AT_ONCE = 3
/** The pause after a machine that could not be made; doubles up to the last. */
const RETRY_MS = { first: 15_000, last: 3_600_000 }
/** So long a machine has to answer before the next one is taken, or one is made. */
const ANSWER_MS = 10_000

/**
 * Machines that are made ahead of the workspaces that they are for. All of it is in the store: `look` compares what is there with
 * what is to be and begins what is missing, so it does not matter when it is called, nor where it was when the server died.
 */
export class MachinePools {
  readonly #context: EngineContext
  readonly #serial = new Serial()
  readonly #preparing = new Map<string, { task: Promise<void>; stop: AbortController }>()
  readonly #ending = new Map<string, Promise<void>>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  /** Looks soon. */
  wake(): void {
    if (this.#context.signal.aborted) return
    this.look().catch((error: unknown) => {
      if (!this.#context.signal.aborted)
        this.#context.log('warn', 'the pools were not looked at', { error: String(error) })
    })
  }

  look(): Promise<void> {
    return this.#serial.run(async () => {
      const { db } = this.#context
      for (const pool of await db.selectFrom('machine_pools').selectAll().execute()) await this.#lookAt(pool)
      const ending = await db
        .selectFrom('machines')
        .select('id')
        .where('pool_project', 'is not', null)
        .where('state', 'in', ['ending', 'gone'])
        .execute()
      for (const { id } of ending) void this.end(id)
    })
  }

  /** A project's workspaces use these settings. */
  async use(template: string, projectId: string): Promise<void> {
    const used_at = this.#context.clock.now()
    await this.#context.db
      .insertInto('machine_pools')
      .values({ template, project_id: projectId, used_at, failures: 0, retry_at: null, problem: null })
      .onConflict((conflict) => conflict.columns(['template', 'project_id']).doUpdateSet({ used_at }))
      .execute()
    this.wake()
  }

  /** What failed is tried again at once. */
  async retryNow(template: string): Promise<void> {
    await this.#context.db
      .updateTable('machine_pools')
      .set({ failures: 0, retry_at: null, problem: null })
      .where('template', '=', template)
      .execute()
    this.wake()
  }

  /** Ends the machines that wait for workspaces with these settings. Those that cannot be ended now are tried again. */
  async drain(template: string): Promise<void> {
    await this.#context.db.deleteFrom('machine_pools').where('template', '=', template).execute()
    const members = await this.#context.db
      .updateTable('machines')
      .set({ state: 'ending' })
      .where('template', '=', template)
      .where('pool_project', 'is not', null)
      .returning('id')
      .execute()
    await Promise.all(members.map(({ id }) => this.end(id)))
  }

  /** Resolves when nothing of it works any more; the context's signal was aborted before. */
  async close(): Promise<void> {
    await this.#serial.settled()
    const preparing = [...this.#preparing.values()].map(({ task }) => task)
    await Promise.allSettled([...preparing, ...this.#ending.values()])
  }

  // --- one pool ---------------------------------------------------------------------------------------------------------

  async #lookAt(pool: Pool): Promise<void> {
    const { clock, db } = this.#context
    const template = await this.#wanted(pool)
    const members = await membersOf(this.#context, pool)
    if (!template && members.length === 0) {
      if (clock.now() - pool.used_at > UNUSED_MS)
        await db
          .deleteFrom('machine_pools')
          .where('template', '=', pool.template)
          .where('project_id', '=', pool.project_id)
          .execute()
      return
    }
    const kept = await this.#kept(pool, members, template)
    const missing = (template?.size ?? 0) - kept.length
    // Who cannot be asked to end one need not be asked for another. After a failure one is tried, not all at once.
    const stuck = members.some(({ state, problem }) => state === 'ending' && problem !== null)
    const early = pool.retry_at !== null && pool.retry_at > clock.now()
    const now = stuck || early ? 0 : pool.failures > 0 ? 1 : missing
    if (template) for (let n = 0; n < Math.min(now, missing); n++) kept.push(await this.#write(pool, template.row))
    for (const member of kept) this.#tend(pool, member)
    this.#context.changes.machine(pool.template)
  }

  /** The settings, where machines are to wait for the project's workspaces. */
  async #wanted(pool: Pool): Promise<{ row: MachineRow; size: number } | undefined> {
    const { db, machines, clock } = this.#context
    const row = await machines.row(pool.template)
    const project = await db
      .selectFrom('projects')
      .select('removed_at')
      .where('id', '=', pool.project_id)
      .executeTakeFirst()
    if (row?.state !== 'template' || project?.removed_at !== null) return undefined
    if (!machines.kinds.some(({ kind }) => kind === row.kind) || clock.now() - pool.used_at > UNUSED_MS)
      return undefined
    const size = poolSizeOf(JSON.parse(row.settings) as Record<string, unknown>)
    return size === 0 ? undefined : { row, size }
  }

  /** Ends what is too old, of other settings, made of something else, or too many, and answers the others. */
  async #kept(
    pool: Pool,
    members: readonly MachineRow[],
    template: { row: MachineRow; size: number } | undefined,
  ): Promise<MachineRow[]> {
    const { machines, clock } = this.#context
    const madeOf = template && (await this.#madeOf(pool, template.row))
    const isGood = (member: MachineRow) =>
      template !== undefined &&
      isSameMachine(machines, template.row, member) &&
      clock.now() - member.created_at < OLDEST_MS &&
      (madeOf === undefined || member.made_of === null || member.made_of === madeOf)
    const live = members.filter(({ state }) => state !== 'ending' && state !== 'gone')
    const kept = live.filter(isGood).slice(0, template?.size ?? 0)
    for (const member of live) if (!kept.includes(member)) void this.end(member.id)
    return kept
  }

  /** Undefined where nobody can tell now. */
  async #madeOf(pool: Pool, row: MachineRow): Promise<string | undefined> {
    const { machines } = this.#context
    const spec = await specAhead(this.#context, row, pool.project_id)
    return machines
      .provider(row.kind)
      .madeOf?.(spec, machines.context(row.id))
      .catch(() => undefined)
  }

  /** Written down before it exists, so that it is known whatever dies. */
  async #write(pool: Pool, { kind, name, settings }: MachineRow): Promise<MachineRow> {
    const { machines, uuid } = this.#context
    const id = `${kind}:${shortId('p-', uuid())}`
    await machines.insert({
      ...{ id, kind, name, state: 'wanted', record: null, template: pool.template, pool_project: pool.project_id },
      settings: withoutPool(settings),
    })
    return (await machines.row(id)) as MachineRow
  }

  /** Goes on with one that is not ready, and looks whether one that is ready still answers. */
  #tend(pool: Pool, member: MachineRow): void {
    if (member.ready_at !== null) {
      if (this.#context.machines.link(member.id)?.state !== 'connected') void this.answers(member.id)
      return
    }
    if (this.#preparing.has(member.id) || this.#preparing.size >= AT_ONCE) return
    const stop = new AbortController()
    const task = this.#prepare(pool, member, stop.signal).finally(() => {
      this.#preparing.delete(member.id)
      this.wake()
    })
    this.#preparing.set(member.id, { task, stop })
  }

  async #prepare(pool: Pool, member: MachineRow, stop: AbortSignal): Promise<void> {
    const { db, signal } = this.#context
    const of = (query: { template: string; project_id: string }) =>
      db.updateTable('machine_pools').where('template', '=', query.template).where('project_id', '=', query.project_id)
    try {
      const until = AbortSignal.any([signal, stop])
      await prepareMachine({ ...this.#context, signal: until }, member, pool.project_id)
      const ready = await db
        .updateTable('machines')
        .set({ ready_at: this.#context.clock.now() })
        .where('id', '=', member.id)
        .where('state', '=', 'known')
        .returning('id')
        .executeTakeFirst()
      if (ready) await of(pool).set({ failures: 0, retry_at: null, problem: null }).execute()
      else await this.#destroy(member.id)
    } catch (error) {
      if (signal.aborted) return
      // One that nobody wants any more has not failed.
      if (!stop.aborted) await this.#failed(pool, SkeinError.from(error, `making a machine of ${pool.template}`))
      await this.#destroy(member.id)
    }
  }

  /** Several that fail at once are one failure. */
  async #failed(pool: Pool, failure: SkeinError): Promise<void> {
    const { db, clock, changes, log } = this.#context
    const stop = /[.?!]$/.test(failure.message) ? '' : '.'
    const problem = failure.next === undefined ? failure.message : `${failure.message}${stop} ${failure.next}`
    const before = await db.transaction().execute(async (tx) => {
      const known = await tx
        .selectFrom('machine_pools')
        .selectAll()
        .where('template', '=', pool.template)
        .where('project_id', '=', pool.project_id)
        .executeTakeFirst()
      if (!known || (known.retry_at ?? 0) > clock.now()) return undefined
      const pause = Math.min(RETRY_MS.first * 2 ** known.failures, RETRY_MS.last)
      await tx
        .updateTable('machine_pools')
        .set({ failures: known.failures + 1, retry_at: clock.now() + pause, problem })
        .where('template', '=', pool.template)
        .where('project_id', '=', pool.project_id)
        .execute()
      clock.after(pause, () => this.wake())
      return known
    })
    log('warn', 'a machine could not be made ahead', { template: pool.template, error: problem })
    if (before && before.problem !== problem)
      changes.notice('warning', `A machine of ${pool.template} could not be made ahead`, problem)
  }

  // --- one machine ------------------------------------------------------------------------------------------------------

  /** Whether a machine answers soon. One that is there no more is ended; one that is out of reach stays. */
  async answers(machineId: string): Promise<boolean> {
    const { machines, clock } = this.#context
    const late = Promise.withResolvers<never>()
    const timer = clock.after(ANSWER_MS, () =>
      late.reject(new SkeinError('unavailable', `${machineId} does not answer`)),
    )
    try {
      await Promise.race([machines.runner(machineId), late.promise])
      return true
    } catch (error) {
      if (!this.#context.signal.aborted && !mayPass(error)) void this.end(machineId)
      return false
    } finally {
      timer[Symbol.dispose]()
    }
  }

  /** Ends a machine that waits. Resolves when it is gone, or could not be ended now: then that is told with it, and tried again. */
  end(machineId: string): Promise<void> {
    const running = this.#ending.get(machineId)
    if (running) return running
    const task = this.#endNow(machineId).finally(() => this.#ending.delete(machineId))
    this.#ending.set(machineId, task)
    return task
  }

  async #endNow(machineId: string): Promise<void> {
    const preparing = this.#preparing.get(machineId)
    if (!preparing) return this.#destroy(machineId)
    if (await this.#toEnd(machineId)) preparing.stop.abort()
  }

  async #destroy(machineId: string): Promise<void> {
    const { machines, log, signal } = this.#context
    try {
      const row = await this.#toEnd(machineId)
      if (!row) return
      // Of one that nobody was asked for, there is nothing.
      if (Number(row.begun) === 1) await machines.destroy(machineId)
      await machines.forget(machineId)
      this.wake()
    } catch (error) {
      if (!signal.aborted) log('warn', 'a machine of a pool could not be ended', { machineId, error: String(error) })
    }
  }

  /** Written down before; not of one that a workspace was given meanwhile. */
  #toEnd(machineId: string): Promise<Pick<MachineRow, 'begun'> | undefined> {
    return this.#context.db
      .updateTable('machines')
      .set({ state: 'ending' })
      .where('id', '=', machineId)
      .where('pool_project', 'is not', null)
      .returning('begun')
      .executeTakeFirst()
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof SkeinError && (error.code === 'unavailable' || error.code === 'cancelled')
}
