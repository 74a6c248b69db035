import { memo, useEffect, useState } from 'react'
import { CopyButton } from '../ui/copy-button.tsx'
import type { ColoredLine } from './highlight.ts'
import { VisibleText } from './visible-text.tsx'

interface CodeBlockProps {
  code: string
  language: string | undefined
  /** It is complete: only then is it worth colouring. */
  done: boolean
}

/** Code that is longer than this stays plain: colouring it would hold up the page. */
const LONGEST = 40_000

/** A block of code; colours come when its fence is closed and its language known. */
export const CodeBlock = memo(function CodeBlock({ code, language, done }: CodeBlockProps) {
  const name = language
    ?.trim()
    .split(/[\s,{]/)[0]
    ?.toLowerCase()
  const lines = useColors(code, name, done)
  return (
    <div className="group/code relative overflow-hidden rounded-md border bg-sunken">
      <div className="absolute top-1 right-1 flex items-center gap-1 opacity-0 focus-within:opacity-100 group-hover/code:opacity-100">
        {name && <span className="px-1 text-muted text-xs">{name}</span>}
        <CopyButton text={code} label="Copy the code" className="bg-sunken" />
      </div>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
        tabIndex={0}
        className="overflow-x-auto px-3 py-2.5 font-mono text-[0.8125rem] leading-5"
      >
        <code>{lines ? <Colored lines={lines} /> : <VisibleText>{code}</VisibleText>}</code>
      </pre>
    </div>
  )
})

function useColors(code: string, language: string | undefined, done: boolean): readonly ColoredLine[] | undefined {
  const [found, setFound] = useState<{ code: string; lines: readonly ColoredLine[] } | undefined>(undefined)
  useEffect(() => {
    if (!done || !language || code.length > LONGEST) return
    let gone = false
    void import('./highlight.ts')
      .then(({ highlight }) => highlight(code, language))
      .then((lines) => !gone && lines && setFound({ code, lines }))
      .catch(() => undefined)
    return () => {
      gone = true
    }
  }, [code, language, done])
  return found?.code === code ? found.lines : undefined
}

function Colored({ lines }: { lines: readonly ColoredLine[] }) {
  return lines.map((line, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity.
    <span key={at}>
      {line.map(({ text, color }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: spans have no other identity.
        <span key={index} style={color === undefined ? undefined : { color }}>
          <VisibleText>{text}</VisibleText>
        </span>
      ))}
      {at < lines.length - 1 && '\n'}
    </span>
  ))
}
