import { randomUUID } from 'node:crypto'
import { readdir, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { discard, sweepAbandoned } from './abandoned.ts'
import type { GitContext } from './context.ts'
import { git } from './git.ts'
import { type LinkedWorkTree, linkedWorkTreeAt, pointAt } from './linked-work-tree.ts'
import { done, makerName } from './maker.ts'
import { addWorkTree, fillWorkTree, hasSettings, headOf, type Making, makeContainer, settingsOf } from './making.ts'
import type { Repository } from './repository.ts'

const READY = 'ready-'
const POOL_MAKING = 'making-'

/**
 * Takes a work tree out of the pool and points it at a commit. The claim is one rename, so no two get the same. One that is
 * stale, dirty or broken is discarded and the next one is tried; undefined when none is left.
 */
export async function claimFromPool(
  context: GitContext,
  repository: Repository,
  { pool, folder, commit, signal }: { pool: string; folder: string; commit: string; signal?: AbortSignal | undefined },
): Promise<Making | undefined> {
  const names = (await readdir(pool).catch(() => [])).filter((name) => name.startsWith(READY))
  if (names.length === 0) return undefined
  const settings = await settingsOf(repository, signal)
  for (const name of names) {
    const container = join(folder, makerName('.skein-making-'))
    if (!(await renamed(join(pool, name), container))) {
      done(basename(container))
      continue
    }
    const making = await pointed(repository, container, { settings, commit, signal })
    if (making !== undefined) return making
    await discard(context, repository.commonDir, container)
  }
  return undefined
}

/** False where another was quicker, or where the pool lies on another disk. */
async function renamed(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    () => false,
  )
}

async function pointed(
  repository: Repository,
  container: string,
  { settings, commit, signal }: { settings: string; commit: string; signal?: AbortSignal | undefined },
): Promise<Making | undefined> {
  const tree = await treeIn(repository, container)
  if (tree === undefined || !(await hasSettings(container, settings))) return undefined
  await pointAt(tree.gitDir, tree.path)
  try {
    const [head] = await Promise.all([headOf(tree.path, signal), expectClean(tree.path, signal)])
    if (head !== commit) await repoint(tree.path, { from: head, to: commit, signal })
    return { container, tree }
  } catch (error) {
    if (signal?.aborted) throw error
    return undefined
  }
}

async function treeIn({ commonDir }: Repository, container: string): Promise<LinkedWorkTree | undefined> {
  const items = await readdir(container, { withFileTypes: true }).catch(() => [])
  const folder = items.find((item) => item.isDirectory())
  return folder && linkedWorkTreeAt(commonDir, join(container, folder.name))
}

async function isCurrent(
  repository: Repository,
  container: string,
  { base, settings }: { base: string; settings: string },
): Promise<boolean> {
  const tree = await treeIn(repository, container)
  if (tree === undefined || !(await hasSettings(container, settings))) return false
  return headOf(tree.path).then(
    (head) => head === base,
    () => false,
  )
}

async function expectClean(path: string, signal?: AbortSignal): Promise<void> {
  const { stdout } = await git(
    ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', '--ignored', '--ignore-submodules=none'],
    { doing: `checking the pooled work tree ${path}`, at: path, signal },
  )
  if (stdout.length > 0) throw new Error('not clean')
}

/** Touches only the files that differ. */
async function repoint(
  path: string,
  { from, to, signal }: { from: string; to: string; signal?: AbortSignal | undefined },
): Promise<void> {
  const doing = `pointing the pooled work tree ${path} at ${to}`
  await git(['read-tree', '-m', '-u', from, to], { doing, at: path, writes: true, signal })
  await git(['update-ref', '--no-deref', 'HEAD', to, from], { doing, at: path, writes: true, signal })
}

interface Wanted {
  repository: Repository
  base: string
  size: number
}

/** Keeps pools at their size, one work tree after the other, behind everything else. */
export class Pools implements AsyncDisposable {
  readonly #context: GitContext
  readonly #wanted = new Map<string, Wanted>()
  readonly #ending = new AbortController()
  #work: Promise<void> | undefined

