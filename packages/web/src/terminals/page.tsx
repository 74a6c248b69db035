import { Plus, SquareTerminal } from 'lucide-react'
import { useState } from 'react'
import { useApi } from '../api/context.tsx'
import { useTerminals } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { toastError } from '../ui/toast.tsx'
import { TerminalTabs } from './tabs.tsx'
import { TerminalView } from './view.tsx'

/** A workspace's terminals, one at a time; they run on while nobody looks. */
export function TerminalsPage({ workspaceId }: { workspaceId: string }) {
  const api = useApi()
  const { items, loading, error, reload } = useTerminals(workspaceId)
  const terminals = items.toSorted((a, b) => a.createdAt - b.createdAt)
  const open = useCommand('terminals.open')
  const [chosen, setChosen] = useState<string>()
  /** Whether a terminal that is shown takes the keyboard. */
  const [takesFocus, setTakesFocus] = useState(true)
  const shown = terminals.find((terminal) => terminal.id === chosen) ?? terminals.at(-1)

  const openNew = async () => {
    // The size is the screen's as soon as there is one.
    const terminal = await open.run({ workspaceId, cols: 80, rows: 24 })
    if (terminal) show(terminal.id, false)
  }
  const show = (terminalId: string | undefined, stay: boolean) => {
    setTakesFocus(!stay)
    setChosen(terminalId)
  }
  const close = async (terminalId: string, stay: boolean) => {
    const at = terminals.findIndex((terminal) => terminal.id === terminalId)
    const next = terminals[at + 1] ?? terminals[at - 1]
    try {
      await api.call('terminals.close', { key: crypto.randomUUID(), terminalId })
      if (terminalId === shown?.id) show(next?.id, stay)
    } catch (error) {
      toastError(error)
    }
  }
  const move = (by: number) => {
    const at = terminals.findIndex((terminal) => terminal.id === shown?.id)
    show(terminals[(at + by + terminals.length) % terminals.length]?.id, false)
  }
  const several = terminals.length > 1
  const group = 'Terminals'
  useShortcut({ keys: 't', label: 'New terminal', group, run: () => void openNew() })
  useShortcut({ keys: ']', label: 'Next terminal', group, when: several, run: () => move(1) })
  useShortcut({ keys: '[', label: 'Previous terminal', group, when: several, run: () => move(-1) })

  if (loading && terminals.length === 0) return <SkeletonLines className="p-4" />
  if (error !== undefined && terminals.length === 0)
    return <ErrorState error={error} title="The terminals could not be read" retry={reload} />
  if (!shown)
    return (
      <EmptyState
        icon={SquareTerminal}
        title="No terminals yet"
        action={
          <Button variant="primary" onClick={() => void openNew()} disabled={open.pending}>
            <Plus aria-hidden />
            New terminal
            <Kbd keys="t" className="max-md:hidden" />
          </Button>
        }
      >
        A terminal is a shell in this workspace, with its ports and environment. It runs on when you close this page.
      </EmptyState>
    )
  return (
    <div className="flex h-full min-h-0 flex-col">
      <TerminalTabs
        terminals={terminals}
        shown={shown.id}
        opening={open.pending}
        onShow={show}
        onNew={() => void openNew()}
        onClose={(terminalId, stay) => void close(terminalId, stay)}
      />
      <TerminalView
        key={shown.id}
        terminal={shown}
        takesFocus={takesFocus}
        onClose={() => void close(shown.id, false)}
      />
    </div>
  )
}
