import type { CallHandlers, Parts } from '../api.ts'
import { listFolders } from '../projects/folders.ts'
import { search } from '../search/search.ts'

/** What is looked up rather than worked with. */
export function lookupHandlers({
  context,
  indexer,
}: Parts): Pick<CallHandlers, 'search' | 'agents.list' | 'folders.list'> {
  return {
    search: (params) => search(context, indexer, params),
    'agents.list': async () =>
      [...context.agents.values()].map(({ kind, name, capabilities }) => ({ kind, name, capabilities })),
    'folders.list': ({ path }) => listFolders(path),
  }
}
