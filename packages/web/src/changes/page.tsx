import type { Turn, Workspace } from '@skein/protocol'
import { FileDiff } from 'lucide-react'
import { useRef, useState } from 'react'
import { useApi } from '../api/context.tsx'
import { useWorkspace } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'
import '../comments/comments.css'
import { useComments } from '../comments/commands.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useNarrow } from '../ui/use-media.ts'
import { ApplyDialog } from './apply-dialog.tsx'
import { CommitDialog } from './commit-dialog.tsx'
import { type DiffPreferences, storedPreferences, storePreferences } from './diff-options.ts'
import { DiffView, type DiffViewHandle } from './diff-view.tsx'
import { FileTree } from './file-tree.tsx'
import { HighlightWorkers } from './highlight-workers.tsx'
import { type LineSelection, selectedRange } from './line-cursor.ts'
import { LostComments } from './lost-comments.tsx'
import { quoteOf } from './notes.ts'
import { ReviewContext } from './review.ts'
import { ReviewTray } from './review-tray.tsx'
import { SelectionBar } from './selection-bar.tsx'
import { Toolbar } from './toolbar.tsx'
import { TreePanel } from './tree-panel.tsx'
import { useChanges } from './use-changes.ts'
import { useDiffKeys } from './use-diff-keys.ts'
import { useReviewState } from './use-review.ts'
import { useWorkTree } from './use-work-tree.ts'
import { loadWholeFile } from './whole-file.ts'

interface ChangesPageProps {
  workspaceId: string
  sessionId?: string
}

/** What a workspace changed: read, commented on, taken in or taken back. */
export function ChangesPage({ workspaceId, sessionId }: ChangesPageProps) {
  const workspace = useWorkspace(workspaceId)
  if (!workspace) return <Skeleton className="m-4 h-64" />
  if (workspace.state === 'creating') {
    return <EmptyState title="Nothing to compare yet">The workspace is being made.</EmptyState>
  }
  return (
    <HighlightWorkers>
      <Changes key={workspaceId} workspace={workspace} sessionId={sessionId ?? workspace.sessions.at(-1)?.id} />
    </HighlightWorkers>
  )
}

