import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { kindAt, realPlaceOf } from './linked-work-tree.ts'
import { gitDirOf } from './repository.ts'

/**
 * Which git folder each work tree of ours belongs to. Its `.git` file lies where an agent writes; were it followed blindly, a
 * changed one would make git read settings, and run filters, of the agent's choosing, or work in a repository further up.
 */
export class WorkTreeRecords {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  async remember(path: string, gitDir: string): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    await writeFile(this.#file(path), gitDir)
  }

  async forget(path: string): Promise<void> {
    await rm(this.#file(path), { force: true })
  }

  /** Throws `conflict` when a work tree of ours points elsewhere by now. Paths that are not ours pass. */
  async check(path: string): Promise<void> {
    const place = await realPlaceOf(path)
    const recorded = await readFile(this.#file(place), 'utf8').catch(() => undefined)
    const pointed = recorded === undefined ? undefined : await gitDirOf(place)
    // Without its folder there is nothing to be misled by; git says that it is missing.
    if (pointed === recorded || (pointed === undefined && (await kindAt(place)) === 'none')) return
    throw new SkeinError('conflict', `${place}/.git does not point at the workspace's repository any more`, {
      next: `Put it back: echo 'gitdir: ${recorded}' > '${place}/.git'`,
    })
  }

  #file(path: string): string {
    return join(this.#dir, createHash('sha256').update(path).digest('hex'))
  }
}
