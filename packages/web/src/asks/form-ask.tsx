import { ExternalLink } from 'lucide-react'
import { useId, useImperativeHandle, useState } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { Button } from '../ui/button.tsx'
import { Input } from '../ui/input.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { type AskBodyProps, denial } from './permission.tsx'
import { type FormField, fieldsOf, pageOf } from './question-form.ts'
import { ToolInputView } from './tool-input-view.tsx'

/** What an MCP server asks for: a form to fill in, or a page to look at. Anything else is shown as it came. */
export function FormAsk({ keys, ask, compact, pending, onAnswer }: AskBodyProps) {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const [checked, setChecked] = useState(false)
  const fields = fieldsOf(ask)
  const page = pageOf(ask)
  const missing = fields.filter(({ name, required }) => required && (values[name] ?? '') === '')
  const accept = () => {
    setChecked(true)
    if (missing.length === 0) onAnswer({ type: 'answers', answers: { ...values } })
  }
  const decline = () => onAnswer(denial(''))
  useImperativeHandle(keys, () => ({
    ...{ digit: () => {}, yes: accept, enter: accept, no: decline, comment: () => {} },
  }))
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        accept()
      }}
    >
      {page !== undefined && (
        <a
          href={page}
          target="_blank"
          rel="noopener noreferrer"
          className="inline-flex items-center gap-1.5 self-start break-all text-accent underline"
        >
          <ExternalLink aria-hidden className="size-4 shrink-0" />
          {visibleCharacters(page)}
        </a>
      )}
      {fields.map((field) => (
        <FieldRow
          key={field.name}
          field={field}
          value={values[field.name] ?? ''}
          missing={checked && missing.includes(field)}
          disabled={pending}
          onChange={(value) => {
            const { [field.name]: _, ...others } = values
            setValues(value === '' ? others : { ...others, [field.name]: value })
          }}
        />
      ))}
      {fields.length === 0 && page === undefined && <ToolInputView input={ask.input} compact={compact} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" size="sm" variant="primary" disabled={pending}>
          {fields.length === 0 ? 'Accept' : 'Send'}{' '}
          <Kbd keys="y" className="text-inherit max-sm:hidden [&_kbd]:border-current/30 [&_kbd]:bg-transparent" />
        </Button>
        <Button size="sm" disabled={pending} onClick={decline}>
          Decline <Kbd keys="n" className="max-sm:hidden" />
        </Button>
      </div>
    </form>
  )
}

interface FieldRowProps {
  field: FormField
  value: string
  missing: boolean
  disabled: boolean
  onChange(value: string): void
}

function FieldRow({ field, value, missing, disabled, onChange }: FieldRowProps) {
  const id = useId()
  const options = field.type === 'boolean' ? ['true', 'false'] : field.options
  const common = { id, value, disabled, 'aria-invalid': missing, 'aria-required': field.required }
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium text-sm">
        {visibleCharacters(field.title)}
        {!field.required && <span className="font-normal text-muted"> (optional)</span>}
      </label>
      {options ? (
        <select {...common} className="field h-8 self-start py-0" onChange={(event) => onChange(event.target.value)}>
          <option value="">Choose…</option>
          {options.map((option) => (
            <option key={option} value={option}>
              {field.type === 'boolean' ? (option === 'true' ? 'Yes' : 'No') : option}
            </option>
          ))}
        </select>
      ) : (
        <Input
          {...common}
          inputMode={field.type === 'number' ? 'decimal' : 'text'}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      {field.description !== undefined && <p className="text-muted text-xs">{visibleCharacters(field.description)}</p>}
      {missing && <p className="text-danger text-xs">This is needed.</p>}
    </div>
  )
}
