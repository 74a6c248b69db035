import type { RunnerParams, RunnerResult } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { fieldsOf, nameOf } from './file-names.ts'
import { lettersIn, scorePath } from './fuzzy.ts'
import { git } from './git.ts'

/** Names are looked up anew after this long; whoever types meanwhile is answered from those. */
const FRESH_MS = 3_000
const KEPT_MS = 10 * 60_000
const MOST_KEPT = 8

interface Listing {
  at: number
  paths: string[]
  lower: string[]
  letters: number[]
}

/** The names of files in work trees, for completion: each key typed asks, so they are kept for a moment. */
export class FileNames {
  readonly #context: GitContext
  readonly #now: () => number
  readonly #known = new Map<string, Listing>()
  readonly #reading = new Map<string, Promise<Listing>>()

  constructor(context: GitContext, now: () => number) {
    this.#context = context
    this.#now = now
  }

  async find(
    { path, query = '', limit }: RunnerParams<'git.files'>,
    signal?: AbortSignal,
  ): Promise<RunnerResult<'git.files'>> {
    await this.#context.records.check(path)
    const { paths, lower, letters } = await this.#listing(path, signal)
    const wanted = query.toLowerCase().replace(/\s+/g, '')
    const found: { path: string; score: number }[] = []
    const needed = lettersIn(wanted)
    for (const [index, one] of paths.entries()) {
      if (((letters[index] ?? 0) & needed) !== needed) continue
      const score = scorePath(one, lower[index] ?? '', wanted)
      if (score !== undefined) found.push({ path: one, score })
    }
    found.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1))
    return { paths: found.slice(0, limit).map((one) => one.path) }
  }

  async #listing(path: string, signal?: AbortSignal): Promise<Listing> {
    const known = this.#known.get(path)
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#now() - known.at
    if (known !== undefined && age < FRESH_MS) return known
    const reading = this.#reading.get(path) ?? this.#read(path, signal)
    this.#reading.set(path, reading)
    if (known === undefined || age > KEPT_MS) return reading
    // Typing goes on with what is known; the next key sees what is new.
    reading.catch(() => undefined)
    return known
  }

  async #read(path: string, signal?: AbortSignal): Promise<Listing> {
    try {
      const { stdout } = await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--full-name'], {
        doing: `listing the files of ${path}`,
        at: path,
        signal,
      })
      // An untracked repository stands there as a folder.
      const paths = [...new Set(fieldsOf(stdout).map(nameOf))].filter((name) => !name.endsWith('/'))
      const lower = paths.map((name) => name.toLowerCase())
      const listing = { at: this.#now(), paths, lower, letters: lower.map(lettersIn) }
      this.#known.delete(path)
      this.#known.set(path, listing)
      for (const oldest of this.#known.keys()) {
        if (this.#known.size <= MOST_KEPT) break
        this.#known.delete(oldest)
      }
      return listing
    } finally {
      this.#reading.delete(path)
    }
  }
}
