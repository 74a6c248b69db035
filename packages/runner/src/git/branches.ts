import type { RunnerParams, RunnerResult } from '@skein/protocol'
import { gitText } from './git.ts'
import { inspect } from './inspect.ts'
import { openRepository } from './repository.ts'

/** Branches that work can begin from: what is checked out, the default branch, then the most recent; Skein's own last. */
export async function listBranches(
  { repo }: RunnerParams<'git.branches'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.branches'>> {
  const { at } = await openRepository(repo, signal)
  const [{ branch, defaultBranch, remotes }, text] = await Promise.all([
    inspect({ path: repo }),
    gitText(
      ['for-each-ref', '--sort=-committerdate', '--format=%(refname) %(symref)', 'refs/heads/', 'refs/remotes/'],
      { doing: `listing the branches of ${repo}`, at, signal },
    ),
  ])
  const names = text.split('\n').flatMap((line) => {
    const [ref = '', alias = ''] = line.split(' ')
    // `origin/HEAD` is another branch by a second name.
    return alias !== '' ? [] : [ref.replace(/^refs\/(?:heads|remotes)\//, '')].filter((name) => name !== '')
  })
  const likely = [branch, defaultBranch, ...remotes.map(({ name }) => `${name}/${defaultBranch ?? ''}`)]
  const first = likely.filter((name): name is string => name !== null && names.includes(name))
  const ours = names.filter((name) => name.startsWith('skein/'))
  const branches = [...new Set([...first, ...names.filter((name) => !name.startsWith('skein/')), ...ours])]
  return { branches, head: branch }
}
