import { useEffect, useMemo, useRef, useState } from 'react'
import { PLAIN, styleAfter } from '../checks/ansi.ts'
import { AnsiText } from '../checks/ansi-text.tsx'
import { CopyButton } from '../ui/copy-button.tsx'

/** Output that is longer than this is shown from its end, until the rest is asked for. */
const SHOWN_LINES = 200
/** A line that is longer is cut: the page must not be held up by one. */
const LINE = 4000

/** What a tool printed: colours and nothing else of what a terminal would do. While it runs, its end stays in view. */
export function Output({ text, running = false }: { text: string; running?: boolean }) {
  const [all, setAll] = useState(false)
  const box = useRef<HTMLPreElement>(null)
  const lines = useMemo(() => text.replace(/\n$/, '').split('\n'), [text])
  const hidden = all ? 0 : Math.max(0, lines.length - SHOWN_LINES)
  const styled = useMemo(() => {
    let style = PLAIN
    return lines.slice(hidden).map((line) => {
      const one = { line: line.length > LINE ? `${line.slice(0, LINE)}… (${line.length} characters)` : line, style }
      style = styleAfter(line.slice(0, LINE), style)
      return one
    })
  }, [lines, hidden])
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new text moves the end.
  useEffect(() => {
    if (running && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [text, running])
  return (
    <div className="group/output relative overflow-hidden rounded-md border bg-sunken">
      <CopyButton
        text={text}
        label="Copy the output"
        className="absolute top-1 right-1 bg-sunken opacity-0 focus-visible:opacity-100 group-hover/output:opacity-100"
      />
      {hidden > 0 && (
        <button
          type="button"
          className="w-full border-b px-3 py-1.5 text-left text-muted text-sm hover:bg-hover"
          onClick={() => setAll(true)}
        >
          Show {hidden} lines before
        </button>
      )}
      <pre
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
        tabIndex={0}
        className="max-h-96 overflow-auto whitespace-pre-wrap break-words px-3 py-2 font-mono text-xs leading-5"
      >
        {styled.map(({ line, style }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity.
          <div key={index}>{line === '' ? '\n' : <AnsiText line={line} start={style} />}</div>
        ))}
      </pre>
    </div>
  )
}
