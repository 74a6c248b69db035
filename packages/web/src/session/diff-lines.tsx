import type { Hunk } from '@skein/protocol'
import { useState } from 'react'
import { VisibleText } from '../markdown/visible-text.tsx'
import { cn } from '../ui/cn.ts'

const SHOWN = 120

/** A small diff, as it stands in the transcript; the review of all changes has a page of its own. */
export function DiffLines({ hunks }: { hunks: readonly Pick<Hunk, 'oldStart' | 'newStart' | 'lines'>[] }) {
  const [all, setAll] = useState(false)
  const lines = hunks.flatMap((hunk, index) => [
    ...(index > 0 ? [{ key: `gap ${index}`, number: undefined, text: '⋯' }] : []),
    ...numbered(hunk, index),
  ])
  const shown = all ? lines : lines.slice(0, SHOWN)
  return (
    <div className="overflow-x-auto rounded-md border bg-sunken font-mono text-xs leading-5">
      <div className="w-max min-w-full py-1">
        {shown.map(({ key, number, text }) => {
          const sign = text[0]
          return (
            <div
              key={key}
              className={cn(
                'flex whitespace-pre',
                sign === '+' && 'bg-added-surface',
                sign === '-' && 'bg-deleted-surface',
              )}
            >
              <span aria-hidden className="nums w-11 shrink-0 select-none pr-2 text-right text-muted">
                {number}
              </span>
              <span
                className={cn(
                  'w-4 shrink-0 select-none text-center',
                  sign === '+' ? 'text-added' : sign === '-' ? 'text-deleted' : 'text-muted',
                )}
              >
                {sign === '+' || sign === '-' ? sign : ' '}
              </span>
              <span className="pr-3">
                <VisibleText>{number === undefined ? text : text.slice(1).replace(/\r$/, '')}</VisibleText>
              </span>
            </div>
          )
        })}
      </div>
      {lines.length > shown.length && (
        <button
          type="button"
          className="sticky left-0 w-full border-t px-3 py-1.5 text-left font-sans text-muted text-sm hover:bg-hover"
          onClick={() => setAll(true)}
        >
          Show {lines.length - shown.length} more lines
        </button>
      )}
    </div>
  )
}

function numbered({ oldStart, newStart, lines }: Pick<Hunk, 'oldStart' | 'newStart' | 'lines'>, index: number) {
  const known = oldStart > 0 || newStart > 0
  let [before, after] = [oldStart, newStart]
  return lines.map((text, at) => {
    const number = text.startsWith('-') ? before++ : after++
    if (!text.startsWith('-') && !text.startsWith('+')) before++
    return { key: `${index} ${at}`, number: known ? String(number) : '', text }
  })
}
