import { type FileChange, type SkeinApi, SkeinError } from '@skein/protocol'
import { type FilePatch, readFilePatch } from './file-patch.ts'
import { PatchReader } from './patch-reader.ts'

/** What is compared: the workspace with its base, or what one turn did. */
export interface Comparison {
  workspaceId: string
  from?: string
  tree?: string
  ignoreWhitespace?: boolean
}

export interface LoadedChanges {
  files: readonly FileChange[]
  base: string
  /** The state of the work tree that this is; comments name it. */
  tree: string
  /** By path; grows until `complete`. */
  patches: ReadonlyMap<string, FilePatch>
  complete: boolean
}

/** A work tree that changes all the time is not chased for ever. */
const TRIES = 4

/**
 * Reads all changes, and yields what there is after each part of the patch. Patches that are the same as in `before` stay the same
 * objects. Begins anew when the work tree changes so much that its former state is not kept.
 */
export async function* loadChanges(
  api: Pick<SkeinApi, 'call'>,
  comparison: Comparison,
  before: LoadedChanges | undefined,
  signal: AbortSignal,
): AsyncGenerator<LoadedChanges> {
  for (let attempt = 1; ; attempt++) {
    try {
      yield* loadOnce(api, comparison, before, signal)
      return
    } catch (error) {
      const moved = error instanceof SkeinError && error.code === 'conflict'
      if (!moved || comparison.tree !== undefined || attempt === TRIES) throw error
    }
  }
}

async function* loadOnce(
  api: Pick<SkeinApi, 'call'>,
  { workspaceId, from, tree: asked, ignoreWhitespace }: Comparison,
  before: LoadedChanges | undefined,
  signal: AbortSignal,
): AsyncGenerator<LoadedChanges> {
  const ends = { ...(from === undefined ? {} : { from }), ...(asked === undefined ? {} : { to: asked }) }
  const query = {
    workspaceId,
    ...(from === undefined ? {} : { from }),
    ...(ignoreWhitespace ? { ignoreWhitespace } : {}),
  }
  const [first, list] = await Promise.all([
    api.call('workspaces.diff', { ...query, ...(asked === undefined ? {} : { tree: asked }) }, signal),
    api.call('workspaces.changes', { workspaceId, ...ends }, signal),
  ])
  const { tree } = first
  const { files, base } =
    list.tree === tree ? list : await api.call('workspaces.changes', { workspaceId, ...ends, to: tree }, signal)

  const reader = new PatchReader()
  const patches = new Map<string, FilePatch>()
  const keep = (sections: string[]) => {
    for (const section of sections) {
      const patch = readFilePatch(section)
      const known = before?.patches.get(patch.path)
      patches.set(patch.path, known !== undefined && known.text === patch.text ? known : patch)
    }
  }
  const now = (complete: boolean): LoadedChanges => ({ files, base, tree, patches: new Map(patches), complete })

  let part = first
  for (let offset = 0; ; ) {
    keep(reader.push(part.patch))
    if (part.eof) break
    yield now(false)
    offset += part.patch.length
    part = await api.call('workspaces.diff', { ...query, tree, offset }, signal)
  }
  keep(reader.end())
  yield now(true)
}
