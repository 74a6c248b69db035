import { type FSWatcher, readdirSync, rmSync, statSync, watch } from 'node:fs'
import { constants, uptime } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessExit, SkeinError } from '@skein/protocol'
import { readRecord, replaceFile, writeDurably } from '../system/durable.ts'
import { endFamily, type Family, membersOf, signalGroup, terminate } from '../system/family.ts'
import { bootId, isAlive, type ProcessIdentity } from '../system/processes.ts'
import { attemptedLine, Delivery, type TornInput } from './delivery.ts'
import { Inbox } from './inbox.ts'
import { tailOf } from './journal.ts'
import { JournalWatch } from './journal-watch.ts'
import { familyVariable } from './launch.ts'
import { killWriter } from './line-writer.ts'
import { type EndRecord, LIVING_FILES, type ProcessPaths, type SpecRecord, StoppingRecord } from './records.ts'
import { readSlot } from './slot.ts'
import { STARTER_NAME } from './wrapper.ts'

/** What a process left running behind gets before it is killed. */
const LEFTOVER_GRACE_MS = 1000
const STDERR_TAIL = 4096
const TORN_PAUSE_MS = 250

export interface RunningOptions {
  spec: SpecRecord
  identity: ProcessIdentity
  paths: ProcessPaths
  /** There may be more in the journal. */
  onOutput(): void
  /** null: it turned out that it never started. */
  onEnd(end: EndRecord | null): void
  log(message: string): void
}

/** One epoch of a process that lives, as far as anybody knows; started by us or by a runner before us, which makes no difference. */
export class RunningEpoch {
  readonly spec: SpecRecord
  readonly inbox: Inbox | undefined
  readonly #options: RunningOptions
  readonly #paths: ProcessPaths
  readonly #identity: ProcessIdentity
  readonly #family: Family
  readonly #journal: JournalWatch
  readonly #delivery: Delivery | undefined
  readonly #watcher: FSWatcher | undefined
  readonly #ended: Promise<void>
  #announceEnd: () => void = () => {}
  #checking = false
  #closed = false
  #stopping: Promise<void> | undefined

