import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'

const ABANDONED_AFTER_MS = 60 * 60 * 1000

/** Bytes that events refer to (images, large outputs), kept once each in files named by their SHA-256: `<home>/blobs/ab/<sha256>`. */
export class Blobs {
  readonly #folder: string
  readonly #incoming: string
  #swept: Promise<void> | undefined

  constructor(home: string) {
    this.#folder = join(home, 'blobs')
    this.#incoming = join(this.#folder, 'incoming')
  }

  /** Keeps the bytes (a string is base64). On the disk when it resolves; the same bytes twice are one file. */
  async put(content: Buffer | string): Promise<{ sha256: string; bytes: number }> {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'base64') : content
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    try {
      if (!(await this.has(sha256))) await this.#keep(sha256, bytes)
    } catch (error) {
      throw SkeinError.from(error, `Keeping ${bytes.length} bytes in ${this.#folder}`)
    }
    return { sha256, bytes: bytes.length }
  }

  /** Throws `not_found` where there is no such blob, and `conflict` where its file is damaged. */
  async get(sha256: string): Promise<Buffer> {
    const file = this.#path(sha256)
    const bytes = await readFile(file).catch((error: unknown) => {
      if (isMissing(error)) throw new SkeinError('not_found', `There is no blob ${sha256}`)
      throw SkeinError.from(error, `Reading ${file}`)
    })
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new SkeinError('conflict', `Reading ${file}: the file is damaged`, {
        next: 'Restore it from a backup, or remove it; only what referred to it is lost.',
      })
    return bytes
  }

  async has(sha256: string): Promise<boolean> {
    return access(this.#path(sha256), constants.R_OK).then(
      () => true,
      () => false,
    )
  }

  // A file gets its name only when it is whole and on the disk, so a name that is there can be trusted.
  async #keep(sha256: string, bytes: Buffer): Promise<void> {
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 })
    this.#swept ??= this.#sweep()
    await this.#swept
    const incoming = join(this.#incoming, randomUUID())
    const folder = join(this.#folder, sha256.slice(0, 2))
    try {
      const file = await open(incoming, 'wx', 0o600)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await rename(incoming, this.#path(sha256))
    } catch (error) {
      await rm(incoming, { force: true })
      throw error
    }
    await syncFolder(folder)
    await syncFolder(this.#folder)
  }

  /** Removes what a process that was killed left half-written. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#incoming)) {
      const file = join(this.#incoming, name)
      const modified = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => Number.POSITIVE_INFINITY,
      )
      if (modified < Date.now() - ABANDONED_AFTER_MS) await rm(file, { force: true })
    }
  }

  #path(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new SkeinError('invalid', `"${sha256.slice(0, 80)}" is not a SHA-256`)
    return join(this.#folder, sha256.slice(0, 2), sha256)
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
