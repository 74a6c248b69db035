import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../ui/select.tsx'

interface ChooseProps {
  label: string
  placeholder: string
  value: string | undefined
  options: readonly { id: string; name: string; detail?: string | undefined }[]
  onChoose(id: string): void
}

/** One of several, in a toolbar. Nothing where there is nothing to choose. */
export function Choose({ label, placeholder, value, options, onChoose }: ChooseProps) {
  if (options.length === 0) return null
  const known = value === undefined || options.some(({ id }) => id === value)
  const all = known ? options : [{ id: value, name: value }, ...options]
  return (
    <Select value={value ?? ''} onValueChange={onChoose}>
      <SelectTrigger size="sm" quiet aria-label={label} className="max-w-40">
        <SelectValue placeholder={placeholder} />
      </SelectTrigger>
      <SelectContent>
        {all.map(({ id, name, detail }) => (
          <SelectItem key={id} value={id} {...(detail === undefined ? {} : { detail })}>
            {name}
          </SelectItem>
        ))}
      </SelectContent>
    </Select>
  )
}
