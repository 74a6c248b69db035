import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunnerClient } from '@skein/protocol'
import { git, largeRepository, temporaryFolder, waitUntil } from '@skein/testkit'
import { type Benchmark, type Figure, median } from './figure.ts'
import { dropCaches, interleaved, timed, writeBack } from './interleave.ts'
import { startRunner } from './runner.ts'

const FILES = Number(process.env.BENCH_FILES ?? 50_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
/** Forget what was read before each measurement: how it is on the first use of a day. */
const COLD = process.env.BENCH_COLD === '1'
/** How many files the base has changed since the pool was filled. */
const MOVED = 250

export const workspace: Benchmark = {
  name: 'workspace',
  about: `workspaces of a repository of ${FILES.toLocaleString('en')} files, against plain git worktree`,

  async measure(progress, signal) {
    await using folder = await temporaryFolder('bench-workspace', { grace: 60_000 })
    progress('making the repository (once; it is kept for the next time)')
    const repo = await largeRepository(join(folder.path, 'repo'), FILES)
    await using runner = await startRunner(folder.path)
    const client = await runner.connect()
    const trees = new Trees(client, repo, folder.path, signal)

    progress(`creating, ${ROUNDS} rounds`)
    const create = await interleaved(
      ROUNDS,
      {
        pool: async (round) => {
          const base = await trees.fillPool()
          return trees.create('pool', round, base)
        },
        moved: async (round) => {
          await trees.fillPool()
          return trees.create('moved', round, await trees.moveBase(round))
        },
        none: async (round) => trees.create('none', round, await trees.emptyPool()),
        plain: async (round) => trees.createPlainly(round, await trees.emptyPool()),
      },
      signal,
    )
    progress(`removing, ${ROUNDS} rounds`)
    const remove = await interleaved(
      ROUNDS,
      { ours: (round) => trees.remove('none', round), plain: (round) => trees.removePlainly(round) },
      signal,
    )
    for (let round = 0; round < ROUNDS; round++) {
      await trees.remove('pool', round)
      await trees.remove('moved', round)
    }
    await trees.settled()
    client.close()
    return figures(create, remove, COLD ? 'caches dropped before each run' : 'warm caches')
  },
}

function figures(
  create: Record<'pool' | 'moved' | 'none' | 'plain', number[]>,
  remove: Record<'ours' | 'plain', number[]>,
  note: string,
): Figure[] {
  const base = { unit: 'ms', plain: median(create.plain), runs: ROUNDS } as const
  return [
    { what: 'create, from the pool', skein: median(create.pool), ...base, budget: { of: 'ratio', atMost: 0.1 }, note },
    {
      what: `create, pool ${MOVED} files behind`,
      skein: median(create.moved),
      ...base,
      budget: { of: 'ratio', atMost: 0.1 },
    },
    { what: 'create, no pool', skein: median(create.none), ...base, budget: { of: 'ratio', atMost: 1.1 } },
    {
      what: 'remove',
      unit: 'ms',
      skein: median(remove.ours),
      plain: median(remove.plain),
      runs: ROUNDS,
      budget: { of: 'ratio', atMost: 0.05 },
    },
  ]
}

/** Work trees of one repository, made and removed by the runner and by plain git, each with nothing else under way. */
class Trees {
  readonly #client: RunnerClient
  readonly #repo: string
  readonly #folder: string
  readonly #pool: string
  readonly #trash: string
  readonly #signal: AbortSignal

  constructor(client: RunnerClient, repo: string, folder: string, signal: AbortSignal) {
    this.#client = client
    this.#repo = repo
    this.#folder = folder
    this.#pool = join(folder, 'pool')
    this.#trash = join(folder, 'trash')
    this.#signal = signal
  }

  async create(name: string, round: number, base: string): Promise<number> {
    const pool = name === 'none' ? {} : { pool: this.#pool }
    await this.settled()
    return timed(() =>
      this.#client.call(
        'git.createWorkspace',
        { repo: this.#repo, path: this.#path(name, round), branch: `${name}-${round}`, base, ...pool },
        this.#signal,
      ),
    )
  }

  async createPlainly(round: number, base: string): Promise<number> {
    await this.settled()
    const path = this.#path('plain', round)
    return timed(() => git(this.#repo, ['worktree', 'add', '--quiet', '-b', `plain-${round}`, path, base]))
  }

  async remove(name: string, round: number): Promise<number> {
    await this.settled()
    const path = this.#path(name, round)
    const branch = `${name}-${round}`
    return timed(() =>
      this.#client.call(
        'git.removeWorkspace',
        { repo: this.#repo, path, branch, deleteBranch: true, trash: this.#trash },
        this.#signal,
      ),
    )
  }

  async removePlainly(round: number): Promise<number> {
    await this.settled()
    return timed(() => git(this.#repo, ['worktree', 'remove', '--force', this.#path('plain', round)]))
  }

  /** One work tree waits in the pool, at the commit that this answers. */
  async fillPool(): Promise<string> {
    return this.#sizePool(1)
  }

  async emptyPool(): Promise<string> {
    return this.#sizePool(0)
  }

  /** A commit on top of HEAD that changes some of the files. */
  async moveBase(round: number): Promise<string> {
    const files = (await git(this.#repo, ['ls-files'])).trim().split('\n')
    const step = Math.floor(files.length / MOVED)
    const changed = files.filter((_, index) => index % step === round % step).slice(0, MOVED)
    for (const file of changed) await writeFile(join(this.#repo, file), `// moved on in round ${round}\n`)
    await git(this.#repo, ['commit', '--quiet', '--all', '--message', `Round ${round}`])
    return this.#head()
  }

  /** Nothing is made or deleted in the background any more, and nothing is in the caches. */
  async settled(): Promise<void> {
    await waitUntil(
      async () => {
        const { making } = await this.#client.call('git.poolStatus', { pool: this.#pool })
        return making === 0 && (await readdir(this.#trash).catch(() => [])).length === 0
      },
      { what: 'work in the background to end', timeout: 300_000, every: 100, signal: this.#signal },
    )
    await writeBack()
    if (COLD) await dropCaches()
  }

  async #sizePool(size: number): Promise<string> {
    const base = await this.#head()
    await this.#client.call('git.poolFill', { repo: this.#repo, pool: this.#pool, base, size })
    await waitUntil(
      async () => {
        const { ready, making } = await this.#client.call('git.poolStatus', { pool: this.#pool })
        return ready === size && making === 0
      },
      { what: `the pool to have ${size}`, timeout: 300_000, every: 100, signal: this.#signal },
    )
    return base
  }

  async #head(): Promise<string> {
    return (await git(this.#repo, ['rev-parse', 'HEAD'])).trim()
  }

  #path(name: string, round: number): string {
    return join(this.#folder, 'trees', `${name}-${round}`)
  }
}
