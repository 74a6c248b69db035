import './markdown.css'
import type { Token, Tokens } from 'marked'
import { Fragment, memo, type ReactNode, useRef } from 'react'
import { cn } from '../ui/cn.ts'
import { type Blocks, blocksOf, isClosedFence, safeHref, unescapeText } from './blocks.ts'
import { CodeBlock } from './code-block.tsx'
import { VisibleText } from './visible-text.tsx'

/**
 * Markdown that an agent wrote. Nothing in it becomes HTML: every block is made of our own elements, links lead only to web and
 * mail addresses, pictures are not fetched. Of a text that streams only the last blocks are drawn again.
 */
export const Markdown = memo(function Markdown({ text, className }: { text: string; className?: string }) {
  const last = useRef<Blocks | undefined>(undefined)
  if (last.current?.text !== text) last.current = blocksOf(text, last.current)
  return (
    <div className={cn('markdown', className)}>
      {last.current?.tokens.map((token, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text only grows at its end.
        <Block key={index} token={token} raw={token.raw} />
      ))}
    </div>
  )
})

const Block = memo(
  function Block({ token }: { token: Token; raw: string }) {
    return block(token)
  },
  (before, after) => before.raw === after.raw && before.token.type === after.token.type,
)

function block(token: Token): ReactNode {
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'heading': {
      const { depth, tokens } = token as Tokens.Heading
      // The page has the first level, and the transcript's items the second.
      const Heading = `h${Math.min(6, depth + 2)}` as 'h3'
      return (
        <Heading className={cn(depth === 1 && 'text-[1.3em]!', depth === 2 && 'text-[1.15em]!')}>
          {inlines(tokens)}
        </Heading>
      )
    }
    case 'paragraph':
      return <p>{inlines((token as Tokens.Paragraph).tokens)}</p>
    case 'code': {
      const { text, lang, raw } = token as Tokens.Code
      return <CodeBlock code={text} language={lang} done={isClosedFence(raw)} />
    }
    case 'blockquote':
      return <blockquote>{blocks((token as Tokens.Blockquote).tokens)}</blockquote>
    case 'list':
      return list(token as Tokens.List)
    case 'table':
      return table(token as Tokens.Table)
    case 'hr':
      return <hr />
    case 'html':
      return <p className="whitespace-pre-wrap">{shown(token.raw.trimEnd())}</p>
    default:
      return <p className="whitespace-pre-wrap">{inline(token)}</p>
  }
}

const blocks = (tokens: readonly Token[]) =>
  // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no other identity.
  tokens.map((token, index) => <Fragment key={index}>{token.type === 'text' ? inline(token) : block(token)}</Fragment>)

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const rows = items.map(({ task, checked, tokens }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no other identity.
    <li key={index} className={task ? 'task' : undefined}>
      {task && (
        <input
          type="checkbox"
          checked={checked ?? false}
          readOnly
          disabled
          aria-label={checked ? 'done' : 'not done'}
          className="mr-1.5 translate-y-px accent-accent"
        />
      )}
      {blocks(tokens.filter((token) => token.type !== 'checkbox'))}
    </li>
  ))
  return ordered ? <ol start={typeof start === 'number' ? start : 1}>{rows}</ol> : <ul>{rows}</ul>
}

function table({ header, rows, align }: Tokens.Table): ReactNode {
  const cell = (index: number) => (align[index] ? { style: { textAlign: align[index] } } : {})
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls by itself, by keyboard too.
    <section className="table" tabIndex={0} aria-label="Table">
      <table>
        <thead>
          <tr>
            {header.map((one, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other identity.
              <th key={index} {...cell(index)}>
                {inlines(one.tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other identity.
            <tr key={at}>
              {row.map((one, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other identity.
                <td key={index} {...cell(index)}>
                  {inlines(one.tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const inlines = (tokens: readonly Token[] | undefined): ReactNode =>
  // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no other identity.
  tokens?.map((token, index) => <Fragment key={index}>{inline(token)}</Fragment>)

function inline(token: Token): ReactNode {
  switch (token.type) {
    case 'strong':
      return <strong>{inlines(token.tokens)}</strong>
    case 'em':
      return <em>{inlines(token.tokens)}</em>
    case 'del':
      return <del>{inlines(token.tokens)}</del>
    case 'codespan':
      return <code>{shown((token as Tokens.Codespan).text)}</code>
    case 'br':
      return <br />
    case 'link': {
      const { href, tokens } = token as Tokens.Link
      const leads = safeHref(href)
      if (leads === undefined) return <span title={`not a web address: ${href}`}>{inlines(tokens)}</span>
      return (
        <a href={leads} target="_blank" rel="noopener noreferrer nofollow" title={leads}>
          {inlines(tokens)}
        </a>
      )
    }
    case 'image': {
      const { href, text } = token as Tokens.Image
      // To fetch a picture would tell its server who reads what.
      return <span className="text-muted">{shown(`[picture: ${text || href}]`)}</span>
    }
    case 'escape':
      return shown((token as Tokens.Escape).text)
    case 'html':
      return shown(token.raw)
    case 'text': {
      const { tokens, text } = token as Tokens.Text
      return tokens ? inlines(tokens) : shown(unescapeText(text))
    }
    default:
      return shown(token.raw)
  }
}

const shown = (text: string): ReactNode => <VisibleText>{text}</VisibleText>
