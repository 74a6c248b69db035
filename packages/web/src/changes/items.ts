import { type CodeViewDiffItem, type DiffLineAnnotation, type FileDiffMetadata, processFile } from '@pierre/diffs'
import type { FileChange } from '@skein/protocol'
import { type FilePatch, parseFilePatch, type Side } from './file-patch.ts'

/** What stands between the lines of a diff. */
export type Note =
  /** Of the file as a whole, above its lines: what cannot be shown as lines, and comments whose lines are gone. */
  | { kind: 'file' }
  | { kind: 'comment'; commentId: string }
  /** A comment that is being written. */
  | { kind: 'box'; boxId: string }

/** A note as the viewer carries it; its types do not take a union. */
export interface NoteSlot {
  note: Note
}

export type DiffItem = CodeViewDiffItem<NoteSlot>

/** A note under a line; `line` 0 is above the first one. */
export interface PlacedNote {
  side: Side
  line: number
  note: Note
}

interface Kept {
  patch: FilePatch
  scope: string
  diff: FileDiffMetadata
  /** Everything else that the item shows. */
  shown: string
  item: DiffItem
}

/**
 * Makes the viewer's items from patches. An item whose content, notes and state are as before is the same object as before, so
 * that the viewer leaves it alone.
 */
export class DiffItems {
  readonly #kept = new Map<string, Kept>()
  #versions = 0

  /** `scope` names what is compared: equal patches of two scopes are highlighted apart. */
  item(patch: FilePatch, scope: string, { collapsed, notes }: { collapsed: boolean; notes: PlacedNote[] }): DiffItem {
    const kept = this.#kept.get(patch.path)
    const shown = JSON.stringify([collapsed, notes])
    const same = kept !== undefined && kept.scope === scope && kept.patch === patch
    if (same && kept.shown === shown) return kept.item
    const wasEmpty = same && kept.diff.hunks.length === 0
    const diff = same && !(wasEmpty && !collapsed) ? kept.diff : diffOf(patch, scope, collapsed)
    const item: DiffItem = {
      ...{ id: patch.path, type: 'diff', fileDiff: diff, collapsed, version: ++this.#versions },
      annotations: notes.map(toAnnotation),
    }
    this.#kept.set(patch.path, { patch, scope, diff, shown, item })
    return item
  }
}

function toAnnotation({ side, line, note }: PlacedNote): DiffLineAnnotation<NoteSlot> {
  return { side: side === 'old' ? 'deletions' : 'additions', lineNumber: line, metadata: { note } }
}

function diffOf(patch: FilePatch, scope: string, collapsed: boolean): FileDiffMetadata {
  const key = `${scope}\n${patch.path}\n${patch.version}`
  // What is closed is not parsed: that is most of the work for a lock file.
  const diff = collapsed ? undefined : parseFilePatch(patch, key)
  if (collapsed) return { ...placeholder(patch.path, key), hunks: [] }
  return diff && diff.hunks.length > 0 ? diff : placeholder(patch.path, key)
}

const PLACEHOLDER = '\nplaceholder'

/** Whether an item's one line is there only to hang a note on. */
export function isPlaceholder({ cacheKey }: FileDiffMetadata): boolean {
  return cacheKey?.endsWith(PLACEHOLDER) ?? false
}

/** One empty line to hang a note on: the viewer shows notes only of files that have lines. */
function placeholder(path: string, cacheKey: string): FileDiffMetadata {
  const diff = processFile('diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n \n', {
    cacheKey: `${cacheKey}${PLACEHOLDER}`,
  })
  if (!diff) throw new Error('the diff viewer does not parse an empty line')
  return { ...diff, name: path, lang: 'text', isPartial: false }
}

/** Whether a file has nothing to show but what a note says of it. */
export function hasNoLines(patch: FilePatch): boolean {
  return patch.binary || !/^@@ /m.test(patch.text)
}

/** What happened to a file that its lines do not show; undefined when they show everything. */
export function aboutFile(change: FileChange, patch: FilePatch | undefined): string | undefined {
  const facts: string[] = []
  if (change.status === 'renamed' || change.status === 'copied') {
    const verb = change.status === 'renamed' ? 'Renamed' : 'Copied'
    const unchanged = patch !== undefined && hasNoLines(patch) && !change.binary
    facts.push(`${verb} from ${change.oldPath ?? 'another file'}${unchanged ? ', its content unchanged' : ''}`)
  }
  const modes = change.oldMode !== undefined && change.newMode !== undefined && change.oldMode !== change.newMode
  if (modes) facts.push(`Mode changed from ${modeName(change.oldMode)} to ${modeName(change.newMode)}`)
  if (change.status === 'type_changed') facts.push('Became another kind of file')
  if (change.status === 'unmerged') facts.push('Has conflicts that are not resolved')
  if (change.binary) facts.push('Binary file')
  else if (facts.length === 0 && patch !== undefined && hasNoLines(patch)) {
    facts.push(change.status === 'deleted' ? 'An empty file was deleted' : 'Empty file')
  }
  return facts.length === 0 ? undefined : facts.join(' · ')
}

function modeName(mode: string | undefined): string {
  const names: Record<string, string> = {
    '100644': 'a plain file',
    '100755': 'an executable file',
    '120000': 'a symbolic link',
    '160000': 'a submodule',
  }
  return names[mode ?? ''] ?? mode ?? 'unknown'
}
