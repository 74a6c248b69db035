import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { Search } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useWorkspaces } from '../api/live.ts'
import { useShortcuts } from '../keys/use-shortcut.ts'
import { Dialog, DialogContent } from '../ui/dialog.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { STATUSES, StatusIcon } from '../workspace/status.tsx'
import { usePalette } from './open.ts'

const item =
  'flex min-h-9 cursor-default items-center gap-2.5 rounded-md px-2.5 data-[selected=true]:bg-selected [&_svg]:size-4'

/** How well something fits: every word must stand in it; better at its beginning, better at the beginning of a word. */
function rank(value: string, text: string, keywords: string[] = []): number {
  const name = value.toLowerCase()
  const all = `${name} ${keywords.join(' ').toLowerCase()}`
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (!words.every((word) => all.includes(word))) return 0
  const first = words[0] ?? ''
  if (name.startsWith(first)) return 1
  return ` ${name}`.includes(` ${first}`) ? 0.8 : name.includes(first) ? 0.5 : 0.3
}

/** Every workspace and everything that can be done here and now, found by a few letters. */
export function Palette() {
  const navigate = useNavigate()
  const workspaces = useWorkspaces()
  const shortcuts = useShortcuts()
  const [text, setText] = useState('')
  const close = () => usePalette.setState({ open: false })
  const actions = useMemo(() => {
    const all = shortcuts.filter((shortcut) => !shortcut.hidden)
    return Map.groupBy(new Map(all.map((one) => [`${one.group}: ${one.label}`, one])).values(), ({ group }) => group)
  }, [shortcuts])
  const then = (run: () => void) => () => {
    close()
    // The focus goes back to the page first, so that what is run may take it.
    setTimeout(run)
  }
  return (
    <Dialog open onOpenChange={(open) => !open && close()}>
      <DialogContent title="Command palette" plain className="sm:max-w-xl">
        <Command label="Commands and workspaces" loop filter={rank} className="flex min-h-0 flex-1 flex-col">
          <div className="flex items-center gap-2.5 border-b px-4">
            <Search aria-hidden className="size-4 shrink-0 text-muted" />
            <Command.Input
              autoFocus
              value={text}
              onValueChange={setText}
              placeholder="Go to a workspace, or do something"
              className="h-12 w-full bg-transparent text-lg outline-none"
            />
          </div>
          <Command.List className="max-h-[min(26rem,60dvh)] min-h-0 flex-1 overflow-y-auto p-2 [&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-muted [&_[cmdk-group-heading]]:text-xs">
            <Command.Empty className="px-3 py-8 text-center text-muted">
              Nothing of that name.
              {text.trim() !== '' && (
                <button
                  type="button"
                  className="mx-auto mt-2 block rounded-md text-accent underline underline-offset-4"
                  onClick={then(() => void navigate({ to: '/search', search: { q: text } }))}
                >
                  Search all sessions for “{text}”
                </button>
              )}
            </Command.Empty>
            {workspaces.length > 0 && (
              <Command.Group heading="Workspaces">
                {workspaces.map(({ id, name, projectName, branch, status }) => (
                  <Command.Item
                    key={id}
                    value={`${name} ${id}`}
                    keywords={[projectName, branch, STATUSES[status.status].name]}
                    className={item}
                    onSelect={then(() => void navigate({ to: '/w/$workspaceId', params: { workspaceId: id } }))}
                  >
                    <StatusIcon status={status.status} named />
                    <span className="min-w-0 truncate">{name}</span>
                    <span className="ml-auto shrink-0 text-muted text-sm">{projectName}</span>
                  </Command.Item>
                ))}
              </Command.Group>
            )}
            {[...actions].map(([group, list]) => (
              <Command.Group key={group} heading={group}>
                {list.map(({ label, keys, run }) => (
                  <Command.Item key={label} value={`${group} ${label}`} className={item} onSelect={then(run)}>
                    {label}
                    {keys !== undefined && <Kbd keys={keys} className="ml-auto" />}
                  </Command.Item>
                ))}
              </Command.Group>
            ))}
          </Command.List>
        </Command>
      </DialogContent>
    </Dialog>
  )
}
