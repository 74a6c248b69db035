import { useState } from 'react'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../ui/select.tsx'

interface ChooseProps {
  label: string
  placeholder: string
  value: string | undefined
  options: readonly { id: string; name: string; detail?: string | undefined }[]
  /** Names the way back to having chosen nothing. */
  own?: string | undefined
  onChoose(id: string): void
  onOwn?(): void
}

const OWN = '\0own'

/**
 * One of several, in a toolbar. Nothing where there is nothing to choose. The options are made when it is opened: they would be
 * made, and made again with each event of the session, for nobody.
 */
export function Choose({ label, placeholder, value, options, own, onChoose, onOwn }: ChooseProps) {
  const [open, setOpen] = useState(false)
  if (options.length === 0) return null
  const known = value === undefined || options.some(({ id }) => id === value)
  const all = known ? options : [{ id: value, name: value }, ...options]
  return (
    <Select
      open={open}
      onOpenChange={setOpen}
      value={value ?? ''}
      onValueChange={(id) => (id === OWN ? onOwn?.() : onChoose(id))}
    >
      <SelectTrigger size="sm" quiet aria-label={label} className="max-w-40">
        <SelectValue placeholder={placeholder}>{all.find(({ id }) => id === value)?.name}</SelectValue>
      </SelectTrigger>
      {open && (
        <SelectContent>
          {own !== undefined && <SelectItem value={OWN}>{own}</SelectItem>}
          {all.map(({ id, name, detail }) => (
            <SelectItem key={id} value={id} {...(detail === undefined ? {} : { detail })}>
              {name}
            </SelectItem>
          ))}
        </SelectContent>
      )}
    </Select>
  )
}
