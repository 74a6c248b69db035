import type { Question as Asked } from '@skein/protocol'
import { useId } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { Badge } from '../ui/badge.tsx'
import { cn } from '../ui/cn.ts'
import { Input } from '../ui/input.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { type Choice, choose, chooseOwn } from './question-form.ts'

interface QuestionProps {
  question: Asked
  choice: Choice
  onChoose(choice: Choice): void
  /** The digits choose in this question. */
  current: boolean
  onCurrent(): void
  /** The answer was asked for and this question has none. */
  missing: boolean
  disabled: boolean
}

/** One question with its options, each with what it means and what it would look like, and room for own words. */
export function Question({ question, choice, onChoose, current, onCurrent, missing, disabled }: QuestionProps) {
  const name = useId()
  const type = question.multiSelect ? 'checkbox' : 'radio'
  const shown = question.options.find(({ label, preview }) => preview !== undefined && choice.labels.includes(label))
  return (
    <fieldset disabled={disabled} onFocus={onCurrent} className="flex min-w-0 flex-col gap-1.5">
      <legend className="mb-1.5 flex flex-wrap items-center gap-2 font-medium">
        {question.header !== undefined && <Badge>{visibleCharacters(question.header)}</Badge>}
        <span className="[overflow-wrap:anywhere]">{visibleCharacters(question.question)}</span>
        {question.multiSelect && <span className="font-normal text-muted text-sm">several may be chosen</span>}
      </legend>
      {question.options.map(({ label, description }, index) => (
        <label key={label} className={cn(row, choice.labels.includes(label) && 'border-accent bg-accent-surface')}>
          <input
            type={type}
            name={name}
            checked={choice.labels.includes(label)}
            onChange={() => onChoose(choose(choice, question, label))}
            className="mt-1 accent-(--accent)"
          />
          <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
            <span className="block">{visibleCharacters(label)}</span>
            {description !== undefined && (
              <span className="block text-muted text-sm">{visibleCharacters(description)}</span>
            )}
          </span>
          {current && index < 9 && <Kbd keys={String(index + 1)} className="mt-0.5 max-sm:hidden" />}
        </label>
      ))}
      <label className={cn(row, 'items-center', choice.own && 'border-accent bg-accent-surface')}>
        <input
          type={type}
          name={name}
          checked={choice.own}
          aria-label="Something else"
          onChange={(event) => onChoose(chooseOwn(choice, question, event.target.checked))}
          className="accent-(--accent)"
        />
        <Input
          value={choice.text}
          placeholder="Something else"
          aria-label={`Own answer to: ${question.question}`}
          className="flex-1"
          onChange={(event) => {
            const text = event.target.value
            onChoose({ ...chooseOwn(choice, question, text !== ''), text })
          }}
        />
      </label>
      {shown?.preview !== undefined && (
        <pre
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
          tabIndex={0}
          className="max-h-64 overflow-auto rounded-md border bg-sunken px-3 py-2 font-mono text-xs"
        >
          {shown.preview.split('\n').map(visibleCharacters).join('\n')}
        </pre>
      )}
      {missing && (
        <p role="alert" className="text-danger text-sm">
          Choose an answer, or write one.
        </p>
      )}
    </fieldset>
  )
}

const row = 'flex cursor-pointer items-start gap-2.5 rounded-md border px-3 py-1.5 hover:bg-hover'