  constructor(context: GitContext) {
    this.#context = context
  }

  /** Sets what a pool is to hold; the work goes on behind. */
  async fill(pool: string, wanted: Wanted): Promise<{ ready: number; making: number }> {
    this.#wanted.set(pool, wanted)
    this.#work ??= this.#run()
    return this.status(pool)
  }

  async status(pool: string): Promise<{ ready: number; making: number }> {
    const ready = (await this.#ready(pool)).length
    const wanted = this.#wanted.get(pool)
    return { ready, making: wanted === undefined ? 0 : Math.max(0, wanted.size - ready) }
  }

  /** Ends the filling; what is half made goes with the next one. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#wanted.clear()
    this.#ending.abort()
    await this.#work
  }

  async #run(): Promise<void> {
    for (;;) {
      const [next] = this.#wanted
      if (next === undefined) break
      const [pool, wanted] = next
      try {
        await this.#bringToSize(pool, wanted)
      } catch {
        // A pool is a convenience: without it, work trees are made when they are asked for, and that says what is wrong.
      }
      if (this.#wanted.get(pool) === wanted) this.#wanted.delete(pool)
    }
    this.#work = undefined
  }

  async #bringToSize(pool: string, wanted: Wanted): Promise<void> {
    const { repository, base, size } = wanted
    await this.#context.trash.sweep(pool)
    for (const { container } of await sweepAbandoned(this.#context, repository.commonDir, pool, POOL_MAKING)) {
      await discard(this.#context, repository.commonDir, container)
    }
    const settings = await settingsOf(repository, this.#ending.signal)
    for (const name of (await this.#ready(pool)).slice(size)) await this.#remove(pool, name, repository)
    for (const name of await this.#ready(pool)) await this.#refresh(pool, name, { repository, base, settings })
    while (this.#wanted.get(pool) === wanted && (await this.#ready(pool)).length < size) {
      await this.#makeOne(pool, repository, base)
    }
  }

  async #makeOne(pool: string, repository: Repository, base: string): Promise<void> {
    const container = await makeContainer(pool, POOL_MAKING)
    const signal = this.#ending.signal
    try {
      const name = 'skein-pool'
      const { tree } = await addWorkTree(this.#context, repository, container, { name, commit: base, signal })
      await fillWorkTree(tree, base, signal)
      await this.#putReady(pool, { container, tree })
    } catch (error) {
      await discard(this.#context, repository.commonDir, container)
      throw error
    }
  }

  /** Points one that waits at another commit at the wanted one, so that the next claim is quick. */
  async #refresh(
    pool: string,
    name: string,
    { repository, base, settings }: { repository: Repository; base: string; settings: string },
  ): Promise<void> {
    if (await isCurrent(repository, join(pool, name), { base, settings })) return
    const container = join(pool, makerName(POOL_MAKING))
    if (!(await renamed(join(pool, name), container))) return done(basename(container))
    const signal = this.#ending.signal
    const making = await pointed(repository, container, { settings, commit: base, signal }).catch(() => undefined)
    if (making === undefined) await discard(this.#context, repository.commonDir, container)
    else await this.#putReady(pool, making)
  }

  async #remove(pool: string, name: string, repository: Repository): Promise<void> {
    const container = join(pool, makerName(POOL_MAKING))
    if (await renamed(join(pool, name), container)) await discard(this.#context, repository.commonDir, container)
    else done(basename(container))
  }

  async #putReady(pool: string, { container, tree }: Making): Promise<void> {
    const ready = join(pool, `${READY}${randomUUID()}`)
    await pointAt(tree.gitDir, join(ready, basename(tree.path)))
    await rename(container, ready)
    done(basename(container))
  }

  async #ready(pool: string): Promise<string[]> {
    return (await readdir(pool).catch(() => [])).filter((name) => name.startsWith(READY))
  }
}
