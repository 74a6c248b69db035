import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FlightProject, FlightScriptName } from './scripts.ts'

const KEPT = 100

/** A new name for the folder of a script's run: its log, and what a later process finds it by. */
export async function newRunFolder(home: string, name: FlightScriptName, project: FlightProject): Promise<string> {
  const logs = join(home, 'logs', 'flight')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-')
  const about = project.name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 60)
  return join(logs, `${time}-${name}-${about}-${randomBytes(3).toString('hex')}`)
}

/** Deletes the oldest logs but those that are still in use. */
export async function pruneLogs(home: string, inUse: readonly string[]): Promise<void> {
  const logs = join(home, 'logs', 'flight')
  const all = (await readdir(logs).catch(() => [])).sort().reverse()
  for (const name of all.slice(KEPT)) {
    const folder = join(logs, name)
    if (!inUse.includes(folder)) await rm(folder, { recursive: true, force: true })
  }
}

/** What a person sees of a script's lines as they come: all of them, unless there are more than anybody can read. */
export class LiveLines {
  readonly #show: (line: string) => void
  readonly #log: string
  #shown = 0
  #hidden = 0
  #second = 0

  constructor(show: (line: string) => void, log: string) {
    this.#show = show
    this.#log = log
  }

  push(line: string): void {
    if (line.trim() === '') return
    const second = Math.floor(Date.now() / 1000)
    if (second !== this.#second) {
      this.flush()
      this.#second = second
    }
    if (this.#shown >= MOST_A_SECOND) this.#hidden += 1
    else {
      this.#shown += 1
      this.#show(line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line)
    }
  }

  flush(): void {
    if (this.#hidden > 0) this.#show(`… ${this.#hidden} more lines, in ${this.#log}`)
    this.#shown = 0
    this.#hidden = 0
  }
}

const MOST_A_SECOND = 200
const LONGEST_SHOWN = 2000
