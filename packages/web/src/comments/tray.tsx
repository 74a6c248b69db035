import type { Comment } from '@skein/protocol'
import { type ReactNode, useId, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { useDraft } from './drafts.ts'
import { Quote } from './thread.tsx'
import { visibleCharacters } from './visible-characters.ts'

interface TrayProps {
  drafts: readonly Comment[]
  /** Names the message in the browser's storage. */
  name: string
  where(comment: Comment): string
  onShow(comment: Comment): void
  onDelete(comment: Comment): void
  /** Sends the drafts and the message; rejects when they stay as they were. */
  onSend(message: string | undefined): Promise<void>
  sendLabel(count: number): string
  /** Other ways to go on, beside sending. */
  children?: ReactNode
  /** What the message is for. */
  placeholder: string
  /** Why nothing can be sent now. */
  blocked?: string | undefined
}

/** The comments that are not sent yet, with a message for all of them: they go to the agent as one. */
export function Tray({ drafts, name, where, onShow, onDelete, onSend, sendLabel, children, ...props }: TrayProps) {
  const id = useId()
  const [message, setMessage, forget] = useDraft(name)
  const [open, setOpen] = useState(false)
  const [busy, setBusy] = useState(false)
  const nothing = drafts.length === 0 && message.trim() === ''

  const send = async () => {
    if (nothing || busy || props.blocked !== undefined) return
    setBusy(true)
    try {
      await onSend(message.trim() === '' ? undefined : message.trim())
      forget()
      setOpen(false)
    } catch {
      // Whoever sends has told why; drafts and message stay.
    } finally {
      setBusy(false)
    }
  }

  return (
    <section aria-label="Review" className="tray">
      {open && drafts.length > 0 && (
        <ul id={`${id}-drafts`} className="max-h-[40vh] divide-y divide-border overflow-auto border-b border-border">
          {drafts.map((draft) => (
            <li key={draft.id} className="flex items-start gap-2 px-3 py-2">
              <button type="button" className="min-w-0 flex-1 text-left" onClick={() => onShow(draft)}>
                <span className="block truncate font-mono text-xs text-muted">{where(draft)}</span>
                <Quote text={draft.quote.split('\n').slice(0, 2).join('\n')} />
                <span className="mt-1 line-clamp-3 whitespace-pre-wrap text-sm">{visibleCharacters(draft.body)}</span>
              </button>
              <Button variant="ghost" size="sm" onClick={() => onDelete(draft)}>
                Delete
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className="flex flex-wrap items-end gap-2 p-2">
        <Button
          variant="ghost"
          size="sm"
          disabled={drafts.length === 0}
          aria-expanded={open}
          aria-controls={`${id}-drafts`}
          onClick={() => setOpen(!open)}
        >
          {drafts.length === 1 ? '1 draft' : `${drafts.length} drafts`}
        </Button>
        <label className="min-w-40 flex-1 basis-60">
          <span className="sr-only">{props.placeholder}</span>
          <textarea
            value={message}
            rows={Math.min(8, message.split('\n').length)}
            placeholder={props.placeholder}
            className="field block w-full resize-none"
            onChange={(event) => setMessage(event.target.value)}
            onKeyDown={(event) => {
              event.stopPropagation()
              if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void send()
              if (event.key === 'Escape') event.currentTarget.blur()
            }}
          />
        </label>
        <div className="flex flex-wrap items-center gap-2">
          <Button
            size="sm"
            variant={children === undefined ? 'primary' : 'secondary'}
            disabled={nothing || busy || props.blocked !== undefined}
            title={props.blocked}
            onClick={() => void send()}
          >
            {sendLabel(drafts.length)}
          </Button>
          {children}
        </div>
      </div>
    </section>
  )
}
