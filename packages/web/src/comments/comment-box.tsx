import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { useDraft } from './drafts.ts'

interface CommentBoxProps {
  /** What the text is, for those who do not see where the box stands: "Comment on lines 3–5". */
  label: string
  /** Names the text in the browser's storage, so that a reload loses nothing. */
  draftName: string
  initial?: string
  placeholder?: string
  submitLabel: string
  onSubmit(body: string): Promise<void>
  onCancel(): void
}

/** Where a comment is written: Mod+Enter saves, Esc leaves (an unsaved text is kept for the next time). */
export function CommentBox({
  label,
  draftName,
  initial,
  placeholder,
  submitLabel,
  onSubmit,
  onCancel,
}: CommentBoxProps) {
  const id = useId()
  const area = useRef<HTMLTextAreaElement>(null)
  const [text, setText, forget] = useDraft(draftName, initial)
  const [busy, setBusy] = useState(false)
  const empty = text.trim() === ''

  useEffect(() => {
    const element = area.current
    element?.focus({ preventScroll: true })
    element?.setSelectionRange(element.value.length, element.value.length)
  }, [])

  const submit = async () => {
    if (empty || busy) return
    setBusy(true)
    try {
      await onSubmit(text.trim())
      forget()
    } catch {
      // Whoever sends has told why; the text stays.
    } finally {
      setBusy(false)
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation()
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
      event.preventDefault()
      void submit()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      onCancel()
    }
  }

  return (
    <form
      className="comment-box"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <label htmlFor={id} className="sr-only">
        {label}
      </label>
      <textarea
        id={id}
        ref={area}
        value={text}
        rows={Math.min(14, Math.max(3, text.split('\n').length + 1))}
        placeholder={placeholder ?? label}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        className="block w-full resize-y bg-transparent px-3 py-2 text-sm outline-none placeholder:text-muted"
      />
      <div className="flex items-center gap-2 px-2 pb-2">
        <span className="mr-auto pl-1 text-xs text-muted max-sm:hidden">
          <Kbd keys="mod+enter" /> saves
        </span>
        <Button type="button" variant="ghost" size="sm" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" size="sm" disabled={empty || busy}>
          {submitLabel}
        </Button>
      </div>
    </form>
  )
}