  constructor(options: RunningOptions) {
    const { spec, identity, paths } = options
    this.#options = options
    this.#ended = new Promise((resolve) => {
      this.#announceEnd = resolve
    })
    this.spec = spec
    this.#paths = paths
    this.#identity = identity
    this.#family = {
      leader: identity,
      seenAt: isAlive(identity) ? Date.now() : 0,
      variable: familyVariable(paths.dir, spec.epoch),
      // A script may leave a service behind on purpose; an agent's leftovers are orphans.
      strays: spec.strays ?? spec.kind === 'lines',
    }
    this.#journal = new JournalWatch(paths.journal(spec.epoch), spec, (error) =>
      options.log(`syncing the journal of ${spec.id}: ${String(error)}`),
    )
    if (spec.kind === 'lines') {
      this.inbox = new Inbox(paths, spec, attemptedLine(paths, spec.epoch))
      this.#delivery = new Delivery(
        this.inbox,
        paths,
        spec,
        (torn) => void this.#onTorn(torn).catch((error) => options.log(String(error))),
        (error) => options.log(`giving input to ${spec.id}: ${String(error)}`),
      )
    }
    this.#watcher = this.#watch()
    const begun = readRecord(paths.stopping(spec.epoch), StoppingRecord)
    // What a runner before us began to stop is stopped.
    if (begun) void this.stop(begun.reason, 5000, begun.message).catch((error) => options.log(String(error)))
  }

  get epoch(): number {
    return this.spec.epoch
  }

  get pid(): number | undefined {
    const pid = readSlot(this.#paths.pid(this.epoch))
    return pid === undefined ? undefined : Number(pid)
  }

  get size(): number {
    return this.#journal.size
  }

  get busy(): boolean | undefined {
    return this.#journal.busy
  }

  get family(): Family {
    return this.#family
  }

  /** Resolves when nothing of it lives and its end is written down; or when we let go of it. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /** The safety net under the file watcher, and the clock of its time limit. */
  tick(): void {
    this.#output()
    void this.check()
    const { timeoutMs, startedUptime } = this.spec
    if (timeoutMs !== undefined && (uptime() - startedUptime) * 1000 >= timeoutMs && !this.#stopping)
      void this.stop('timeout', 5000).catch((error) => this.#options.log(String(error)))
  }

  sync(): void {
    this.#journal.sync()
  }

  signal(signal: NodeJS.Signals): void {
    signalGroup(this.#family, signal)
  }

  /** TERM to the whole family, and KILL to whoever is left after the grace. Resolves when nobody is. */
  async stop(reason: StoppingRecord['reason'], graceMs: number, message?: string): Promise<void> {
    // A second caller may be in more of a hurry than the first.
    if (this.#stopping) await Promise.all([this.#stopping, endFamily(this.#family, graceMs)])
    this.#stopping ??= this.#stop({ reason, ...(message === undefined ? {} : { message }) }, graceMs)
    await this.#stopping
  }

  /** Lets go of it: it runs on, for our successor to find. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#watcher?.close()
    await this.inbox?.settled()
    await this.#delivery?.close()
    await this.#journal.close()
    this.#announceEnd()
  }

  /** Looks whether it ended. */
  async check(): Promise<void> {
    if (this.#checking || this.#closed) return
    this.#checking = true
    try {
      if (!this.#mayBeOver()) return
      await this.#finish()
    } catch (error) {
      this.#options.log(`looking after ${this.spec.id}: ${String(error)}`)
    } finally {
      this.#checking = false
    }
  }

  /**
   * Over is what has recorded its exit; or what lost its wrapper and has no member left. Where only the wrapper was killed, the
   * agent still works and its output still reaches the journal, so it counts as running.
   */
  #mayBeOver(): boolean {
    if (this.#exitStatus() !== undefined) return true
    if (isAlive(this.#identity)) {
      this.#family.seenAt = Date.now()
      return false
    }
    if (this.#exitStatus() !== undefined) return true
    const members = membersOf(this.#family)
    const { pid } = this
    // Of an agent that is gone itself, only helpers are left (a sandbox's proxies), which would stay for ever.
    const orphaned = this.spec.kind === 'lines' && pid !== undefined && !members.some((one) => one.pid === pid)
    return members.length === 0 || orphaned
  }

  /** A writer dies with its reader as well; that the process has ended is the better reason then, and known in a moment. */
  async #onTorn(torn: TornInput): Promise<void> {
    await sleep(TORN_PAUSE_MS)
    if (!this.#closed && !this.#mayBeOver()) await this.stop('torn_input', 0, torn.message)
  }

  async #stop(record: StoppingRecord, graceMs: number): Promise<void> {
    try {
      // Written first, so that a wrapper that dies with its agent is known to have died by our hand.
      replaceFile(this.#paths.stopping(this.epoch), JSON.stringify(record))
    } catch (error) {
      this.#options.log(`recording why ${this.spec.id} is stopped: ${String(error)}`)
    }
    if (graceMs > 0) terminate(this.#family)
    await endFamily(this.#family, graceMs)
    await this.check()
    await this.#ended
  }

  async #finish(): Promise<void> {
    await this.#endLeftovers()
    // In this order: a delivery that goes on would start the next writer, which would wait for a reader for ever.
    await this.#delivery?.close()
    killWriter(this.#paths, this.epoch)
    const status = this.#exitStatus()
    const neverStarted = status === undefined && this.pid === undefined && this.#identity.bootId === bootId()
    const end: EndRecord | null = neverStarted ? null : this.#endRecord(status)
    const kept = end === null || (await this.#keep(end))
    await this.close()
    if (kept) removeLivingFiles(this.#paths, this.epoch)
    this.#options.onEnd(end)
  }

  async #endLeftovers(): Promise<void> {
    if (membersOf(this.#family).some((one) => one.pid !== this.#identity.pid)) terminate(this.#family)
    await endFamily(this.#family, LEFTOVER_GRACE_MS)
  }

  /** On a full disk a successor works it out again, from the same files. */
  async #keep(end: EndRecord): Promise<boolean> {
    try {
      await writeDurably(this.#paths.exit(this.epoch), JSON.stringify(end))
      return true
    } catch (error) {
      this.#options.log(`recording the end of ${this.spec.id}: ${String(error)}`)
      return false
    }
  }

  #endRecord(status: number | undefined): EndRecord {
    const { epoch, kind, startedAt } = this.spec
    return { epoch, kind, startedAt, size: this.#journal.size, exit: this.#exit(status) }
  }

  #exit(status: number | undefined): ProcessExit {
    const stderr = this.spec.kind === 'lines' ? tailOf(this.#paths.errors(this.epoch), STDERR_TAIL) : ''
    const tail = stderr === '' ? {} : { stderrTail: stderr }
    const stopping = readRecord(this.#paths.stopping(this.epoch), StoppingRecord)
    if (status === undefined) {
      const lost =
        this.#identity.bootId === bootId() ? 'it was killed together with its wrapper' : 'the machine was restarted'
      return {
        code: null,
        ...(stopping ? { signal: 'SIGKILL' } : {}),
        reason: stopping?.reason ?? 'lost',
        message: stopping ? (stopping.message ?? 'it did not end in the time it was given') : lost,
        at: Date.now(),
        ...tail,
      }
    }
    const at = statSync(this.#paths.status(this.epoch)).mtimeMs
    const complaint = this.#startFailure(status, stderr)
    if (complaint) return { code: status, reason: 'start_failed', message: complaint, at, ...tail }
    const message = stopping?.message === undefined ? {} : { message: stopping.message }
    return { ...codeOrSignal(status), reason: stopping?.reason ?? 'exited', ...message, at, ...tail }
  }

  /** What the shell says in the program's place, when the kernel did not take the program. */
  #startFailure(status: number, stderr: string): string | undefined {
    if (this.pid === undefined)
      return `starting ${this.spec.argv[0]}: its journal could not be opened (status ${status})`
    if (status !== 126 && status !== 127) return undefined
    const said = this.spec.kind === 'lines' ? stderr : tailOf(this.#paths.journal(this.epoch), STDERR_TAIL)
    return said.startsWith(`${STARTER_NAME}:`) ? `starting ${this.spec.argv[0]}: ${said.trim()}` : undefined
  }

  #exitStatus(): number | undefined {
    const status = readSlot(this.#paths.status(this.epoch))
    return status === undefined ? undefined : Number(status)
  }

  #output(): void {
    if (!this.#closed && this.#journal.advance()) this.#options.onOutput()
  }

  #watch(): FSWatcher | undefined {
    const journal = `out.${this.epoch}.ndjson`
    const status = `status.${this.epoch}`
    try {
      const watcher = watch(this.#paths.dir, { persistent: false }, (_event, name) => {
        if (name === journal) this.#output()
        else if (name === status) void this.check()
      })
      watcher.on('error', () => watcher.close())
      return watcher
    } catch (error) {
      this.#options.log(`watching ${this.#paths.dir}: ${String(error)}; polling instead`)
      return undefined
    }
  }
}

function codeOrSignal(status: number): { code: number | null; signal?: string } {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0]
  return signal === undefined ? { code: status } : { code: null, signal }
}

export function removeLivingFiles(paths: ProcessPaths, epoch: number): void {
  for (const name of LIVING_FILES) rmSync(paths[name](epoch), { force: true })
  for (const name of readdirSync(paths.dir)) {
    if (/^own\.\d+\.line$/.test(name)) rmSync(join(paths.dir, name), { force: true })
  }
}

/** For a caller that must not go on before it is clear whether an epoch runs. */
export async function settledStart(running: RunningEpoch, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + 10_000
  let over = false
  void running.ended.then(() => {
    over = true
  })
  while (!over && running.pid === undefined) {
    if (Date.now() > deadline || signal.aborted)
      throw new SkeinError('timed_out', `starting ${running.spec.id}: its wrapper does not tell that it started`, {
        next: 'The machine may be overloaded; ask again with the same epoch.',
      })
    await sleep(2)
    await running.check()
  }
}
