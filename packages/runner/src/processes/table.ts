import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ProcessResources, type ProcessSpec, type ProcessStatus, SkeinError } from '@skein/protocol'
import { makePrivateFolder } from '../system/durable.ts'
import { membersOf } from '../system/family.ts'
import { allProcesses, residentBytes, type SystemProcess } from '../system/processes.ts'
import { ManagedProcess } from './process.ts'
import type { RunningEpoch } from './running.ts'

/** How often it is looked whether something ended unnoticed. */
const TICK_MS = 250
const SYNC_MS = 1000

/** All processes of one state folder. Making it adopts what lives; disposing of it lets go, and ends nothing. */
export class ProcessTable implements AsyncDisposable {
  readonly #folder: string
  readonly #log: (message: string) => void
  readonly #processes = new Map<string, ManagedProcess>()
  readonly #timers: NodeJS.Timeout[]

  constructor(dir: string, log: (message: string) => void) {
    this.#folder = join(dir, 's')
    this.#log = log
    makePrivateFolder(this.#folder)
    for (const id of readdirSync(this.#folder))
      this.#processes.set(id, new ManagedProcess(id, join(this.#folder, id), log))
    this.#timers = [
      setInterval(() => this.#each((running) => running.tick()), TICK_MS),
      setInterval(() => this.#each((running) => running.sync()), SYNC_MS),
    ]
  }

  get all(): ManagedProcess[] {
    return [...this.#processes.values()].filter((process) => process.epochs.length > 0)
  }

  get running(): ManagedProcess[] {
    return this.all.filter((process) => process.running)
  }

  find(id: string): ManagedProcess | undefined {
    const process = this.#processes.get(id)
    return process && process.epochs.length > 0 ? process : undefined
  }

  get(id: string): ManagedProcess {
    const process = this.find(id)
    if (!process) {
      throw new SkeinError('not_found', `there is no process ${id} on this machine`, {
        next: 'It was never started here, or its records were removed.',
      })
    }
    return process
  }

  async start(spec: ProcessSpec): Promise<ProcessStatus> {
    let process = this.#processes.get(spec.id)
    if (!process) {
      process = new ManagedProcess(spec.id, join(this.#folder, spec.id), this.#log)
      this.#processes.set(spec.id, process)
    }
    return await process.start(spec)
  }

  async forget(id: string): Promise<void> {
    const process = this.#processes.get(id)
    if (!process) return
    await process.forget()
    this.#processes.delete(id)
  }

  resources(ids?: string[]): ProcessResources[] {
    const table = allProcesses()
    return [...this.membersById(ids, table)].map(([id, members]) => ({
      id,
      rssBytes: members.reduce((sum, one) => sum + residentBytes(one.pid), 0),
      cpuMs: members.reduce((sum, one) => sum + one.cpuMs, 0),
      processes: members.length,
    }))
  }

  /** Who belongs to each running process. */
  membersById(ids: string[] | undefined, table = allProcesses()): Map<string, SystemProcess[]> {
    const members = new Map<string, SystemProcess[]>()
    for (const { id, running } of this.running) {
      if (running && (ids === undefined || ids.includes(id))) members.set(id, membersOf(running.family, table))
    }
    return members
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all([...this.#processes.values()].map((process) => process.close()))
  }

  #each(act: (running: RunningEpoch) => void): void {
    for (const { running } of this.#processes.values()) if (running) act(running)
  }
}
