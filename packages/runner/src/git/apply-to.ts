import { join } from 'node:path'
import type { RunnerParams, RunnerResult } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { filesInTheWay } from './files-in-the-way.ts'
import { changesOf, mergeTrees, writeChanges } from './merge-trees.ts'
import { openWorkTree } from './open-work-tree.ts'
import { objectId } from './repository.ts'
import { stagedCopy } from './work-tree-state.ts'

type Params = RunnerParams<'git.applyTo'>
type Result = RunnerResult<'git.applyTo'>

/**
 * Merges the work tree's changes since the base into another checkout, with that checkout's own uncommitted changes as the
 * other side. Everything is worked out on private indexes first; the checkout's files are written only when all of them merge,
 * and its index never: the result is uncommitted changes, new files are untracked.
 */
export async function applyTo(context: GitContext, params: Params, signal?: AbortSignal): Promise<Result> {
  const doing = `applying ${params.path} to ${params.target}`
  const [from, to] = await Promise.all([
    openWorkTree(context, params.path, signal),
    openWorkTree(context, params.target, signal),
  ])
  return context.places.run(to.gitDir, () =>
    context.scratch.with(async (folder) => {
      const borrowFrom = [from.commonDir, to.commonDir]
      const theirs = await stagedCopy(from, join(folder, 'from'), { signal })
      const ours = await stagedCopy(to, join(folder, 'to'), {
        borrowFrom: [...borrowFrom, join(folder, 'from')],
        signal,
      })
      const base = await objectId(params.base, 'tree', { at: params.path, doing, signal })

      const merged = await mergeTrees(ours.index, { base, ours: ours.tree, theirs: theirs.tree }, doing)
      if (!merged.clean) return refused(merged.conflicts, merged.message)
      const changes = await changesOf(ours.index, ours.tree, merged.tree, doing)
      const inTheWay = await filesInTheWay(to.at, changes)
      if (inTheWay.length > 0) return refused(inTheWay, 'Ignored or untracked files of the same name are there.')
      if (params.check !== true && changes.files > 0) {
        await writeChanges(ours.index, {
          from: ours.tree,
          to: merged.tree,
          changes,
          folder: join(folder, 'saved'),
          doing,
        })
      }
      return { applied: params.check !== true, conflicts: [], files: changes.files }
    }),
  )
}

function refused(conflicts: string[], message: string): Result {
  return { applied: false, conflicts, files: 0, message }
}
