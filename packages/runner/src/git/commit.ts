import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { privateIndex, stageAll, writeTree } from './capture.ts'
import type { GitContext } from './context.ts'
import { git } from './git.ts'
import { checkBranch, NO_COMMIT } from './names.ts'
import { openWorkTree } from './open-work-tree.ts'
import { findObjectId, refValue } from './repository.ts'
import { commitTree } from './snapshot.ts'

/** Commits everything in the work tree (untracked files too), or what is staged, on its branch. Nothing is signed: nobody may be there to unlock a key. */
export async function commitAll(
  context: GitContext,
  { path, message, author, hooks, staged }: RunnerParams<'git.commit'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.commit'>> {
  const doing = `committing the changes in ${path}`
  const repository = await openWorkTree(context, path, signal)
  const before = await findObjectId('HEAD', 'commit', { at: path, doing, signal })
  if (!staged) await stageAll({ repository, env: {}, signal }, { lenient: false })
  else if (!(await hasStaged(path, doing, signal))) return { commit: null }
  const flags = ['--quiet', '--no-gpg-sign', '--file=-', ...(hooks === true ? [] : ['--no-verify'])]
  const { code, stdout, stderr } = await git(['commit', ...flags], {
    doing,
    at: path,
    env: await identity(path, author, signal),
    input: message,
    writes: true,
    hooks: hooks === true,
    answers: [1],
    signal,
  })
  const commit = await findObjectId('HEAD', 'commit', { at: path, doing, signal })
  if (code === 0) return { commit: commit ?? null }
  const clean = await git(['status', '--porcelain', '-z', '--ignore-submodules=dirty'], { doing, at: path, signal })
  if (clean.stdout.length === 0 && commit === before) return { commit: null }
  throw new SkeinError('conflict', `${doing}: ${stderr.trim() || stdout.toString('utf8').trim() || 'git refused'}`, {
    next: hooks === true ? 'A hook may have refused it; its words are above.' : 'See `git status` there.',
  })
}

async function hasStaged(path: string, doing: string, signal?: AbortSignal): Promise<boolean> {
  const { code } = await git(['diff', '--cached', '--quiet'], { doing, at: path, answers: [1], signal })
  return code === 1
}

/** A ref moved (or made) to point at the work tree's state; nothing is checked out and the work tree stays as it is. */
export async function publishBranch(
  context: GitContext,
  { path, branch, message, force }: RunnerParams<'git.publishBranch'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.publishBranch'>> {
  checkBranch(branch)
  const repository = await openWorkTree(context, path, signal)
  const doing = `publishing ${path} as ${branch}`
  const ref = `refs/heads/${branch}`
  return context.scratch.with(async (folder) => {
    const index = await privateIndex(repository, folder, { keepObjects: true, signal })
    await stageAll(index, { lenient: false })
    const tree = await writeTree(index)
    return context.repositories.run(repository.commonDir, async () => {
      const call = { at: path, doing, signal }
      const head = await findObjectId('HEAD', 'commit', call)
      const old = await refValue(path, ref, signal)
      const isSame = head !== undefined && (await findObjectId(head, 'tree', call)) === tree
      if (old !== undefined && (await holds(path, old, { tree, head, signal }))) return { commit: old }
      const env = await identity(path, undefined, signal)
      const parents = head === undefined ? [] : [head]
      const commit = isSame ? head : await commitTree(repository, { tree, parents, message, env, signal })
      if (old !== undefined) await expectMovable({ path, branch, old, commit, force: force === true, signal })
      await git(['update-ref', '-m', 'skein: published', ref, commit, old ?? NO_COMMIT.padEnd(commit.length, '0')], {
        ...call,
        writes: true,
      })
      return { commit }
    })
  })
}

/** Whether the branch is this very state already, from an earlier call. */
async function holds(
  at: string,
  commit: string,
  { tree, head, signal }: { tree: string; head: string | undefined; signal: AbortSignal | undefined },
): Promise<boolean> {
  if (commit === head) return (await findObjectId(commit, 'tree', { at, doing: `reading ${commit}`, signal })) === tree
  const { stdout } = await git(['log', '-1', '--no-show-signature', '--format=%T %P', commit], {
    doing: `reading ${commit}`,
    at,
    signal,
  })
  return stdout.toString('utf8').trim() === `${tree} ${head ?? ''}`.trim()
}

async function expectMovable({
  path,
  branch,
  old,
  commit,
  force,
  signal,
}: {
  path: string
  branch: string
  old: string
  commit: string
  force: boolean
  signal: AbortSignal | undefined
}): Promise<void> {
  const doing = `publishing ${path} as ${branch}`
  const where = await git(['for-each-ref', '--format=%(worktreepath)', `refs/heads/${branch}`], {
    doing,
    at: path,
    signal,
  })
  const checkedOut = where.stdout.toString('utf8').trim()
  if (checkedOut !== '') {
    throw new SkeinError('conflict', `${doing}: ${branch} is checked out at ${checkedOut}`, {
      next: 'Choose another branch: moving this one would make that checkout look changed.',
    })
  }
  if (force) return
  const { code } = await git(['merge-base', '--is-ancestor', old, commit], { doing, at: path, signal, answers: [1] })
  if (code === 0) return
  throw new SkeinError(
    'conflict',
    `${doing}: the branch has commits (${old.slice(0, 12)}) that the workspace has not`,
    {
      next: 'Choose another branch, or use force.',
    },
  )
}

/** The user's own identity where git knows it; else a stand-in, so that a machine without one can commit. */
async function identity(
  at: string,
  author: { name: string; email: string } | undefined,
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  const { code } = await git(['-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT'], {
    doing: `reading the identity for commits in ${at}`,
    at,
    signal,
    answers: [128],
  })
  const standIn = code === 0 ? undefined : (author ?? { name: 'Skein', email: 'skein@localhost' })
  const writer = author ?? standIn
  return {
    ...(writer === undefined ? {} : { GIT_AUTHOR_NAME: writer.name, GIT_AUTHOR_EMAIL: writer.email }),
    ...(standIn === undefined ? {} : { GIT_COMMITTER_NAME: standIn.name, GIT_COMMITTER_EMAIL: standIn.email }),
  }
}
