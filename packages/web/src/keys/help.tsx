import { useState } from 'react'
import { Dialog, DialogBody, DialogContent } from '../ui/dialog.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { type Shortcut, useShortcut, useShortcuts } from './use-shortcut.ts'

/** All keys that do something here and now, by group; opened by `?`. */
export function KeysHelp() {
  const [open, setOpen] = useState(false)
  useShortcut({ keys: '?', label: 'Show all shortcuts', group: 'Everywhere', run: () => setOpen(true) })
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogContent title="Shortcuts" className="sm:max-w-3xl">
        <DialogBody className="pb-4">
          <KeysList />
        </DialogBody>
      </DialogContent>
    </Dialog>
  )
}

/** The list itself, e.g. for the settings. */
export function KeysList() {
  const groups = Map.groupBy(
    useShortcuts().filter((shortcut) => shortcut.keys !== undefined),
    (shortcut) => shortcut.group,
  )
  return (
    <div className="gap-8 sm:columns-2">
      {[...groups].map(([group, shortcuts]) => (
        <section key={group} className="mb-5 break-inside-avoid">
          <h3 className="mb-1 font-medium text-muted text-sm">{group}</h3>
          <dl>
            {unique(shortcuts).map(({ keys = '', label }) => (
              <div key={keys + label} className="flex items-center justify-between gap-4 border-b py-1.5">
                <dt>{label}</dt>
                <dd>
                  <Kbd keys={keys} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  )
}

const unique = (shortcuts: readonly Shortcut[]) => [
  ...new Map(shortcuts.map((shortcut) => [`${shortcut.keys} ${shortcut.label}`, shortcut])).values(),
]
