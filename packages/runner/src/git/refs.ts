import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { bytesOf, fieldsOf, nameOf } from './file-names.ts'
import { git, gitText } from './git.ts'
import { kindAt, realPlaceOf } from './linked-work-tree.ts'
import { checkCommit, checkOwnRef } from './names.ts'

/** Snapshots below a prefix. */
export async function listRefs(
  { repo, prefix }: RunnerParams<'git.listRefs'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.listRefs'>> {
  const text = await gitText(
    ['for-each-ref', '--format=%(refname) %(objectname) %(committerdate:unix)', 'refs/skein/'],
    {
      doing: `listing ${prefix} of ${repo}`,
      at: repo,
      signal,
    },
  )
  return text.split('\n').flatMap((line) => {
    const [ref = '', commit = '', seconds] = line.split(' ')
    return ref !== '' && ref.startsWith(prefix) ? [{ ref, commit, at: Number(seconds) * 1_000 }] : []
  })
}

/** Lets a snapshot go; one that is not there is gone already. */
export async function deleteRef(
  { repo, ref }: RunnerParams<'git.deleteRef'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.deleteRef'>> {
  checkOwnRef(ref)
  await git(['update-ref', '-d', ref], { doing: `deleting ${ref} of ${repo}`, at: repo, writes: true, signal })
  return {}
}

/** Work trees below a folder, without those that are only being made. */
export async function listWorkspaces(
  { repo, under }: RunnerParams<'git.listWorkspaces'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.listWorkspaces'>> {
  const text = await gitText(['worktree', 'list', '--porcelain'], {
    doing: `listing the work trees of ${repo}`,
    at: repo,
    signal,
  })
  const folder = `${(await realPlaceOf(under)).replace(/\/$/, '')}/`
  // The first is the clone itself.
  const found = text
    .split('\n\n')
    .slice(1)
    .map(parseWorkTree)
    .filter(({ path }) => path.startsWith(folder))
  const settled = found.filter(({ path }) => !UNSETTLED.test(path))
  return Promise.all(settled.map(async (one) => ({ ...one, missing: (await kindAt(one.path)) === 'none' })))
}

const UNSETTLED = /\/(?:\.skein-making-\d+-\d+-|making-\d+-\d+-|ready-)[0-9a-f-]{36}\/[^/]+$/

function parseWorkTree(text: string): { path: string; branch: string | null; head: string | null } {
  const value = (name: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1)
  const head = value('HEAD')
  return {
    path: value('worktree') ?? '',
    branch: value('branch')?.replace(/^refs\/heads\//, '') ?? null,
    head: head === undefined || /^0+$/.test(head) ? null : head,
  }
}

const MOST_SHOWN = 1024 * 1024

/** Content of a file at a commit; of a link, its target. */
export async function showFile(
  { repo, commit, file }: RunnerParams<'git.show'>,
  signal?: AbortSignal,
  env: Record<string, string> = {},
): Promise<RunnerResult<'git.show'>> {
  checkCommit(commit)
  const call = { doing: `reading ${file} of ${commit}`, at: repo, env, signal }
  const name = bytesOf(file)
  const end = name.includes(10) ? { flags: ['-z'], byte: 0 } : { flags: [], byte: 10 }
  const input = Buffer.concat([Buffer.from(`${commit}:`), name, Buffer.from([end.byte])])
  const { stdout } = await git(['cat-file', ...end.flags, '--batch-check=%(objecttype) %(objectname) %(objectsize)'], {
    ...call,
    input,
  })
  const [type, blob = '', size] = stdout.toString('utf8').trim().split(' ')
  if (type !== 'blob') return null
  if (Number(size) > MOST_SHOWN) {
    throw new SkeinError('invalid', `${call.doing}: it has ${size} bytes, more than 1 MiB`, {
      next: 'Read it from a workspace instead.',
    })
  }
  const content = await git(['cat-file', 'blob', blob], call)
  return { base64: content.stdout.toString('base64') }
}

/** Files of a commit at or below the paths. */
export async function listFiles(
  { repo, commit, paths }: RunnerParams<'git.listFiles'>,
  signal?: AbortSignal,
  env: Record<string, string> = {},
): Promise<RunnerResult<'git.listFiles'>> {
  checkCommit(commit)
  if (paths.length === 0) return []
  const { stdout } = await git(['ls-tree', '-r', '-z', '--full-tree', commit, '--', ...paths], {
    doing: `listing files of ${commit} in ${repo}`,
    at: repo,
    env: { ...env, GIT_LITERAL_PATHSPECS: '1' },
    signal,
  })
  return fieldsOf(stdout).map((field) => {
    const [mode = '', , blob = ''] = field.subarray(0, field.indexOf(9)).toString('utf8').split(' ')
    return { path: nameOf(field.subarray(field.indexOf(9) + 1)), blob, mode }
  })
}
