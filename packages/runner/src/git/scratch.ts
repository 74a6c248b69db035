import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'

const TTL = 15 * 60_000

/** Folders that are needed for a while: they go fifteen minutes after their last use, whoever made them. */
export class Scratch {
  readonly #dir: string
  readonly #now: () => number
  readonly #inUse = new Set<string>()
  #swept = 0

  constructor(dir: string, now: () => number) {
    this.#dir = dir
    this.#now = now
  }

  path(name: string): string {
    return join(this.#dir, name)
  }

  /** Whether the folder is still there; if so it stays for another while. */
  async keep(name: string): Promise<boolean> {
    const now = new Date(this.#now())
    return utimes(this.path(name), now, now).then(
      () => true,
      () => false,
    )
  }

  async drop(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true })
  }

  /** Does something with a new folder that goes with it, unless it was renamed to a path that is to be kept. */
  async with<T>(work: (folder: string) => Promise<T>): Promise<T> {
    await this.#sweep()
    const name = randomUUID()
    const folder = this.path(name)
    this.#inUse.add(name)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
        throw SkeinError.from(error, `making a temporary folder in ${this.#dir}`)
      })
      return await work(folder)
    } finally {
      this.#inUse.delete(name)
      await this.drop(folder)
    }
  }

  async #sweep(): Promise<void> {
    const now = this.#now()
    if (now - this.#swept < 60_000) return
    this.#swept = now
    for (const name of await readdir(this.#dir).catch(() => [])) {
      if (this.#inUse.has(name)) continue
      const used = await stat(this.path(name)).catch(() => undefined)
      if (used !== undefined && now - used.mtimeMs > TTL) await this.drop(this.path(name))
    }
  }
}
