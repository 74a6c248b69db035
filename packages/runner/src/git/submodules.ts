import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { bytesOf, fieldsOf, nameOf } from './file-names.ts'
import { git, gitText } from './git.ts'
import { kindAt, type LinkedWorkTree } from './linked-work-tree.ts'
import type { Repository } from './repository.ts'
import { findObjectId } from './repository.ts'

interface Submodule {
  name: string
  path: string
  commit: string
}

/**
 * Checks out the submodules whose objects the clone has, borrowing them (alternates) and without the network. Others stay as
 * `git worktree add` leaves them: empty.
 */
export async function fillSubmodules(
  { commonDir }: Repository,
  tree: LinkedWorkTree,
  signal?: AbortSignal,
): Promise<void> {
  await fillIn({ workTree: tree.path, gitDir: tree.gitDir, modules: join(commonDir, 'modules'), signal })
}

interface Place {
  workTree: string
  gitDir: string
  /** Where the clone that is borrowed from keeps its submodules. */
  modules: string
  signal: AbortSignal | undefined
}

async function fillIn(place: Place): Promise<void> {
  if ((await kindAt(join(place.workTree, '.gitmodules'))) !== 'file' || (await kindAt(place.modules)) !== 'folder')
    return
  for (const submodule of await submodulesOf(place)) {
    const source = resolve(place.modules, submodule.name)
    const target = resolve(place.workTree, submodule.path)
    // Names and paths come from the repository's own files.
    if (!source.startsWith(place.modules + sep) || !target.startsWith(place.workTree + sep)) continue
    if ((await kindAt(join(source, 'HEAD'))) !== 'file' || (await kindAt(target)) !== 'empty_folder') continue
    const doing = `checking out the submodule ${submodule.path}`
    const has = await findObjectId(submodule.commit, 'commit', { at: source, doing, signal: place.signal })
    if (has === undefined) continue
    await borrow(place, submodule, { source, target, doing })
    await fillIn({
      ...place,
      workTree: target,
      gitDir: join(place.gitDir, 'modules', submodule.name),
      modules: join(source, 'modules'),
    })
  }
}

async function borrow(
  { gitDir, signal }: Place,
  { name, commit }: Submodule,
  { source, target, doing }: { source: string; target: string; doing: string },
): Promise<void> {
  const ownGitDir = join(gitDir, 'modules', name)
  await mkdir(dirname(ownGitDir), { recursive: true })
  await git(
    [
      'clone',
      '--quiet',
      '--shared',
      '--no-checkout',
      '--no-tags',
      `--separate-git-dir=${ownGitDir}`,
      '--',
      source,
      target,
    ],
    {
      doing,
      at: '/',
      writes: true,
      signal,
    },
  )
  const call = { doing, at: target, writes: true, signal }
  const url = await gitText(['config', '--get', 'remote.origin.url'], { doing, at: source, signal, answers: [1] })
  if (url !== '') await git(['remote', 'set-url', 'origin', url], call)
  await git(
    ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', source, '+refs/remotes/origin/*:refs/remotes/origin/*'],
    call,
  )
  await git(['update-ref', '--no-deref', 'HEAD', commit], call)
  await git(['read-tree', '-m', '-u', commit], call)
}

/** Submodules of the index that `.gitmodules` names. */
async function submodulesOf({ workTree, signal }: Place): Promise<Submodule[]> {
  const doing = `reading the submodules of ${workTree}`
  const text = await readFile(join(workTree, '.gitmodules'), 'utf8')
  if (!text.includes('submodule')) return []
  const [config, staged] = await Promise.all([
    git(['config', '-z', '--file', '.gitmodules', '--get-regexp', '^submodule\\..*\\.path$'], {
      doing,
      at: workTree,
      signal,
      answers: [1],
    }),
    git(['ls-files', '--stage', '-z'], { doing, at: workTree, signal }),
  ])
  const names = new Map(
    config.stdout
      .toString('utf8')
      .split('\0')
      .map((line) => /^submodule\.(.*)\.path\n(.*)$/s.exec(line))
      .map((match) => [match?.[2] ?? '', match?.[1] ?? '']),
  )
  return fieldsOf(staged.stdout).flatMap((field) => {
    const tab = field.indexOf(9)
    const [mode, commit] = field.subarray(0, tab).toString('utf8').split(' ')
    const path = nameOf(field.subarray(tab + 1))
    const name = names.get(path)
    const isNamed = mode === '160000' && commit !== undefined && name !== undefined && name !== ''
    return isNamed ? [{ name, path: bytesOf(path).toString('utf8'), commit }] : []
  })
}
