import { TriangleAlert, Upload } from 'lucide-react'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import { useTheme } from '../theme/theme.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../ui/dialog.tsx'
import { Textarea } from '../ui/textarea.tsx'
import { BASE16_KEYS, type Base16Scheme, contrastWarnings, parseBase16 } from './base16.ts'

const EXAMPLE = `system: "base16"
name: "My scheme"
variant: "dark"
palette:
  base00: "#1d2021"
  …`

/** Takes a Base16 scheme from text or a file, shows the app in it at once, and keeps it when the person says so. */
export function ImportScheme({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      {open && <ImportDialog onClose={() => onOpenChange(false)} />}
    </Dialog>
  )
}

function ImportDialog({ onClose }: { onClose: () => void }) {
  const id = useId()
  const { setScheme } = useTheme()
  const [text, setText] = useState('')
  const file = useRef<HTMLInputElement>(null)
  const read = useMemo(() => (text.trim() === '' ? undefined : parseBase16(text)), [text])
  const scheme = read && 'scheme' in read ? read.scheme : undefined
  const problem = read && 'problem' in read ? read.problem : undefined

  useEffect(() => {
    useTheme.getState().preview(scheme)
    return () => useTheme.getState().preview(undefined)
  }, [scheme])

  const take = async (chosen: File | undefined) => {
    if (!chosen) return
    // A scheme has a few hundred bytes; anything large is something else.
    setText(chosen.size > 100_000 ? `# ${chosen.name} is too large to be a Base16 scheme.` : await chosen.text())
  }
  const keep = () => {
    if (!scheme) return
    setScheme(scheme)
    onClose()
  }
  return (
    <DialogContent
      title="Import a Base16 scheme"
      description="Paste its YAML or JSON, or choose a file. The page shows it at once."
      className="sm:max-w-xl"
    >
      <DialogBody className="space-y-3">
        <label htmlFor={id} className="sr-only">
          The scheme as YAML or JSON
        </label>
        <Textarea
          id={id}
          rows={9}
          value={text}
          spellCheck={false}
          placeholder={EXAMPLE}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-said`}
          onChange={(event) => setText(event.target.value)}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault()
            void take(event.dataTransfer.files[0])
          }}
          className="font-mono text-sm"
        />
        <input
          ref={file}
          type="file"
          accept=".yaml,.yml,.json,application/json,text/yaml"
          aria-label="A file with a Base16 scheme"
          className="sr-only"
          tabIndex={-1}
          onChange={(event) => void take(event.target.files?.[0])}
        />
        <Button size="sm" onClick={() => file.current?.click()}>
          <Upload aria-hidden />
          Choose a file…
        </Button>
        <div id={`${id}-said`} aria-live="polite">
          {problem !== undefined && <p className="text-danger text-sm">{problem}</p>}
          {scheme && <Preview scheme={scheme} />}
        </div>
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="primary" disabled={!scheme} onClick={keep}>
          Use this scheme
        </Button>
      </DialogFooter>
    </DialogContent>
  )
}

function Preview({ scheme }: { scheme: Base16Scheme }) {
  const warnings = contrastWarnings(scheme.palette)
  return (
    <div className="space-y-2">
      <p className="text-sm">
        <span className="font-medium">{scheme.name}</span>
        <span className="text-muted">
          {' '}
          · {scheme.variant}
          {scheme.author ? ` · ${scheme.author}` : ''}
        </span>
      </p>
      <div aria-hidden className="flex overflow-hidden rounded-md border">
        {BASE16_KEYS.map((key) => (
          <span key={key} title={key} style={{ backgroundColor: scheme.palette[key] }} className="h-6 flex-1" />
        ))}
      </div>
      {warnings.length > 0 && (
        <div className="flex gap-2 rounded-md border p-3 text-sm">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" />
          <div>
            <p className="font-medium">Some of it is hard to read on its background:</p>
            <ul className="nums text-muted">
              {warnings.map(({ what, ratio, wanted }) => (
                <li key={what}>
                  {what}: {ratio.toFixed(1)} to 1, where {wanted} to 1 is needed
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </div>
  )
}