function Changes({ workspace, sessionId }: { workspace: Workspace; sessionId: string | undefined }) {
  const api = useApi()
  const narrow = useNarrow()
  const [chosen, setChosen] = useState(storedPreferences)
  const preferences: DiffPreferences = narrow ? { ...chosen, style: 'unified' } : chosen
  const [turn, setTurn] = useState<Turn>()
  const [selection, setSelection] = useState<LineSelection>()
  const [current, setCurrent] = useState<string>()
  const [treeOpen, setTreeOpen] = useState<boolean>()
  const [dialog, setDialog] = useState<'commit' | 'apply'>()
  const view = useRef<DiffViewHandle>(null)

  const turns = useApiQuery(
    'turns.list',
    { sessionId: sessionId ?? '' },
    { enabled: sessionId !== undefined, keep: true },
  )
  const comparison = {
    workspaceId: workspace.id,
    ...(turn?.fromTree === undefined ? {} : { from: turn.fromTree }),
    ...(turn?.toTree === undefined ? {} : { tree: turn.toTree }),
    ...(chosen.ignoreWhitespace ? { ignoreWhitespace: true } : {}),
  }
  const { changes, error, loading, reload } = useChanges(comparison, workspace.diff?.at)
  const comments = useComments(workspace.id)
  const present = turn === undefined && workspace.state === 'ready'
  const workTree = useWorkTree(workspace, reload)
  const { review, items, openBox, diffComments, files } = useReviewState({
    ...{ workspace, sessionId, changes, comments, present, hunksApply: !chosen.ignoreWhitespace },
    scope: JSON.stringify([workspace.id, comparison]),
    stage: workTree.stage,
    discard: workTree.discard,
  })

  const setPreferences = (next: DiffPreferences) => {
    setChosen(next)
    storePreferences(next)
  }
  const comment = (on: LineSelection) => {
    const { side, startLine, endLine } = selectedRange(on)
    const patch = changes?.patches.get(on.path)
    const quote = patch && quoteOf(patch, side, startLine, endLine)
    if (!changes || quote === undefined) return
    const id = [workspace.id, on.path, side, startLine, endLine].join(':')
    review.setCollapsed(on.path, false)
    openBox({ ...{ id, path: on.path, side, startLine, endLine, quote }, tree: changes.tree })
    setSelection(undefined)
  }
  const showFile = (path: string) => {
    setCurrent(path)
    view.current?.showFile(path)
  }
  const keys = { review, files, current, selection, preferences, setSelection, setPreferences, comment, showFile, view }
  useDiffKeys({ ...keys, narrow })

  const totals = {
    files: files.length,
    added: files.reduce((sum, file) => sum + file.added, 0),
    deleted: files.reduce((sum, file) => sum + file.deleted, 0),
    viewed: files.filter((file) => review.isViewed(file.path)).length,
  }
  const treeShown = treeOpen ?? (!narrow && files.length > 0)

  return (
    <ReviewContext.Provider value={review}>
      <div className="flex h-full min-h-0 flex-col">
        <Toolbar
          turns={turns.data ?? []}
          turnId={turn?.id}
          onTurn={(id) => setTurn(turns.data?.find((each) => each.id === id))}
          preferences={preferences}
          onPreferences={setPreferences}
          totals={totals}
          narrow={narrow}
          onTree={() => setTreeOpen(!treeShown)}
          git={workTree.git}
          present={present}
          onCommit={() => setDialog('commit')}
          onApply={() => setDialog('apply')}
          loading={loading && changes !== undefined}
        />
        {error !== undefined && changes === undefined ? (
          <ErrorState error={error} title="The changes could not be read" retry={reload} />
        ) : changes === undefined ? (
          <div className="space-y-3 p-4" role="status" aria-label="Loading the changes">
            <Skeleton className="h-11" />
            <Skeleton className="h-64" />
          </div>
        ) : (
          <div className="relative flex min-h-0 flex-1">
            <TreePanel
              open={treeShown}
              narrow={narrow}
              onClose={() => setTreeOpen(false)}
              tree={
                <FileTree
                  files={files}
                  current={current ?? files[0]?.path}
                  isViewed={review.isViewed}
                  commentsOn={(path) => diffComments.filter((each) => each.place.path === path).length}
                  onShow={(path) => {
                    showFile(path)
                    if (narrow) setTreeOpen(false)
                  }}
                />
              }
            >
              <div className="relative flex min-h-0 min-w-0 flex-1 flex-col">
                <LostComments comments={diffComments} complete={changes.complete} />
                {files.length === 0 ? (
                  <EmptyState icon={FileDiff} title={turn ? 'This turn changed nothing' : 'No changes yet'}>
                    {turn
                      ? 'The work tree was the same before and after it.'
                      : `The work tree is as ${workspace.baseRef} was when the workspace was made.`}
                  </EmptyState>
                ) : (
                  <DiffView
                    ref={view}
                    items={items}
                    preferences={preferences}
                    selection={selection}
                    onSelect={setSelection}
                    onComment={comment}
                    onCurrentFile={setCurrent}
                    loadFile={(diff) => loadWholeFile(api, workspace.id, changes, diff)}
                  />
                )}
                {selection && (
                  <SelectionBar
                    selection={selection}
                    onComment={() => comment(selection)}
                    onClear={() => setSelection(undefined)}
                  />
                )}
              </div>
            </TreePanel>
          </div>
        )}
        <ReviewTray
          workspaceId={workspace.id}
          sessionId={sessionId}
          comments={diffComments}
          onShow={({ place }) => {
            review.setCollapsed(place.path, false)
            view.current?.showLine(place.path, place.side, place.endLine)
          }}
        />
      </div>
      <CommitDialog
        workspaceId={workspace.id}
        branch={workspace.branch}
        git={workTree.git}
        open={dialog === 'commit'}
        onOpenChange={(open) => setDialog(open ? 'commit' : undefined)}
        onCommitted={workTree.refresh}
      />
      <ApplyDialog
        workspace={workspace}
        open={dialog === 'apply'}
        onOpenChange={(open) => setDialog(open ? 'apply' : undefined)}
      />
    </ReviewContext.Provider>
  )
}
