import { rmSync } from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunnerParams } from '@skein/protocol'
import * as z from 'zod'
import type { ManagedProcess } from '../processes/process.ts'
import type { RunningEpoch } from '../processes/running.ts'
import { readRecord, replaceFile } from '../system/durable.ts'
import { bootId } from '../system/processes.ts'

const TICK_MS = 250
const GRACE_MS = 5000
/** How long an interrupted process may take to come to rest. */
const INTERRUPT_MS = 10_000

const LeaseRecord = z.object({
  /** Milliseconds of uptime, which counts on while a machine is suspended. */
  expiresAt: z.number(),
  hardMs: z.number(),
  onEnd: z.enum(['stop_agents', 'exit']),
  bootId: z.string(),
})

export interface LeaseActions {
  running(): ManagedProcess[]
  snapshot(path: string, ref: string): Promise<void>
  notice(severity: 'info' | 'warning', title: string): void
  /** Nothing runs any more, and the machine is to end with us. */
  exit(): void
  log(message: string): void
}

/**
 * The dead-man switch. When nobody renews it in time, what is idle is stopped; what is at work goes on until it is idle or its
 * hard limit comes, is interrupted then, and stopped. What a person may want back is snapshotted first.
 */
export class Lease implements Disposable {
  readonly #file: string
  readonly #actions: LeaseActions
  readonly #timer: NodeJS.Timeout
  readonly #ending = new Set<RunningEpoch>()
  #lease: z.infer<typeof LeaseRecord> | undefined
  #announced = false

  constructor(dir: string, actions: LeaseActions) {
    this.#file = join(dir, 'lease.json')
    this.#actions = actions
    const kept = readRecord(this.#file, LeaseRecord)
    if (kept?.bootId === bootId()) this.#lease = kept
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  renew({ ttlMs, hardMs, onEnd }: RunnerParams<'lease.renew'>): { expiresInMs: number } {
    this.#lease = { expiresAt: uptime() * 1000 + ttlMs, hardMs, onEnd, bootId: bootId() }
    this.#announced = false
    replaceFile(this.#file, JSON.stringify(this.#lease))
    return { expiresInMs: ttlMs }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const lease = this.#lease
    const over = lease ? uptime() * 1000 - lease.expiresAt : -1
    if (!lease || over < 0) return
    const running = this.#actions.running()
    if (!this.#announced) {
      this.#announced = true
      this.#actions.notice('warning', 'The lease ran out: idle processes are stopped, the others may finish.')
    }
    for (const process of running) {
      const epoch = process.running
      if (!epoch || this.#ending.has(epoch)) continue
      const hard = over >= lease.hardMs
      if (!hard && isBusy(epoch)) continue
      this.#ending.add(epoch)
      void this.#end(process, epoch, hard).catch((error) => {
        this.#actions.log(`ending ${process.id} with its lease: ${String(error)}`)
        this.#ending.delete(epoch)
      })
    }
    if (running.length > 0) return
    this.#lease = undefined
    this.#ending.clear()
    rmSync(this.#file, { force: true })
    if (lease.onEnd === 'exit') this.#actions.exit()
  }

  async #end(process: ManagedProcess, epoch: RunningEpoch, hard: boolean): Promise<void> {
    const { interruptLine, snapshotOnExpiry = [] } = epoch.spec
    if (hard && interruptLine !== undefined && epoch.inbox && isBusy(epoch)) {
      epoch.inbox.add(Buffer.from(`${interruptLine}\n`))
      const deadline = Date.now() + INTERRUPT_MS
      while (isBusy(epoch) && process.running === epoch && Date.now() < deadline) await sleep(50)
    }
    for (const { path, ref } of snapshotOnExpiry) {
      await this.#actions.snapshot(path, ref).catch((error) => {
        this.#actions.log(`keeping a snapshot of ${path}: ${String(error)}`)
      })
    }
    if (process.running === epoch) await process.stop(GRACE_MS, 'lease')
  }
}

/** What cannot be told is taken to be at work. */
function isBusy(epoch: RunningEpoch): boolean {
  return (epoch.busy ?? true) || (epoch.inbox?.pending.length ?? 0) > 0
}
