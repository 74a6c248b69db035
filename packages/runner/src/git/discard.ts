import { join } from 'node:path'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { type PrivateIndex, privateIndex, stageAll, writeTree } from './capture.ts'
import type { GitContext } from './context.ts'
import { bytesOf, fieldsOf, nameOf } from './file-names.ts'
import { filesInTheWay } from './files-in-the-way.ts'
import { git } from './git.ts'
import { changesOf, mergeTrees, writeChanges } from './merge-trees.ts'
import { checkOwnRef } from './names.ts'
import { openWorkTree } from './open-work-tree.ts'
import { findObjectId, objectId, type Repository, refValue } from './repository.ts'
import { commitTree, takeSnapshot } from './snapshot.ts'
import { checkPatch } from './stage.ts'
import { entry } from './tree-of-files.ts'

type Params = RunnerParams<'git.discard'>

/** What the files are without what was discarded; with the snapshot it says what to bring back. */
const afterRef = (ref: string) => `${ref}-after`

/**
 * Takes changes out of the work tree. They are kept first, what is to be is worked out on a private index, and only then are
 * files written, all or none.
 */
export async function discardChanges(
  context: GitContext,
  params: Params,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.discard'>> {
  const { path, ref } = params
  checkOwnRef(ref)
  const doing = `discarding changes in ${path}`
  const repository = await openWorkTree(context, path, signal)
  return context.places.run(repository.gitDir, () =>
    context.scratch.with(async (folder) => {
      // Asked again after a crash, the snapshot of the first time is the whole one.
      const commit = (await refValue(path, ref, signal)) ?? (await snapshotFirst(context, params, signal))
      const index = await privateIndex(repository, folder, { keepObjects: true, signal })
      await stageAll(index, { lenient: true })
      const from = await writeTree(index)
      const to = await treeWithout(index, params, { from, doing, folder })
      await keepTree(repository, afterRef(ref), to, signal)
      const paths = await bring(index, { from, to, folder: join(folder, 'saved'), doing })
      await unstageWhereStaged(repository, { paths, to, doing, signal })
      return { commit, paths }
    }),
  )
}

/** Puts back what a discard took, merged with what happened since. */
export async function undiscard(
  context: GitContext,
  { path, ref }: RunnerParams<'git.undiscard'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.undiscard'>> {
  checkOwnRef(ref)
  const doing = `bringing back what was discarded in ${path}`
  const repository = await openWorkTree(context, path, signal)
  const call = { at: path, doing, signal }
  const [theirs, base] = await Promise.all([findObjectId(ref, 'tree', call), findObjectId(afterRef(ref), 'tree', call)])
  if (theirs === undefined || base === undefined)
    throw new SkeinError('not_found', `${doing}: nothing is kept under ${ref}`, { next: 'It may have expired.' })
  await context.places.run(repository.gitDir, () =>
    context.scratch.with(async (folder) => {
      const index = await privateIndex(repository, folder, { keepObjects: true, signal })
      await stageAll(index, { lenient: true })
      const ours = await writeTree(index)
      const merged = await mergeTrees(index, { base, ours, theirs }, doing)
      if (!merged.clean)
        throw new SkeinError('conflict', `${doing}: ${merged.conflicts.join(', ')} changed since in the same places`, {
          next: `It is kept; look at it with: git show ${ref}`,
          details: { conflicts: merged.conflicts },
        })
      await bring(index, { from: ours, to: merged.tree, folder: join(folder, 'saved'), doing })
    }),
  )
  return {}
}

async function snapshotFirst(context: GitContext, { path, ref }: Params, signal?: AbortSignal): Promise<string> {
  const { commit } = await takeSnapshot(context, { path, ref, message: 'Before a discard' }, signal)
  return commit
}

