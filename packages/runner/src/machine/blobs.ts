import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { makePrivateFolder, syncFolder } from '../system/durable.ts'

const LARGEST_LINE = 64 * 1024 * 1024
const KEPT_MS = 14 * 24 * 3600 * 1000

/** Content that is too large for a frame: comes in parts, lies under its hash. */
export class Blobs {
  readonly #folder: string
  /** The last part that is being taken, by blob: two who bring the same would take each other's file away. */
  readonly #taking = new Map<string, Promise<unknown>>()

  constructor(dir: string) {
    this.#folder = join(dir, 'blobs')
    makePrivateFolder(this.#folder)
  }

  /** Takes one part. `have` says from where to go on; a part that does not belong there is not taken. */
  async put(params: RunnerParams<'blob.put'>): Promise<RunnerResult<'blob.put'>> {
    const { sha256 } = params
    const before = this.#taking.get(sha256)
    const taken = (before ?? Promise.resolve()).catch(() => undefined).then(() => this.#take(params))
    this.#taking.set(sha256, taken)
    try {
      return await taken
    } finally {
      if (this.#taking.get(sha256) === taken) this.#taking.delete(sha256)
    }
  }

  async #take({ sha256, offset, base64, done }: RunnerParams<'blob.put'>): Promise<RunnerResult<'blob.put'>> {
    const path = join(this.#folder, sha256)
    const whole = await sizeOf(path)
    if (whole !== undefined) {
      // In use again: keep it.
      await utimes(path, new Date(), new Date())
      return { path, have: whole }
    }
    const part = `${path}.part`
    const bytes = Buffer.from(base64, 'base64')
    const have = (await sizeOf(part)) ?? 0
    if (offset > have) return { have }
    const file = await open(part, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      await file.write(bytes, 0, bytes.length, offset)
      if (done) {
        // An earlier attempt may have left more.
        await file.truncate(offset + bytes.length)
        await file.datasync()
      }
    } finally {
      await file.close()
    }
    const size = (await sizeOf(part)) ?? 0
    if (!done) return { have: size }
    await this.#finish(part, path, sha256)
    return { path, have: size }
  }

  /** The content of a blob, named by its hash or by the path that `put` answered. */
  async read(blob: string): Promise<Buffer> {
    const path = blob.includes('/') ? resolve(blob) : join(this.#folder, blob)
    if (dirname(path) !== this.#folder)
      throw new SkeinError('invalid', `reading blob ${blob}: it lies outside of ${this.#folder}`)
    const size = await sizeOf(path)
    if (size === undefined)
      throw new SkeinError('not_found', `there is no blob ${blob}`, { next: 'Put it first, all parts of it.' })
    if (size > LARGEST_LINE)
      throw new SkeinError('invalid', `blob ${blob}: ${size} bytes are over the limit of ${LARGEST_LINE} for a line`)
    return await readFile(path)
  }

  /** Removes what nobody put or used for two weeks. */
  async removeOld(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name)
      const found = await stat(path).catch(() => undefined)
      if (found && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { force: true })
    }
  }

  async #finish(part: string, path: string, sha256: string): Promise<void> {
    const hash = createHash('sha256')
    for await (const bytes of createReadStream(part)) hash.update(bytes as Buffer)
    const actual = hash.digest('hex')
    if (actual !== sha256) {
      await rm(part, { force: true })
      throw new SkeinError('invalid', `putting blob ${sha256}: what arrived has the hash ${actual}`, {
        next: 'Put it again from the start.',
      })
    }
    await rename(part, path)
    await syncFolder(this.#folder)
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch {
    return undefined
  }
}
