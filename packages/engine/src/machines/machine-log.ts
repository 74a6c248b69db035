import { createReadStream } from 'node:fs'
import { appendFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** What providers told while they made machines for workspaces, `<home>/logs/machines/<workspace id>.log`, without secrets. */
export class MachineLog {
  readonly #folder: string
  readonly #onLine: (workspaceId: string) => void
  #writing: Promise<void> = Promise.resolve()

  constructor(home: string, onLine: (workspaceId: string) => void) {
    this.#folder = join(home, 'logs', 'machines')
    this.#onLine = onLine
  }

  /** `machineId` is `kind:<workspace id>`; what is told of other machines is in the server's log. */
  add(machineId: string, line: string): void {
    const workspaceId = /^[a-z0-9-]+:(w-[a-z0-9]+)$/.exec(machineId)?.[1]
    if (workspaceId === undefined) return
    this.#writing = this.#writing
      .then(async () => {
        await mkdir(this.#folder, { recursive: true, mode: 0o700 })
        await appendFile(this.#path(workspaceId), `${line}\n`, { mode: 0o600 })
        this.#onLine(workspaceId)
      })
      // A disk that is full costs the log, not the machine.
      .catch(() => undefined)
  }

  /** From an offset (bytes) on, what is there now. */
  async *read(workspaceId: string, from: number): AsyncGenerator<Buffer> {
    await this.#writing
    const stream = createReadStream(this.#path(workspaceId), { start: from })
    try {
      for await (const part of stream) yield part as Buffer
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    } finally {
      stream.destroy()
    }
  }

  async forget(workspaceId: string): Promise<void> {
    await rm(this.#path(workspaceId), { force: true })
  }

  #path(workspaceId: string): string {
    return join(this.#folder, `${workspaceId}.log`)
  }
}
