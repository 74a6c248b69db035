import type { Terminal } from '@skein/protocol'
import { Plus, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useCommand } from '../api/use-command.ts'
import { cn } from '../ui/cn.ts'
import { IconButton } from '../ui/icon-button.tsx'

interface TerminalTabsProps {
  terminals: readonly Terminal[]
  shown: string
  opening: boolean
  /** `stay`: the person moves among the tabs by the keyboard. */
  onShow: (terminalId: string, stay: boolean) => void
  onNew: () => void
  onClose: (terminalId: string, stay: boolean) => void
}

/** One tab a terminal. F2 or a double click renames, Delete closes. */
export function TerminalTabs({ terminals, shown, opening, onShow, onNew, onClose }: TerminalTabsProps) {
  const [renaming, setRenaming] = useState<string>()
  const strip = useRef<HTMLDivElement>(null)
  const byKeyboard = useRef(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is shown, or there is one more.
  useEffect(() => {
    const tab = strip.current?.querySelector<HTMLElement>('[aria-selected="true"]')
    tab?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    if (byKeyboard.current) tab?.focus()
    byKeyboard.current = false
  }, [shown, terminals.length, renaming])

  const keys = (event: KeyboardEvent, at: number) => {
    const terminal = terminals[at]
    if (!terminal || renaming) return
    const goTo = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: terminals.length - 1 }[event.key]
    const next = goTo === undefined ? undefined : terminals[goTo]
    if (event.key === 'F2') setRenaming(terminal.id)
    else if (next || event.key === 'Delete') {
      byKeyboard.current = true
      if (next) onShow(next.id, true)
      else onClose(terminal.id, true)
    } else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div className="flex items-center gap-1 border-b px-2 py-1">
      <div ref={strip} role="tablist" aria-label="Terminals" className="flex min-w-0 gap-1 overflow-x-auto">
        {terminals.map((terminal, at) => (
          <div key={terminal.id} role="presentation" className="group/tab relative flex shrink-0 items-center">
            {renaming === terminal.id ? (
              <Rename
                terminal={terminal}
                onDone={(stay) => {
                  byKeyboard.current = stay
                  setRenaming(undefined)
                }}
              />
            ) : (
              <>
                <button
                  type="button"
                  role="tab"
                  id={`terminal-tab-${terminal.id}`}
                  aria-selected={terminal.id === shown}
                  aria-controls="terminal-panel"
                  tabIndex={terminal.id === shown ? 0 : -1}
                  onClick={() => onShow(terminal.id, false)}
                  onDoubleClick={() => setRenaming(terminal.id)}
                  onAuxClick={(event) => event.button === 1 && onClose(terminal.id, false)}
                  onKeyDown={(event) => keys(event, at)}
                  className="h-7 max-w-48 truncate rounded-md pr-7 pl-2.5 text-muted text-sm hover:bg-hover hover:text-foreground aria-selected:bg-selected aria-selected:text-foreground"
                >
                  <span className={cn(terminal.state === 'exited' && 'line-through')}>{terminal.title}</span>
                </button>
                <button
                  type="button"
                  // For the mouse alone: by the keyboard, Delete on the tab does it.
                  tabIndex={-1}
                  aria-hidden
                  title={`Close ${terminal.title}`}
                  onClick={() => onClose(terminal.id, false)}
                  className={cn(
                    'absolute right-1 flex size-5 items-center justify-center rounded-sm text-muted hover:bg-hover hover:text-foreground',
                    terminal.id !== shown && 'opacity-0 focus:opacity-100 group-hover/tab:opacity-100',
                  )}
                >
                  <X aria-hidden className="size-3" />
                </button>
              </>
            )}
          </div>
        ))}
      </div>
      <IconButton label="New terminal" keys="t" onClick={onNew} disabled={opening}>
        <Plus />
      </IconButton>
    </div>
  )
}

function Rename({ terminal, onDone }: { terminal: Terminal; onDone: (stay: boolean) => void }) {
  const rename = useCommand('terminals.rename')
  const [title, setTitle] = useState(terminal.title)
  const input = useRef<HTMLInputElement>(null)
  const done = useRef(false)
  useEffect(() => input.current?.select(), [])
  const finish = async (keep: boolean, stay: boolean) => {
    if (done.current) return
    done.current = true
    const wanted = title.trim()
    if (keep && wanted !== '' && wanted !== terminal.title) await rename.run({ terminalId: terminal.id, title: wanted })
    onDone(stay)
  }
  return (
    <input
      ref={input}
      aria-label="Title of the terminal"
      value={title}
      maxLength={100}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={() => void finish(true, false)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') void finish(true, true)
        else if (event.key === 'Escape') void finish(false, true)
        event.stopPropagation()
      }}
      className="field h-7 w-40 py-0 text-sm"
    />
  )
}
