import type { ShareWay } from '@skein/protocol'
import { type FormEvent, useId, useState } from 'react'
import { useCommand } from '../api/use-command.ts'
import { Button } from '../ui/button.tsx'
import { Input } from '../ui/input.tsx'

interface ShareWaySettingsProps {
  way: ShareWay
  onSaved: () => void
}

/** What a kind of tunnel lacks, and fields for what can be set here. */
export function ShareWaySettings({ way, onSaved }: ShareWaySettingsProps) {
  const id = useId()
  const configure = useCommand('shares.configureWay')
  const [values, setValues] = useState<Record<string, string>>({})
  const save = async (event: FormEvent) => {
    event.preventDefault()
    const settings = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, value === '' ? null : value]),
    )
    if (await configure.run({ kind: way.kind, settings })) onSaved()
  }
  return (
    <div className="mt-2 rounded-md border border-border p-3 text-sm">
      {!way.ready && (
        <p>
          {capital(way.what)}. <span className="text-muted">{way.remedy}</span>
        </p>
      )}
      {way.settings.length > 0 && (
        <form onSubmit={(event) => void save(event)} className="mt-2 space-y-2">
          {way.settings.map(({ name, about }) => (
            <div key={name}>
              <label htmlFor={`${id}${name}`} className="text-muted text-xs">
                <span className="font-medium text-foreground">{name}</span> · {about}
              </label>
              <Input
                id={`${id}${name}`}
                value={values[name] ?? String(way.values[name] ?? '')}
                spellCheck={false}
                autoComplete="off"
                onChange={(event) => setValues({ ...values, [name]: event.target.value })}
              />
            </div>
          ))}
          <Button type="submit" size="sm" disabled={configure.pending || Object.keys(values).length === 0}>
            Save
          </Button>
        </form>
      )}
    </div>
  )
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
