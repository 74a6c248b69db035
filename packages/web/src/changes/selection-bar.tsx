import { MessageSquarePlus, X } from 'lucide-react'
import { lineRangeName } from '../comments/line-range-name.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { useEditors } from '../settings/use-editors.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { copyText } from './copy-text.ts'
import { editorLink } from './editor-links.ts'
import { hunkAt, hunksOf, patchOfHunks } from './file-patch.ts'
import { type LineSelection, selectedRange } from './line-cursor.ts'
import { useReview } from './review.ts'

interface SelectionBarProps {
  selection: LineSelection
  onComment(): void
  onClear(): void
}

/** What can be done with the selected lines and with the hunk that they are in. */
export function SelectionBar({ selection, onComment, onClear }: SelectionBarProps) {
  const review = useReview()
  const { path } = selection
  const { side, startLine, endLine } = selectedRange(selection)
  const patch = review.patchOf(path)
  const hunk = patch && hunkAt(hunksOf(patch), side, endLine)
  const change = review.changeOf(path)
  const editable = review.present && review.hunksApply && hunk !== undefined
  const { machine, path: root } = review.workspace
  const urls = useEditors().flatMap(({ id, name }) => {
    const url = side === 'old' ? undefined : editorLink(id, { machine, root, path, line: startLine })
    return url === undefined || change?.status === 'deleted' ? [] : [{ name, url }]
  })
  return (
    <div role="toolbar" aria-label="Selected lines" className="selection-bar">
      <span className="min-w-0 truncate text-xs max-sm:hidden">
        <span className="text-muted">{visibleCharacters(path.slice(path.lastIndexOf('/') + 1))}</span>{' '}
        {lineRangeName({ startLine, endLine })}
        {side === 'old' && <span className="text-muted"> before</span>}
      </span>
      <Button size="sm" variant="primary" onClick={onComment}>
        <MessageSquarePlus aria-hidden /> Comment <Kbd keys="c" className="max-sm:hidden" />
      </Button>
      {editable && patch && (
        <>
          <Button
            size="sm"
            variant="ghost"
            onClick={() => review.stage({ path, patch: patchOfHunks(patch, [hunk], { rename: true }) }, false)}
          >
            Stage hunk
          </Button>
          <Button
            size="sm"
            variant="ghost"
            onClick={() => review.stage({ path, patch: patchOfHunks(patch, [hunk], { rename: true }) }, true)}
          >
            Unstage hunk
          </Button>
          <Button
            size="sm"
            variant="ghost"
            onClick={() => review.discard({ path, patch: patchOfHunks(patch, [hunk], { rename: false }) })}
          >
            Discard hunk…
          </Button>
        </>
      )}
      <Button size="sm" variant="ghost" onClick={() => copyText(`${path}:${startLine}`, 'Place')}>
        Copy place
      </Button>
      {urls.map(({ name, url }) => (
        <Button key={name} size="sm" variant="ghost" asChild className="max-lg:hidden">
          <a href={url}>{name}</a>
        </Button>
      ))}
      <IconButton label="Clear the selection" keys="escape" onClick={onClear}>
        <X aria-hidden />
      </IconButton>
    </div>
  )
}
