import type { Ask } from '@skein/protocol'
import { cleanLine, cleanText, reveal } from '../render/clean.ts'
import { rowsOfText } from '../render/diff.ts'
import { MarkdownStyler } from '../render/markdown.ts'
import { type Row, row, span, wrap } from '../render/row.ts'

/** An ask as a person must see it to decide: what, why, and exactly what would be done. */
export function askRows(ask: Ask, columns: number): Row[] {
  const bar = row(span('│ ', 'warn'))
  const head = row(span('? ', 'warn'), span(cleanLine(ask.title), 'strong'))
  const reason = ask.reason ? [row(span(cleanLine(ask.reason), 'dim'))] : []
  const body = [...reason, ...bodyRows(ask)]
  return [head, ...body].flatMap((line, index) =>
    index === 0 ? wrap(line, columns, row('  ')) : wrap([...bar, ...line], columns, bar),
  )
}

function bodyRows(ask: Ask): Row[] {
  if (ask.plan) {
    const styler = new MarkdownStyler()
    return cleanText(ask.plan.markdown.trim())
      .split('\n')
      .map((line) => styler.line(line).row)
  }
  if (ask.questions) return ask.questions.flatMap((question) => questionRows(question, ask.title))
  return [...(ask.toolName ? [row(span(cleanLine(ask.toolName), 'accent'))] : []), ...inputRows(ask.input)]
}

function questionRows(question: NonNullable<Ask['questions']>[number], title: string): Row[] {
  const several = question.multiSelect ? [span(' (several may be chosen)', 'dim')] : []
  return [
    ...(question.question === title && several.length === 0 ? [] : [row(cleanLine(question.question), ...several)]),
    ...question.options.map((option) =>
      row(
        '  • ',
        cleanLine(option.label),
        span(option.description ? ` — ${cleanLine(option.description)}` : '', 'dim'),
      ),
    ),
  ]
}

/** Every field of a tool's input. Nothing is left out or hidden: it is what the answer allows. */
function inputRows(input: unknown): Row[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return valueRows(input)
  return Object.entries(input).flatMap(([key, value]) => {
    if (typeof value !== 'string') return [row(span(`${reveal(key)}: `, 'dim'), reveal(JSON.stringify(value) ?? ''))]
    const text = reveal(value)
    if (key === 'command')
      return text.split('\n').map((line, index) => row(span(index === 0 ? '$ ' : '  ', 'dim'), span(line, 'code')))
    if (key === 'old_string') return rowsOfText(text, '-')
    if (key === 'new_string' || key === 'content') return rowsOfText(text, '+')
    const [first, ...rest] = text.split('\n')
    return [row(span(`${reveal(key)}: `, 'dim'), first ?? ''), ...rest.map((line) => row('  ', line))]
  })
}

function valueRows(value: unknown): Row[] {
  return reveal(JSON.stringify(value, null, 2) ?? '')
    .split('\n')
    .map((line) => row(line))
}
