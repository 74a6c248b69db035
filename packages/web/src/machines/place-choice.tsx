import { useMachines } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'
import { Input } from '../ui/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../ui/select.tsx'
import { placesOf } from './places.ts'

interface PlaceChoiceProps {
  id: string
  /** What `on` takes; one that ends with a colon is not complete. */
  value: string
  onChange(on: string): void
}

/** Where a workspace is put: a machine that is known, one that is made, or one that is named here. */
export function PlaceChoice({ id, value, onChange }: PlaceChoiceProps) {
  const kinds = useApiQuery('machines.kinds', {})
  const machines = useMachines()
  const places = placesOf(kinds.data ?? [], machines)
  const known = places.find(({ on }) => on === value)
  const prefix = /^[^:]+:/.exec(value)?.[0]
  // A name that is being typed belongs to the choice that asked for it.
  const named = known && !value.endsWith(':') ? undefined : places.find(({ on }) => on === prefix)
  const shown = named?.on ?? known?.on ?? value
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <Select value={shown} onValueChange={onChange}>
        <SelectTrigger id={id} className="w-full">
          <SelectValue placeholder={value} />
        </SelectTrigger>
        <SelectContent>
          {places.map(({ on, name, detail }) => (
            <SelectItem key={on} value={on} {...(detail === undefined ? {} : { detail })}>
              {name}
            </SelectItem>
          ))}
        </SelectContent>
      </Select>
      {named && (
        <Input
          aria-label={`Name of the ${named.name.replace(/^Another |…$/g, '')}`}
          placeholder="Its name, as your own ssh takes it"
          autoComplete="off"
          spellCheck={false}
          value={value.slice(named.on.length)}
          className="font-mono text-sm"
          onChange={(event) => onChange(`${named.on}${event.target.value.trim()}`)}
        />
      )}
    </div>
  )
}
