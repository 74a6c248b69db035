import type { GitStatus, Turn } from '@skein/protocol'
import { Columns2, GitCommitHorizontal, PanelLeft, Rows2, Upload, WrapText } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import type { DiffPreferences } from './diff-options.ts'

interface ToolbarProps {
  turns: readonly Turn[]
  turnId: string | undefined
  onTurn(turnId: string | undefined): void
  preferences: DiffPreferences
  onPreferences(preferences: DiffPreferences): void
  totals: { files: number; added: number; deleted: number; viewed: number }
  /** On a narrow screen: split view has no room, and the tree is a drawer. */
  narrow: boolean
  onTree(): void
  git: GitStatus | undefined
  present: boolean
  onCommit(): void
  onApply(): void
  loading: boolean
}

/** What is compared, how it is shown, how far the review is, and where the work can go from here. */
export function Toolbar({ turns, turnId, preferences, totals, narrow, ...props }: ToolbarProps) {
  const { style, wrap, ignoreWhitespace } = preferences
  const comparable = turns.filter((turn) => turn.fromTree !== undefined && turn.toTree !== undefined)
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1.5 border-border border-b px-2 py-1.5 text-sm">
      <IconButton label="Changed files" onClick={props.onTree}>
        <PanelLeft aria-hidden />
      </IconButton>
      <label className="min-w-0 max-w-64 max-sm:flex-1">
        <span className="sr-only">What to compare</span>
        <select
          className="field h-7 w-full py-0 text-sm"
          value={turnId ?? ''}
          onChange={(event) => props.onTurn(event.target.value === '' ? undefined : event.target.value)}
        >
          <option value="">All changes</option>
          {comparable.toReversed().map((turn) => (
            <option key={turn.id} value={turn.id}>
              Turn {turn.number}: {turn.prompt.slice(0, 80)}
            </option>
          ))}
        </select>
      </label>
      <Totals {...totals} loading={props.loading} />
      <div className="ml-auto flex items-center gap-1">
        {!narrow && (
          <Toggle
            label="Split view"
            keys="s"
            on={style === 'split'}
            onChange={(on) => props.onPreferences({ ...preferences, style: on ? 'split' : 'unified' })}
          >
            {style === 'split' ? <Columns2 aria-hidden /> : <Rows2 aria-hidden />}
          </Toggle>
        )}
        <Toggle label="Wrap long lines" on={wrap} onChange={(on) => props.onPreferences({ ...preferences, wrap: on })}>
          <WrapText aria-hidden />
        </Toggle>
        <Toggle
          label="Ignore white space"
          keys="w"
          on={ignoreWhitespace}
          onChange={(on) => props.onPreferences({ ...preferences, ignoreWhitespace: on })}
        >
          <span aria-hidden className="font-mono text-xs">
            ␣
          </span>
        </Toggle>
        {props.present && (
          <>
            <Button size="sm" variant="secondary" onClick={props.onCommit}>
              <GitCommitHorizontal aria-hidden /> <span className="max-sm:sr-only">Commit</span>
              {props.git !== undefined && props.git.staged > 0 && (
                <span className="text-muted max-sm:sr-only">{props.git.staged} staged</span>
              )}
            </Button>
            <Button size="sm" variant="secondary" onClick={props.onApply}>
              <Upload aria-hidden /> <span className="max-sm:sr-only">Apply</span>
            </Button>
          </>
        )}
      </div>
    </div>
  )
}

function Totals({ files, added, deleted, viewed, loading }: ToolbarProps['totals'] & { loading: boolean }) {
  return (
    <div className="flex items-center gap-3 text-xs">
      <span className="tabular-nums" aria-live="polite">
        {viewed} of {files}
        <span className="max-sm:sr-only"> viewed</span>
      </span>
      <progress className="viewed-progress w-16 max-lg:hidden" value={viewed} max={Math.max(1, files)} aria-hidden />
      <span className="font-mono tabular-nums max-lg:hidden">
        <span className="text-added">+{added.toLocaleString('en')}</span>{' '}
        <span className="text-deleted">−{deleted.toLocaleString('en')}</span>
      </span>
      {loading && <span className="text-muted">Loading…</span>}
    </div>
  )
}

interface ToggleProps {
  label: string
  keys?: string
  on: boolean
  onChange(on: boolean): void
  children: ReactNode
}

function Toggle({ label, keys, on, onChange, children }: ToggleProps) {
  return (
    <IconButton label={label} {...(keys === undefined ? {} : { keys })} aria-pressed={on} onClick={() => onChange(!on)}>
      {children}
    </IconButton>
  )
}
