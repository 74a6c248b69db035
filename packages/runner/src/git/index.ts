import type { gitMethods, RunnerParams, RunnerResult } from '@skein/protocol'
import { applyTo } from './apply-to.ts'
import { readChanges } from './changes.ts'
import { commitAll, publishBranch } from './commit.ts'
import { createContext } from './context.ts'
import { createWorkspace } from './create-workspace.ts'
import { readDiff } from './diff.ts'
import { includeFiles } from './include-files.ts'
import { inspect } from './inspect.ts'
import { placeFor, realPlaceOf } from './linked-work-tree.ts'
import { Pools } from './pool.ts'
import { deleteRef, listFiles, listRefs, listWorkspaces, showFile } from './refs.ts'
import { removeWorkspace } from './remove-workspace.ts'
import { openRepository } from './repository.ts'
import { resolveBase } from './resolve.ts'
import { restore } from './restore.ts'
import { takeSnapshot } from './snapshot.ts'
import { readStatus } from './status.ts'

type GitMethod = keyof typeof gitMethods

/** One function for each git method of the protocol. Disposing ends the work that goes on behind. */
export type GitHandlers = AsyncDisposable & {
  [M in GitMethod]: (params: RunnerParams<M>, signal?: AbortSignal) => Promise<RunnerResult<M>>
}

/** The git verbs of a runner. `dir` is the runner's state folder; `now` is in Unix milliseconds. */
export function createGitHandlers(options: { dir: string; now?: () => number }): GitHandlers {
  const context = createContext(options)
  const pools = new Pools(context)
  return {
    'git.inspect': inspect,
    'git.resolve': (params, signal) => resolveBase(context, params, signal),
    'git.createWorkspace': (params, signal) => createWorkspace(context, params, signal),
    'git.includeFiles': (params, signal) => includeFiles(context, params, signal),
    'git.status': (params, signal) => readStatus(context, params, signal),
    'git.changes': (params, signal) => readChanges(context, params, signal),
    'git.diff': (params, signal) => readDiff(context, params, signal),
    'git.commit': (params, signal) => commitAll(context, params, signal),
    'git.snapshot': (params, signal) => takeSnapshot(context, params, signal),
    'git.restore': (params, signal) => restore(context, params, signal),
    'git.removeWorkspace': (params, signal) => removeWorkspace(context, params, signal),
    'git.deleteRef': deleteRef,
    'git.listRefs': listRefs,
    'git.listWorkspaces': listWorkspaces,
    'git.applyTo': (params, signal) => applyTo(context, params, signal),
    'git.publishBranch': (params, signal) => publishBranch(context, params, signal),
    'git.show': showFile,
    'git.listFiles': listFiles,
    'git.poolFill': async ({ repo, pool, base, size }, signal) =>
      pools.fill(await placeFor(pool), { repository: await openRepository(repo, signal), base, size }),
    'git.poolStatus': async ({ pool }) => pools.status(await realPlaceOf(pool)),
    async [Symbol.asyncDispose]() {
      await pools[Symbol.asyncDispose]()
      await context.trash[Symbol.asyncDispose]()
    },
  }
}
