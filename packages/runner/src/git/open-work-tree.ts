import type { GitContext } from './context.ts'
import { openRepository, type Repository } from './repository.ts'

/** Opens the repository of a work tree, after making sure that a work tree of ours still points where it should. */
export async function openWorkTree(context: GitContext, path: string, signal?: AbortSignal): Promise<Repository> {
  await context.records.check(path)
  return openRepository(path, signal)
}
