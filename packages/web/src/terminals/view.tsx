import type { Terminal } from '@skein/protocol'
import { Search, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { useMedia } from '../ui/use-media.ts'
import { FindBar } from './find-bar.tsx'
import { TouchKeys } from './touch-keys.tsx'
import { useScreen } from './use-screen.ts'

interface TerminalViewProps {
  terminal: Terminal
  /** Whether it takes the keyboard when it is shown. */
  takesFocus: boolean
  onClose: () => void
}

/** One terminal: its screen, what became of it, and the ways out. */
export function TerminalView({ terminal, takesFocus, onClose }: TerminalViewProps) {
  const [finding, setFinding] = useState(false)
  const leaveTo = useRef<HTMLButtonElement>(null)
  // There is likely no keyboard with Escape, Control and arrows.
  const touch = useMedia('(pointer: coarse)')
  const { element, screen, state, exitCode, error, retry, send } = useScreen(terminal, {
    takesFocus,
    leave: () => leaveTo.current?.focus(),
    find: () => setFinding(true),
  })
  const exited = state === 'exited' || terminal.state === 'exited'
  return (
    <div
      role="tabpanel"
      id="terminal-panel"
      aria-labelledby={`terminal-tab-${terminal.id}`}
      className="flex min-h-0 flex-1 flex-col bg-surface"
    >
      {finding && (
        <FindBar
          onFind={(text, direction) => screen.current?.find(text, direction) ?? false}
          onClose={() => {
            setFinding(false)
            screen.current?.focus()
          }}
        />
      )}
      <div className="relative min-h-0 flex-1 py-1 pl-2">
        <div ref={element} className="h-full" />
        {state === 'loading' && (
          <p role="status" className="absolute inset-x-3 top-2 bg-surface text-muted text-sm">
            Connecting…
          </p>
        )}
        {state === 'failed' && (
          <div className="absolute inset-0 overflow-auto bg-surface/95">
            <ErrorState error={error} title="The terminal cannot be reached" retry={retry} />
          </div>
        )}
      </div>
      {touch && !exited && <TouchKeys onKeys={send} />}
      <footer className="flex min-h-9 flex-wrap items-center gap-x-3 gap-y-1 border-t px-3 py-1 text-muted text-xs">
        {exited ? (
          <span role="status">
            The shell has ended
            {(exitCode ?? terminal.exitCode) === undefined ? '' : ` with exit code ${exitCode ?? terminal.exitCode}`}.
          </span>
        ) : (
          <span className="max-md:hidden">
            <Kbd keys="ctrl+shift+escape" /> or <Kbd keys="shift+f6" /> leaves the terminal
          </span>
        )}
        <span className="ml-auto flex items-center gap-1">
          <IconButton
            ref={leaveTo}
            label="Find in this terminal"
            keys="ctrl+shift+f"
            side="top"
            onClick={() => setFinding(true)}
          >
            <Search />
          </IconButton>
          <Button size="sm" variant="ghost" onClick={onClose}>
            <X aria-hidden />
            {exited ? 'Close' : 'End and close'}
          </Button>
        </span>
      </footer>
    </div>
  )
}
