import { Lexer, type Token } from 'marked'
import { Fragment, memo, type ReactNode } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'

/** Inline markdown of an agent's as React elements: never HTML, links only to the web and to mail. */
export const Inline = memo(function Inline({ text }: { text: string }) {
  return <>{nodesOf(Lexer.lexInline(visibleCharacters(text)))}</>
})

function nodesOf(tokens: readonly Token[]): ReactNode[] {
  return tokens.map((token, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tokens of a text have no names and no state.
    <Fragment key={index}>{nodeOf(token)}</Fragment>
  ))
}

function nodeOf(token: Token): ReactNode {
  const inner = 'tokens' in token && token.tokens ? nodesOf(token.tokens) : plainOf(token)
  switch (token.type) {
    case 'strong':
      return <strong className="font-semibold">{inner}</strong>
    case 'em':
      return <em>{inner}</em>
    case 'del':
      return <del>{inner}</del>
    case 'codespan':
      return <code className="plan-code">{'text' in token ? String(token.text) : token.raw}</code>
    case 'br':
      return <br />
    case 'link':
      return <PlanLink href={'href' in token ? String(token.href) : ''}>{inner}</PlanLink>
    default:
      return inner
  }
}

function PlanLink({ href, children }: { href: string; children: ReactNode }) {
  if (!/^(?:https?|mailto):/i.test(href)) return <>{children}</>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" className="text-accent underline underline-offset-2">
      {children}
    </a>
  )
}

function plainOf(token: Token): string {
  if (token.type === 'image' || token.type === 'html') return token.raw
  return unescaped('text' in token ? String(token.text) : token.raw)
}

/** Markdown's own entities. */
function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => ENTITIES[name] ?? whole)
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
