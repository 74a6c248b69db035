import type { gitMethods, RunnerParams, RunnerResult } from '@skein/protocol'
import { applyTo } from './apply-to.ts'
import { listBranches } from './branches.ts'
import { readChanges } from './changes.ts'
import { commitAll, publishBranch } from './commit.ts'
import { createContext } from './context.ts'
import { createWorkspace } from './create-workspace.ts'
import { readDiff } from './diff.ts'
import { discardChanges, undiscard } from './discard.ts'
import { readFilePart } from './file.ts'
import { FileNames } from './files.ts'
import { includeFiles } from './include-files.ts'
import { inspect } from './inspect.ts'
import { placeFor, realPlaceOf } from './linked-work-tree.ts'
import { initialise, pack, tips, unpack } from './pack.ts'
import { Pools } from './pool.ts'
import { deleteRef, listFiles, listRefs, listWorkspaces, showFile } from './refs.ts'
import { removeWorkspace } from './remove-workspace.ts'
import { openRepository } from './repository.ts'
import { resolveBase } from './resolve.ts'
import { restore } from './restore.ts'
import { keepTree, takeSnapshot } from './snapshot.ts'
import { stage } from './stage.ts'
import { readStatus } from './status.ts'
import { findState } from './work-tree-state.ts'

type GitMethod = keyof typeof gitMethods

/** One function for each git method of the protocol. Disposing ends the work that goes on behind. */
export type GitHandlers = AsyncDisposable & {
  [M in GitMethod]: (params: RunnerParams<M>, signal?: AbortSignal) => Promise<RunnerResult<M>>
}

/** The git verbs of a runner. `dir` is the runner's state folder; `now` is in Unix milliseconds. */
export function createGitHandlers(options: { dir: string; now?: () => number }): GitHandlers {
  const context = createContext(options)
  const pools = new Pools(context)
  const names = new FileNames(context, options.now ?? Date.now)
  /** For a tree that is not the repository's but a state of a work tree, as `git.changes` names it. */
  const inState = async <T>(
    { repo, commit }: { repo: string; commit: string },
    signal: AbortSignal | undefined,
    read: (env: Record<string, string>) => Promise<T>,
  ): Promise<T | undefined> => {
    const state = await findState(context, repo, commit, signal).catch(() => undefined)
    return state && read(state.env)
  }
  return {
    'git.inspect': inspect,
    'git.resolve': (params, signal) => resolveBase(context, params, signal),
    'git.createWorkspace': (params, signal) => createWorkspace(context, params, signal),
    'git.includeFiles': (params, signal) => includeFiles(context, params, signal),
    'git.status': (params, signal) => readStatus(context, params, signal),
    'git.changes': (params, signal) => readChanges(context, params, signal),
    'git.diff': (params, signal) => readDiff(context, params, signal),
    'git.file': (params, signal) => readFilePart(context, params, signal),
    'git.files': (params, signal) => names.find(params, signal),
    'git.stage': (params, signal) => stage(context, params, signal),
    'git.discard': (params, signal) => discardChanges(context, params, signal),
    'git.undiscard': (params, signal) => undiscard(context, params, signal),
    'git.branches': listBranches,
    'git.commit': (params, signal) => commitAll(context, params, signal),
    'git.snapshot': (params, signal) => takeSnapshot(context, params, signal),
    'git.keepTree': (params, signal) => keepTree(context, params, signal),
    'git.restore': (params, signal) => restore(context, params, signal),
    'git.removeWorkspace': (params, signal) => removeWorkspace(context, params, signal),
    'git.deleteRef': deleteRef,
    'git.listRefs': listRefs,
    'git.listWorkspaces': listWorkspaces,
    'git.applyTo': (params, signal) => applyTo(context, params, signal),
    'git.publishBranch': (params, signal) => publishBranch(context, params, signal),
    'git.initialise': (params, signal) => initialise(context, params, signal),
    'git.tips': tips,
    'git.pack': (params, signal) => pack(context, params, signal),
    'git.unpack': (params, signal) => unpack(context, params, signal),
    'git.show': async (params, signal) =>
      (await showFile(params, signal)) ??
      (await inState(params, signal, (env) => showFile(params, signal, env))) ??
      null,
    'git.listFiles': async (params, signal) => {
      try {
        return await listFiles(params, signal)
      } catch (error) {
        const files = await inState(params, signal, (env) => listFiles(params, signal, env))
        if (files === undefined) throw error
        return files
      }
    },
    'git.poolFill': async ({ repo, pool, base, size }, signal) =>
      pools.fill(await placeFor(pool), { repository: await openRepository(repo, signal), base, size }),
    'git.poolStatus': async ({ pool }) => pools.status(await realPlaceOf(pool)),
    async [Symbol.asyncDispose]() {
      await pools[Symbol.asyncDispose]()
      await context.trash[Symbol.asyncDispose]()
    },
  }
}
