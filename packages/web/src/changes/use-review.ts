import type { Comment, FileChange, Workspace } from '@skein/protocol'
import { useMemo, useRef, useState } from 'react'
import { type DiffComment, isDiffComment } from '../comments/place.ts'
import { collapseReason } from './file-list.ts'
import type { FilePatch } from './file-patch.ts'
import { type DiffItem, DiffItems } from './items.ts'
import type { LoadedChanges } from './load-changes.ts'
import { hasLines, notesOf, type OpenBox } from './notes.ts'
import type { Review } from './review.ts'
import { useBoxes } from './use-boxes.ts'
import { isViewed, storedViewed, storeViewed, withViewed } from './viewed.ts'

interface Reviewed {
  workspace: Workspace
  sessionId: string | undefined
  changes: LoadedChanges | undefined
  comments: readonly Comment[]
  /** Names what is compared, and how. */
  scope: string
  present: boolean
  hunksApply: boolean
  stage: Review['stage']
  discard: Review['discard']
}

const NONE: readonly never[] = []

/** A person's review of loaded changes: what they have seen, closed, written; and the diff's items with all of that in them. */
export function useReviewState(input: Reviewed) {
  const { workspace, changes, comments, scope } = input
  const [viewed, setViewed] = useState(() => storedViewed(workspace.id))
  const [folded, setFolded] = useState<ReadonlyMap<string, boolean>>(new Map())
  const { boxes, open: openBox, close: closeBox } = useBoxes(workspace.id)
  const maker = useRef<DiffItems>(undefined)
  maker.current ??= new DiffItems()
  const diffItems = maker.current

  const files = changes?.files ?? NONE
  const changesByPath = useMemo(() => new Map(files.map((file) => [file.path, file])), [files])
  const diffComments = useMemo(() => comments.filter(isDiffComment), [comments])
  const commentsByPath = useMemo(() => Map.groupBy(diffComments, (comment) => comment.place.path), [diffComments])
  const boxesByPath = useMemo(() => Map.groupBy(boxes, (box) => box.path), [boxes])

  const placed = useMemo(
    () => placeAll(changes, changesByPath, commentsByPath, boxesByPath),
    [changes, changesByPath, commentsByPath, boxesByPath],
  )
  const isFileViewed = (path: string) => isViewed(viewed, path, changes?.patches.get(path)?.version)
  const isCollapsed = (path: string): boolean => {
    const change = changesByPath.get(path)
    return folded.get(path) ?? (isFileViewed(path) || (change !== undefined && collapseReason(change) !== undefined))
  }
  const items: DiffItem[] = [...placed.values()].map(({ patch, notes }) =>
    diffItems.item(patch, scope, { collapsed: isCollapsed(patch.path), notes }),
  )
  const setFold = (path: string, collapsed: boolean) => setFolded(new Map(folded).set(path, collapsed))

  const review: Review = {
    ...{ workspace, sessionId: input.sessionId, base: changes?.base ?? 'base', tree: changes?.tree ?? 'work' },
    ...{ present: input.present, hunksApply: input.hunksApply, stage: input.stage, discard: input.discard },
    changeOf: (path) => changesByPath.get(path),
    patchOf: (path) => changes?.patches.get(path),
    isViewed: isFileViewed,
    setViewed: (path, is) => {
      const next = withViewed(viewed, path, is ? changes?.patches.get(path)?.version : undefined)
      setViewed(next)
      storeViewed(workspace.id, next)
      setFold(path, is)
    },
    isCollapsed,
    setCollapsed: setFold,
    commentOf: (id) => diffComments.find((comment) => comment.id === id),
    outdatedOf: (path) => placed.get(path)?.outdated ?? NONE,
    boxOf: (id) => boxes.find((box) => box.id === id),
    homelessBoxesOf: (path) => placed.get(path)?.homeless ?? NONE,
    closeBox,
  }
  return { review, items, openBox, diffComments, files }
}

interface Placed extends ReturnType<typeof notesOf> {
  patch: FilePatch
  homeless: readonly OpenBox[]
}

function placeAll(
  changes: LoadedChanges | undefined,
  changesByPath: ReadonlyMap<string, FileChange>,
  comments: ReadonlyMap<string, DiffComment[]>,
  boxes: ReadonlyMap<string, OpenBox[]>,
): Map<string, Placed> {
  const placed = new Map<string, Placed>()
  for (const patch of changes?.patches.values() ?? []) {
    const change = changesByPath.get(patch.path)
    if (!change) continue
    const here = boxes.get(patch.path) ?? NONE
    const notes = notesOf({ change, patch, comments: comments.get(patch.path) ?? NONE, boxes: here })
    placed.set(patch.path, { patch, ...notes, homeless: here.filter((box) => !hasLines(box, patch)) })
  }
  return placed
}
