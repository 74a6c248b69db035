import { useEffect, useRef } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { cn } from '../ui/cn.ts'

/** Something that can stand where the caret is. */
export interface Completion {
  word: string
  detail?: string
}

interface CompletionListProps {
  id: string
  label: string
  sign: '/' | '@'
  items: readonly Completion[]
  active: number
  /** Said where there are no items. */
  empty: string
  onActive(index: number): void
  onPick(word: string): void
}

/** What can be completed, above the text; the focus stays in the text. */
export function CompletionList({ id, label, sign, items, active, empty, onActive, onPick }: CompletionListProps) {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' })
  }, [active])
  return (
    <div className="floating absolute inset-x-0 bottom-full z-20 mb-1 overflow-hidden p-1">
      {items.length === 0 && <p className="px-2 py-1.5 text-muted text-sm">{empty}</p>}
      <div ref={list} id={id} role="listbox" aria-label={label} className="max-h-64 overflow-y-auto">
        {items.map(({ word, detail }, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text, which names the active one.
          <div
            key={word}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseMove={() => index === active || onActive(index)}
            onMouseDown={(event) => {
              event.preventDefault()
              onPick(word)
            }}
            className={cn(
              'flex cursor-default items-baseline gap-3 rounded-md px-2 py-1',
              index === active && 'bg-selected',
            )}
          >
            <PathWord text={`${sign}${word}`} path={sign === '@'} />
            {detail !== undefined && (
              <span className="min-w-0 flex-1 truncate text-muted text-sm">{visibleCharacters(detail)}</span>
            )}
          </div>
        ))}
      </div>
    </div>
  )
}

/** The name of a file is what one looks for: its folder may be cut, never it. */
function PathWord({ text, path }: { text: string; path: boolean }) {
  const shown = visibleCharacters(text)
  const cut = path ? shown.lastIndexOf('/', shown.length - 2) + 1 : 0
  return (
    <span className={cn('flex min-w-0 font-mono text-sm', !path && 'shrink-0')}>
      {cut > 0 && <span className="truncate text-muted">{shown.slice(0, cut)}</span>}
      <span className="max-w-full shrink-0 truncate">{shown.slice(cut)}</span>
    </span>
  )
}
