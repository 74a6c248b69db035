import { type ReactNode, useEffect, useRef } from 'react'
import { Button } from '../ui/button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { Textarea } from '../ui/textarea.tsx'

interface CommentFieldProps {
  label: string
  value: string
  onChange(value: string): void
  /** What sends it. */
  submit: ReactNode
  /** Nothing to send without words. */
  required?: boolean
  disabled?: boolean
  onSubmit(): void
  onCancel(): void
}

/** Words that go with an answer: Mod+Enter sends them, Esc goes back to the choices. */
export function CommentField({ label, value, onChange, submit, required, disabled, ...on }: CommentFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => field.current?.focus(), [])
  const empty = required === true && value.trim() === ''
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (!empty) on.onSubmit()
      }}
    >
      <Textarea
        ref={field}
        grow
        rows={2}
        aria-label={label}
        placeholder={label}
        className="max-h-60"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.preventDefault()
            event.stopPropagation()
            on.onCancel()
          }
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
            event.preventDefault()
            if (!empty && !disabled) on.onSubmit()
          }
        }}
      />
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" size="sm" variant="primary" disabled={disabled || empty}>
          {submit}
          <Kbd
            keys="mod+enter"
            className="text-inherit max-sm:hidden [&_kbd]:border-current/30 [&_kbd]:bg-transparent"
          />
        </Button>
        <Button size="sm" variant="ghost" onClick={on.onCancel}>
          Back
        </Button>
      </div>
    </form>
  )
}
