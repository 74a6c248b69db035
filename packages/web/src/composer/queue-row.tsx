import { type QueuedPrompt, textOf } from '@skein/protocol'
import { GripVertical, Image, Pencil, Trash2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { cn } from '../ui/cn.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { Textarea } from '../ui/textarea.tsx'

interface QueueRowProps {
  prompt: QueuedPrompt
  /** `2 of 3`. */
  place: string
  alone: boolean
  held: boolean
  editing: boolean
  busy: boolean
  onEdit(yes: boolean): void
  onSave(text: string): void
  onRemove(): void
  onMove(by: number): void
  onHold(): void
}

/** One prompt that waits. */
export function QueueRow({ prompt, place, alone, held, editing, busy, ...on }: QueueRowProps) {
  const text = textOf(prompt.content)
  const images = prompt.content.filter(({ type }) => type === 'image').length
  return (
    <li
      className={cn(
        'flex items-start gap-1 rounded-md border bg-surface px-1 py-1',
        held && 'border-accent opacity-80',
      )}
    >
      {!alone && (
        <IconButton
          label={`Move, ${place}`}
          side="left"
          aria-roledescription="sortable"
          className="cursor-grab touch-none"
          onPointerDown={on.onHold}
          onKeyDown={(event) => {
            const by = { ArrowUp: -1, ArrowDown: 1 }[event.key]
            if (by === undefined) return
            event.preventDefault()
            on.onMove(by)
          }}
        >
          <GripVertical />
        </IconButton>
      )}
      {editing ? (
        <Editor text={text} busy={busy} onSave={on.onSave} onCancel={() => on.onEdit(false)} />
      ) : (
        <>
          <p className="line-clamp-2 min-w-0 flex-1 whitespace-pre-wrap px-1 py-0.5 text-sm [overflow-wrap:anywhere]">
            {visibleCharacters(text) || <span className="text-muted">Without words</span>}
          </p>
          {images > 0 && (
            <span className="flex items-center gap-1 px-1 py-1 text-muted text-xs">
              <Image aria-hidden className="size-3.5" />
              <span className="sr-only">Images: </span>
              {images}
            </span>
          )}
          <IconButton label="Edit" onClick={() => on.onEdit(true)}>
            <Pencil />
          </IconButton>
          <IconButton label="Remove from the queue" onClick={on.onRemove}>
            <Trash2 />
          </IconButton>
        </>
      )}
    </li>
  )
}

interface EditorProps {
  text: string
  busy: boolean
  onSave(text: string): void
  onCancel(): void
}

function Editor({ text, busy, onSave, onCancel }: EditorProps) {
  const [value, setValue] = useState(text)
  const area = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    area.current?.focus()
    area.current?.setSelectionRange(area.current.value.length, area.current.value.length)
  }, [])
  return (
    <Textarea
      ref={area}
      grow
      rows={1}
      aria-label="Queued prompt"
      aria-description="Enter saves, Escape leaves it as it was"
      className="max-h-48 flex-1 py-1 text-sm"
      value={value}
      readOnly={busy}
      onChange={(event) => setValue(event.target.value)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return
        if (event.key === 'Escape') {
          event.preventDefault()
          event.stopPropagation()
          onCancel()
        }
        if (event.key === 'Enter' && !event.shiftKey) {
          event.preventDefault()
          if (value.trim() !== '') onSave(value.trim())
        }
      }}
    />
  )
}
