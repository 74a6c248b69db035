import { memo, useEffect, useState } from 'react'
import { CopyButton } from '../ui/copy-button.tsx'
import { whenIdle } from '../ui/when-idle.ts'
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

/** What was coloured stays known for as long as the page, up to so many blocks: a list that scrolls makes its rows again and again. */
const MOST_KEPT = 300
const kept = new Map<string, readonly ColoredLine[]>()

function useColors(code: string, language: string | undefined, done: boolean): readonly ColoredLine[] | undefined {
  const name = `${language}\n${code}`
  const [, setFound] = useState('')
  useEffect(() => {
    if (!done || !language || code.length > LONGEST || kept.has(name)) return
    let gone = false
    const color = () =>
      import('./highlight.ts')
        .then(({ highlight }) => highlight(code, language))
        .then((lines) => {
          if (!lines) return
          kept.set(name, lines)
          for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest)
          if (!gone) setFound(name)
        })
        .catch(() => undefined)
    // The first block of a language takes as long as some frames.
    const forget = whenIdle(() => void color(), 2_000)
    return () => {
      gone = true
      forget()
    }
  }, [code, language, done, name])
  return done ? kept.get(name) : undefined
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
