import type { Ask, AskAnswer } from '@skein/protocol'
import { type RefObject, useImperativeHandle, useRef, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import type { AskKeys } from './ask-keys.ts'
import { CommentField } from './comment-field.tsx'
import { MarkedName } from './marked-name.tsx'
import { ToolInputView } from './tool-input-view.tsx'

export interface AskBodyProps {
  keys: RefObject<AskKeys | null>
  ask: Ask
  compact: boolean
  pending: boolean
  onAnswer(answer: AskAnswer): void
  /** Gives the focus back to the card. */
  onLeave(): void
}

type Option = Ask['options'][number]

/** What would be done, and the answers that it can have; the rule to remember is named on its own button. */
export function Permission({ keys, ask, compact, pending, onAnswer, onLeave }: AskBodyProps) {
  const [comment, setComment] = useState('')
  const [commenting, setCommenting] = useState(false)
  const denyButton = useRef<HTMLButtonElement>(null)
  const options = choicesOf(ask)
  const deny = () => onAnswer(denial(comment))
  const take = (option: Option) =>
    isNo(option)
      ? deny()
      : onAnswer({ type: 'allow', ...(option.optionId === '' ? {} : { optionId: option.optionId }) })
  const yes = () => {
    const option = options.find(({ kind }) => kind === 'allow_once') ?? options.find((each) => !isNo(each))
    if (option) take(option)
  }
  useImperativeHandle(keys, () => ({
    digit: (number) => {
      const option = options[number - 1]
      if (option) take(option)
    },
    ...{ yes, no: deny, comment: () => setCommenting(true), enter: ask.defaultToNo ? deny : yes },
    first: () => (ask.defaultToNo ? denyButton.current : null),
  }))

  return (
    <>
      <ToolInputView input={ask.input} compact={compact} />
      {commenting ? (
        <CommentField
          label="Why not, or what to do instead"
          value={comment}
          onChange={setComment}
          disabled={pending}
          submit={comment.trim() === '' ? 'Deny' : 'Deny with comment'}
          onSubmit={deny}
          onCancel={() => {
            setCommenting(false)
            onLeave()
          }}
        />
      ) : (
        <div className="flex flex-wrap items-center gap-2">
          {options.map((option, index) => (
            <Button
              key={option.optionId}
              ref={isNo(option) ? denyButton : undefined}
              size="sm"
              variant={isMain(option, ask) ? 'primary' : 'secondary'}
              disabled={pending}
              onClick={() => take(option)}
              className="h-auto min-h-7 max-w-full whitespace-normal py-1 text-left"
            >
              <MarkedName text={isNo(option) ? 'Deny' : option.name} />
              <Kbd
                keys={option.kind === 'allow_once' ? 'y' : isNo(option) ? 'n' : String(index + 1)}
                className="text-inherit max-sm:hidden [&_kbd]:border-current/30 [&_kbd]:bg-transparent"
              />
            </Button>
          ))}
          <Button size="sm" variant="ghost" disabled={pending} onClick={() => setCommenting(true)}>
            Deny with comment… <Kbd keys="c" className="max-sm:hidden" />
          </Button>
        </div>
      )}
    </>
  )
}

const isNo = ({ kind }: Option) => kind === 'reject_once' || kind === 'reject_always'
const isMain = (option: Option, ask: Ask) => (ask.defaultToNo ? isNo(option) : option.kind === 'allow_once')

/** The agent's options, in its order; a denial is always among them. */
function choicesOf(ask: Ask): readonly Option[] {
  const yes = ask.options.some((option) => !isNo(option))
    ? ask.options
    : [{ optionId: '', name: 'Allow', kind: 'allow_once' as const }, ...ask.options]
  return yes.some(isNo) ? yes : [...yes, { optionId: 'deny', name: 'Deny', kind: 'reject_once' }]
}

/** A denial, with what the person said to it. */
export function denial(comment: string): AskAnswer {
  return { type: 'deny', ...(comment.trim() === '' ? {} : { feedback: comment.trim() }) }
}
