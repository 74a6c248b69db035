import { Button } from '../ui/button.tsx'

const KEYS = [
  { label: 'Esc', name: 'Escape', data: '\x1b' },
  { label: 'Tab', name: 'Tab', data: '\t' },
  { label: '^C', name: 'Control C', data: '\x03' },
  { label: '^D', name: 'Control D', data: '\x04' },
  { label: '^Z', name: 'Control Z', data: '\x1a' },
  { label: '^R', name: 'Control R', data: '\x12' },
  { label: '↑', name: 'Up', data: '\x1b[A' },
  { label: '↓', name: 'Down', data: '\x1b[B' },
  { label: '←', name: 'Left', data: '\x1b[D' },
  { label: '→', name: 'Right', data: '\x1b[C' },
  { label: '|', name: 'Pipe', data: '|' },
  { label: '/', name: 'Slash', data: '/' },
  { label: '~', name: 'Tilde', data: '~' },
]

/** The keys that a phone's keyboard lacks. */
export function TouchKeys({ onKeys }: { onKeys: (data: string) => void }) {
  return (
    <div role="toolbar" aria-label="Keys" className="flex gap-1 overflow-x-auto border-t px-2 py-1.5">
      {KEYS.map(({ label, name, data }) => (
        <Button
          key={name}
          aria-label={name}
          // The terminal keeps the focus, and so the phone its keyboard.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onKeys(data)}
          className="min-w-10 px-2 font-mono"
        >
          {label}
        </Button>
      ))}
    </div>
  )
}
