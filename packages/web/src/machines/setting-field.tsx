import type { MachineSetting } from '@skein/protocol'
import { type ReactNode, useId } from 'react'
import { Input } from '../ui/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../ui/select.tsx'
import { Switch } from '../ui/switch.tsx'
import { Textarea } from '../ui/textarea.tsx'

interface FieldProps {
  label: string
  about?: string | undefined
  problem?: string | undefined
  required?: boolean
  children(props: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }): ReactNode
}

/** A label, a field, what it is about, and what is wrong with it. */
export function Field({ label, about, problem, required = false, children }: FieldProps) {
  const id = useId()
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="font-medium text-sm">
        {label}
        {!required && <span className="font-normal text-muted"> (optional)</span>}
      </label>
      {children({ id, 'aria-describedby': `${id}-about`, 'aria-invalid': problem !== undefined })}
      <p id={`${id}-about`} className="text-muted text-xs [overflow-wrap:anywhere]">
        {problem !== undefined && <span className="font-medium text-danger">{problem} </span>}
        {about}
      </p>
    </div>
  )
}

interface SettingFieldProps {
  setting: MachineSetting
  value: string | boolean
  problem: string | undefined
  onChange(value: string | boolean): void
}

/** The field of one of a kind's settings, by its type. */
export function SettingField({ setting, value, problem, onChange }: SettingFieldProps) {
  const { name, type, about, required = false, choices, default: usual } = setting
  if (typeof value === 'boolean') return <FlagField setting={setting} value={value} onChange={onChange} />
  const needed = required && usual === undefined
  const offered = type === 'flag' ? ['true', 'false'] : choices
  return (
    <Field label={name} about={type === 'list' ? `${about} One a line.` : about} problem={problem} required={needed}>
      {(props) =>
        offered !== undefined ? (
          <Select
            value={value === '' && !needed ? USUAL : value}
            onValueChange={(one) => onChange(one === USUAL ? '' : one)}
          >
            <SelectTrigger className="w-full" {...props}>
              <SelectValue placeholder="Choose one" />
            </SelectTrigger>
            <SelectContent>
              {usual === undefined && !needed && <SelectItem value={USUAL}>As usual</SelectItem>}
              {offered.map((choice) => (
                <SelectItem key={choice} value={choice}>
                  {FLAGS[choice] ?? choice}
                </SelectItem>
              ))}
            </SelectContent>
          </Select>
        ) : type === 'number' ? (
          <Input
            {...props}
            {...plain}
            value={value}
            inputMode="decimal"
            placeholder={usual === undefined ? '' : String(usual)}
            onChange={(event) => onChange(event.target.value)}
          />
        ) : (
          <Textarea
            {...props}
            {...plain}
            grow
            rows={type === 'list' ? 2 : 1}
            value={value}
            className="max-h-40 font-mono text-sm"
            placeholder={typeof usual === 'string' ? usual : ''}
            onChange={(event) => onChange(event.target.value)}
            // A text may have several lines (a script has), and is one line mostly.
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || type === 'list') return
              event.preventDefault()
              event.currentTarget.form?.requestSubmit()
            }}
          />
        )
      }
    </Field>
  )
}

/** The value of a choice that is left to the provider. */
const USUAL = 'skein:usual'
const FLAGS: Record<string, string> = { true: 'Yes', false: 'No' }
const plain = { autoComplete: 'off', spellCheck: false, className: 'font-mono text-sm' } as const

function FlagField({
  setting,
  value,
  onChange,
}: {
  setting: MachineSetting
  value: boolean
  onChange(on: boolean): void
}) {
  const id = useId()
  return (
    <div className="flex items-start gap-3">
      <Switch id={id} checked={value} onCheckedChange={onChange} aria-describedby={`${id}-about`} />
      <div className="min-w-0">
        <label htmlFor={id} className="font-medium text-sm">
          {setting.name}
        </label>
        <p id={`${id}-about`} className="text-muted text-xs [overflow-wrap:anywhere]">
          {setting.about}
        </p>
      </div>
    </div>
  )
}