/** The tree that the work tree is to have. */
async function treeWithout(
  index: PrivateIndex,
  { path, base, paths = [], patch }: Params,
  { from, doing, folder }: { from: string; doing: string; folder: string },
): Promise<string> {
  const call = { doing, at: path, env: index.env, signal: index.signal }
  // In an index beside, so that the other still is what the files are.
  const beside = { ...call, env: { ...index.env, GIT_INDEX_FILE: join(folder, 'without') } }
  await git(['read-tree', from], { ...beside, writes: true })
  if (patch !== undefined && (await checkPatch(patch, ['--cached', '--reverse'], beside)))
    await git(['apply', '--cached', '--reverse', '--whitespace=nowarn', '-'], { ...beside, input: patch, writes: true })
  if (paths.length > 0) {
    const before = await objectId(base, 'tree', { at: path, doing, signal: index.signal })
    const lines = [...(await entriesOf(from, paths, call)).map(gone), ...(await entriesOf(before, paths, call))]
    if (lines.length === 0)
      throw new SkeinError('not_found', `${doing}: there is no ${paths.join(', ')}`, {
        next: 'Look at the changes again.',
      })
    await git(['update-index', '-z', '--index-info'], { ...beside, input: Buffer.concat(lines), writes: true })
  }
  return writeTree({ ...index, env: beside.env })
}

async function entriesOf(
  tree: string,
  paths: readonly string[],
  call: { doing: string; at: string; env: Record<string, string>; signal: AbortSignal | undefined },
): Promise<Buffer[]> {
  const { stdout } = await git(['ls-tree', '-r', '-z', '--full-tree', tree], call)
  const wanted = paths.map(bytesOf)
  return fieldsOf(stdout).flatMap((field) => {
    const tab = field.indexOf(9)
    const [mode = '', , id = ''] = field.subarray(0, tab).toString('utf8').split(' ')
    const name = field.subarray(tab + 1)
    return wanted.some((path) => isAtOrBelow(name, path)) ? [entry(mode, id, name)] : []
  })
}

function isAtOrBelow(name: Buffer, path: Buffer): boolean {
  if (!name.subarray(0, path.length).equals(path)) return false
  return name.length === path.length || name[path.length] === 0x2f
}

/** The line that takes an entry out of an index. */
function gone(line: Buffer): Buffer {
  return entry('0', '0'.repeat(40), line.subarray(line.indexOf(9) + 1, -1))
}

async function bring(
  index: PrivateIndex,
  { from, to, folder, doing }: { from: string; to: string; folder: string; doing: string },
): Promise<string[]> {
  const changes = await changesOf(index, from, to, doing)
  const inTheWay = await filesInTheWay(index.repository.at, changes)
  if (inTheWay.length > 0)
    throw new SkeinError('conflict', `${doing}: ignored files of the same name are there: ${inTheWay.join(', ')}`, {
      next: 'Move them away, then try again.',
    })
  if (changes.files > 0) await writeChanges(index, { from, to, changes, folder, doing })
  return [...changes.changing, ...changes.added]
}

/** What was discarded must not be committed because it had been staged before. */
async function unstageWhereStaged(
  { at }: Repository,
  { paths, to, doing, signal }: { paths: string[]; to: string; doing: string; signal: AbortSignal | undefined },
): Promise<void> {
  if (paths.length === 0) return
  const call = { doing, at, signal }
  const head = await findObjectId('HEAD', 'tree', call)
  const against = head ?? (await git(['mktree'], { ...call, input: '', writes: true })).stdout.toString('utf8').trim()
  const { stdout } = await git(['diff-index', '--cached', '--name-only', '--no-renames', '-z', against], call)
  const discarded = new Set(paths.map((name) => bytesOf(name).toString('latin1')))
  const staged = fieldsOf(stdout).filter((name) => discarded.has(name.toString('latin1')))
  if (staged.length === 0) return
  const present = await entriesOf(to, staged.map(nameOf), { ...call, env: {} })
  const lines = [...staged.map((name) => entry('0', '0'.repeat(40), name)), ...present]
  await git(['update-index', '-z', '--index-info'], { ...call, input: Buffer.concat(lines), writes: true })
}

async function keepTree(repository: Repository, ref: string, tree: string, signal?: AbortSignal): Promise<void> {
  const commit = await commitTree(repository, { tree, parents: [], message: 'after', signal })
  await git(['update-ref', '-m', 'skein: discarded', ref, commit], {
    doing: `keeping ${ref}`,
    at: repository.at,
    writes: true,
    signal,
  })
}
