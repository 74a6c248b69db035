import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { git, gitText } from './git.ts'
import { checkBranch, checkCommit, isRefName } from './names.ts'
import { openRepository, type Repository } from './repository.ts'

/** Carries commits between clones on different machines: what one side packs, the other takes in. */

/** Makes a bare repository of ours. What is there already stays as it is. */
export async function initialise(
  context: GitContext,
  { path, defaultBranch = 'main' }: RunnerParams<'git.initialise'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.initialise'>> {
  checkBranch(defaultBranch)
  const call = { doing: `making the repository ${path}`, writes: true, signal }
  const existed = (await stat(join(path, 'HEAD')).catch(() => undefined)) !== undefined
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw SkeinError.from(error, call.doing)
  })
  // Also one that was left half made: git completes it.
  await context.places.run(path, () =>
    git(['init', '--quiet', '--bare', `--initial-branch=${defaultBranch}`], { ...call, at: path }),
  )
  return { existed }
}

/** What the repository has, the newest first: whoever packs for it leaves out what these reach. */
export async function tips(
  { repo, limit }: RunnerParams<'git.tips'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.tips'>> {
  const text = await gitText(
    ['for-each-ref', '--sort=-committerdate', '--format=%(objecttype) %(objectname)', `--count=${limit}`],
    { doing: `listing what ${repo} has`, at: repo, signal },
  )
  const commits = text.split('\n').flatMap((line) => (line.startsWith('commit ') ? [line.slice('commit '.length)] : []))
  return { commits: [...new Set(commits)] }
}

/** Packs commits with all that they need, less what the other side has. */
export async function pack(
  context: GitContext,
  { repo, commits, have }: RunnerParams<'git.pack'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.pack'>> {
  for (const commit of [...commits, ...have]) checkCommit(commit)
  const repository = await openRepository(repo, signal)
  const doing = `packing ${commits.length === 1 ? commits[0] : `${commits.length} commits`} of ${repo}`
  const known = await present(repo, have, signal)
  const shallow = await boundary(repository)
  const missing = commits.filter((commit) => !known.includes(commit))
  if (missing.length === 0) return { pack: null, shallow }
  return await context.scratch.with(async (folder) => {
    const path = join(folder, 'pack')
    const file = await open(path, 'wx', 0o600)
    try {
      await git(['pack-objects', '--revs', '--thin', '--stdout', '--quiet', '--delta-base-offset'], {
        doing,
        at: repo,
        input: [...missing, ...known.map((commit) => `^${commit}`), ''].join('\n'),
        stdout: file.fd,
        signal,
      })
    } finally {
      await file.close()
    }
    const hash = createHash('sha256')
    await pipeline(createReadStream(path), hash)
    const kept = context.scratch.path(`pack-${randomUUID()}`)
    await rename(path, kept)
    return { pack: { path: kept, size: (await stat(kept)).size, sha256: hash.digest('hex') }, shallow }
  })
}

/** Takes a pack in. Refs are moved only when every commit is whole. */
export async function unpack(
  context: GitContext,
  { repo, pack: path, shallow, refs }: RunnerParams<'git.unpack'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.unpack'>> {
  const commits = Object.values(refs)
  for (const commit of [...commits, ...shallow]) checkCommit(commit)
  for (const ref of Object.keys(refs))
    if (!isRefName(ref)) throw new SkeinError('invalid', `${JSON.stringify(ref)} cannot be the name of a ref`)
  const repository = await openRepository(repo, signal)
  const call = { doing: `taking commits into ${repo}`, at: repo, writes: true, signal }
  return await context.repositories.run(repository.commonDir, async () => {
    if (path !== undefined) {
      await using file = await open(path, 'r')
      await git(['index-pack', '--stdin', '--fix-thin'], { ...call, stdin: file.fd })
    }
    await extendBoundary(repository, await present(repo, shallow, signal))
    await git(['rev-list', '--objects', '--quiet', '--stdin', '--not', '--all'], {
      ...call,
      input: `${commits.join('\n')}\n`,
    })
    const moves = Object.entries(refs).map(([ref, commit]) => `update ${ref} ${commit}\n`)
    await git(['update-ref', '--stdin'], { ...call, input: moves.join('') })
    return {}
  })
}

/** Those of some commits that the repository has. */
async function present(at: string, commits: readonly string[], signal?: AbortSignal): Promise<string[]> {
  if (commits.length === 0) return []
  const { stdout } = await git(['cat-file', '--batch-check=%(objecttype) %(objectname)'], {
    doing: `looking for commits in ${at}`,
    at,
    input: commits.map((commit) => `${commit}\n`).join(''),
    signal,
  })
  return stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith('commit ') ? [line.slice('commit '.length)] : []))
}

/** Commits whose parents a shallow clone lacks. */
async function boundary({ commonDir }: Repository): Promise<string[]> {
  const text = await readFile(join(commonDir, 'shallow'), 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}

async function extendBoundary(repository: Repository, commits: readonly string[]): Promise<void> {
  const known = await boundary(repository)
  const all = new Set([...known, ...commits])
  if (all.size === known.length) return
  const file = join(repository.commonDir, 'shallow')
  const temporary = `${file}.${randomUUID()}`
  await writeFile(temporary, [...all, ''].join('\n'))
  await rename(temporary, file)
}
