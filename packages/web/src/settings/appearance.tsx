import { Monitor, Moon, Sun } from 'lucide-react'
import { useState } from 'react'
import { type ThemeMode, useTheme } from '../theme/theme.ts'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import type { Base16Scheme } from './base16.ts'
import { BASE16_SCHEMES } from './base16-schemes.ts'
import { ImportScheme } from './import-scheme.tsx'
import { Section, SettingRow } from './section.tsx'

const MODES: { mode: ThemeMode; label: string; icon: typeof Sun }[] = [
  { mode: 'light', label: 'Light', icon: Sun },
  { mode: 'dark', label: 'Dark', icon: Moon },
  { mode: 'system', label: 'As the system', icon: Monitor },
]

/** Light or dark, colours, and the size of text. */
export function Appearance() {
  const { mode, scheme, scale, setMode, setScheme, setScale } = useTheme()
  const [importing, setImporting] = useState(false)
  const own = scheme && !BASE16_SCHEMES.some(({ name }) => name === scheme.name) ? scheme : undefined
  return (
    <Section id="appearance" title="Appearance">
      <div className="border-b py-3">
        <h3 id="theme-label" className="mb-2">
          Theme
        </h3>
        <fieldset aria-labelledby="theme-label" className="min-w-0 flex flex-wrap gap-2">
          {MODES.map(({ mode: one, label, icon: Icon }) => (
            <Button key={one} aria-pressed={!scheme && mode === one} onClick={() => setMode(one)}>
              <Icon aria-hidden />
              {label}
            </Button>
          ))}
        </fieldset>
      </div>
      <div className="border-b py-3">
        <h3 id="scheme-label">Colour scheme</h3>
        <p className="mb-3 text-muted text-sm">
          Base16: sixteen colours for the whole app, terminals and code included.
        </p>
        <fieldset aria-labelledby="scheme-label" className="min-w-0 grid grid-cols-2 gap-2 sm:grid-cols-3">
          {[...BASE16_SCHEMES, ...(own ? [own] : [])].map((one) => (
            <Swatch
              key={one.name}
              scheme={one}
              chosen={scheme?.name === one.name}
              onChoose={() => setScheme(scheme?.name === one.name ? undefined : one)}
            />
          ))}
        </fieldset>
        <div className="mt-3 flex flex-wrap gap-2">
          <Button onClick={() => setImporting(true)}>Import a Base16 scheme…</Button>
          {scheme && (
            <Button variant="ghost" onClick={() => setScheme(undefined)}>
              Use Skein’s own colours
            </Button>
          )}
        </div>
        <ImportScheme open={importing} onOpenChange={setImporting} />
      </div>
      <SettingRow label="Size of text" hint={`${scale} %`}>
        {(props) => (
          <input
            {...props}
            type="range"
            min={75}
            max={150}
            step={5}
            value={scale}
            aria-valuetext={`${scale} %`}
            onChange={(event) => setScale(Number(event.target.value))}
            className="w-48 accent-accent"
          />
        )}
      </SettingRow>
    </Section>
  )
}

interface SwatchProps {
  scheme: Pick<Base16Scheme, 'name' | 'variant'> & { palette: Readonly<Record<string, string>> }
  chosen: boolean
  onChoose: () => void
}

function Swatch({ scheme, chosen, onChoose }: SwatchProps) {
  const { palette } = scheme
  const accents = ['base08', 'base09', 'base0A', 'base0B', 'base0C', 'base0D', 'base0E']
  return (
    <button
      type="button"
      aria-pressed={chosen}
      onClick={onChoose}
      style={{ backgroundColor: palette.base00, color: palette.base05 }}
      className={cn('min-w-0 rounded-lg border p-3 text-left', chosen && 'outline-2 outline-accent outline-offset-2')}
    >
      <span className="block truncate font-medium text-sm">{scheme.name}</span>
      <span aria-hidden className="mt-2 flex gap-1">
        {accents.map((key) => (
          <span key={key} style={{ backgroundColor: palette[key] }} className="h-3 min-w-0 flex-1 rounded-sm" />
        ))}
      </span>
    </button>
  )
}
