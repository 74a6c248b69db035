import { createHash } from 'node:crypto'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { git, gitText } from './git.ts'
import { checkRevision } from './names.ts'
import { nearest } from './nearest.ts'
import { openRepository } from './repository.ts'

type Resolved = RunnerResult<'git.resolve'>

const NETWORK_DEADLINE = 2 * 60_000

/**
 * The commit that a base names. What the clone has is taken as it is, without the network; else that one ref is fetched, to a
 * ref of Skein's own, and nothing else.
 */
export async function resolveBase(
  context: GitContext,
  { repo, ref }: RunnerParams<'git.resolve'>,
  signal?: AbortSignal,
): Promise<Resolved> {
  checkRevision(ref)
  const remotes = await readRemotes(repo, signal)
  const local = await findLocally(repo, ref, remotes, signal)
  if (local !== undefined) return { ...local, fetched: false }

  const source = whereToFetch(ref, remotes)
  if (source === undefined) throw await unknownBase(repo, ref, `no branch, tag or commit has that name`, signal)
  return fetchOne(context, repo, { ref, ...source }, signal)
}

async function readRemotes(at: string, signal?: AbortSignal): Promise<string[]> {
  const text = await gitText(['remote'], { doing: `reading the remotes of ${at}`, at, signal })
  return text.split('\n').filter((name) => name !== '')
}

/** One git answers for all that the name may mean; the first that is a commit is meant. */
async function findLocally(
  at: string,
  ref: string,
  remotes: readonly string[],
  signal?: AbortSignal,
): Promise<{ commit: string; ref: string } | undefined> {
  const main = remotes.includes('origin') ? 'origin' : remotes[0]
  const names = [
    ...(ref === 'HEAD' ? [ref] : []),
    `refs/heads/${ref}`,
    `refs/remotes/${ref}`,
    ...(main === undefined ? [] : [`refs/remotes/${main}/${ref}`]),
    `refs/tags/${ref}`,
    ref,
    ownRef(ref),
  ]
  const { stdout } = await git(['cat-file', '--batch-check=%(objecttype) %(objectname)'], {
    doing: `resolving ${ref} in ${at}`,
    at,
    input: names.map((name) => `${name}^{commit}\n`).join(''),
    signal,
  })
  const answers = stdout.toString('utf8').split('\n')
  const index = answers.findIndex((line) => line.startsWith('commit '))
  const name = names[index]
  if (name === undefined) return undefined
  return { commit: answers[index]?.slice('commit '.length) ?? '', ref: name === ownRef(ref) ? ref : name }
}

function whereToFetch(ref: string, remotes: readonly string[]): { remote: string; name: string } | undefined {
  const named = remotes.find((remote) => ref.startsWith(`${remote}/`))
  if (named !== undefined) return { remote: named, name: ref.slice(named.length + 1) }
  const remote = remotes.includes('origin') ? 'origin' : remotes[0]
  // What has one of these is an expression over commits, and no remote has a ref of that name.
  return remote === undefined || /[~^:?*[\\@{ ]|\.\./.test(ref) ? undefined : { remote, name: ref }
}

/** Names of bases may contain each other (`a`, `a/b`), which refs may not. */
function ownRef(ref: string): string {
  return `refs/skein/base/${createHash('sha256').update(ref).digest('hex').slice(0, 24)}`
}

async function fetchOne(
  context: GitContext,
  repo: string,
  { ref, remote, name }: { ref: string; remote: string; name: string },
  signal?: AbortSignal,
): Promise<Resolved> {
  const doing = `fetching ${name} from ${remote} for ${repo}`
  const { commonDir } = await openRepository(repo, signal)
  const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--no-recurse-submodules']
  try {
    await context.repositories.run(commonDir, () =>
      git(['fetch', ...flags, '--', remote, `+${name}:${ownRef(ref)}`], {
        doing,
        at: repo,
        writes: true,
        deadline: NETWORK_DEADLINE,
        signal,
      }),
    )
  } catch (error) {
    const said = error instanceof SkeinError ? String(error.details?.stderr) : ''
    if (/couldn't find remote ref|not our ref|no such remote ref/i.test(said))
      throw await unknownBase(repo, ref, `neither this clone nor ${remote} has it`, signal, error)
    throw error
  }
  const commit = await gitText(['rev-parse', '--verify', `${ownRef(ref)}^{commit}`], { doing, at: repo, signal })
  return { commit, fetched: true, ref: `${remote}/${name}` }
}

async function unknownBase(
  repo: string,
  ref: string,
  why: string,
  signal?: AbortSignal,
  cause?: unknown,
): Promise<SkeinError> {
  const text = await gitText(
    ['for-each-ref', '--format=%(refname:short)', '--sort=-committerdate', 'refs/heads', 'refs/remotes', 'refs/tags'],
    { doing: `looking for names like ${ref} in ${repo}`, at: repo, signal },
  )
  const near = nearest(
    ref,
    text.split('\n').filter((name) => name !== '' && !name.endsWith('/HEAD')),
  )
  return new SkeinError('not_found', `there is no base ${ref} in ${repo}: ${why}`, {
    next: near.length === 0 ? 'Give a branch, a tag or a commit.' : `Did you mean ${near.join(', ')}?`,
    details: { near },
    cause,
  })
}
