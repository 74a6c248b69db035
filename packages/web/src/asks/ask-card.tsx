import type { Ask } from '@skein/protocol'
import { Ban, CircleCheck, CircleX, FileText, MessageCircleQuestion, ShieldQuestion } from 'lucide-react'
import { type ComponentType, memo, type Ref, useEffect, useId, useImperativeHandle, useRef } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { Badge } from '../ui/badge.tsx'
import { cn } from '../ui/cn.ts'
import { Spinner } from '../ui/spinner.tsx'
import { type Ending, endingOf } from './answered.ts'
import { type AskKeys, pressIn } from './ask-keys.ts'
import { MarkedName } from './marked-name.tsx'
import { type AskBodyProps, Permission } from './permission.tsx'
import { PlanAsk } from './plan-ask.tsx'
import { Questions } from './questions.tsx'
import { useAnswer } from './use-answer.ts'

export interface AskCardHandle {
  focus(): void
}

export interface AskCardProps {
  ask: Ask
  /** Less room for what would be done. */
  compact?: boolean
  /** Where somebody else moves the focus from card to card: the inbox. */
  handle?: Ref<AskCardHandle>
  /** What Enter does while the card itself has the focus, in the place of its yes. */
  onEnter?(): void
  className?: string
}

const KINDS = {
  permission: { icon: ShieldQuestion, name: 'Permission', Body: Permission },
  question: { icon: MessageCircleQuestion, name: 'Question', Body: Questions },
  plan: { icon: FileText, name: 'Plan', Body: PlanAsk },
} satisfies Record<Ask['kind'], { icon: typeof Ban; name: string; Body: ComponentType<AskBodyProps> }>

/**
 * An ask, with everything that is needed to answer it; afterwards, what was answered and by whom. With the focus inside: 1–9
 * choose, y or Enter says yes, n no, c adds a comment.
 */
export const AskCard = memo(function AskCard({
  ask: given,
  compact = false,
  handle,
  onEnter,
  className,
}: AskCardProps) {
  const { ask, mine, pending, late, answer } = useAnswer(given)
  const card = useRef<HTMLElement>(null)
  const keys = useRef<AskKeys>(null)
  const titleId = useId()
  const ending = endingOf(ask, mine)
  const open = ending === undefined
  const { icon: Icon, name, Body } = KINDS[ask.kind]
  const focus = () => {
    const target = keys.current?.first?.() ?? card.current
    card.current?.scrollIntoView({ block: 'nearest' })
    target?.focus({ preventScroll: true })
  }
  useImperativeHandle(handle, () => ({ focus }))
  useShortcut({
    ...{ keys: 'a', label: 'Answer what is asked', group: 'Session' },
    ...{ when: open && handle === undefined, run: focus },
  })
  useKeptFocus(card, open)

  return (
    <article
      ref={card}
      tabIndex={-1}
      aria-labelledby={titleId}
      aria-busy={pending}
      data-ask={ask.id}
      data-state={ask.state}
      onKeyDown={(event) => {
        if (onEnter && event.key === 'Enter' && event.target === card.current) onEnter()
        else if (open && !pending) pressIn(keys.current, event)
      }}
      className={cn(
        'flex min-w-0 flex-col gap-3 rounded-lg border bg-surface p-3 outline-offset-0 focus:outline-2 focus:outline-(--ring) max-sm:[&_button]:min-h-9 sm:p-4',
        open && 'border-status-needs-you/60',
        className,
      )}
    >
      <header className="flex items-start gap-2.5">
        <Icon aria-hidden className={cn('mt-0.5 size-4.5 shrink-0', open ? 'text-status-needs-you' : 'text-muted')} />
        <div className="min-w-0 flex-1">
          <h3 id={titleId} className="line-clamp-3 font-semibold [overflow-wrap:anywhere]">
            <span className="sr-only">{name}: </span>
            {visibleCharacters(titleOf(ask))}
          </h3>
          {open && ask.reason !== undefined && (
            <p className="mt-0.5 text-muted text-sm [overflow-wrap:anywhere]">{visibleCharacters(ask.reason)}</p>
          )}
        </div>
        {pending && <Spinner label="The answer is on its way" />}
        {ask.kind === 'permission' && ask.toolName !== undefined && <Badge>{visibleCharacters(ask.toolName)}</Badge>}
      </header>
      {open ? (
        <Body
          key={ask.inputHash}
          {...{ keys, ask, compact, pending }}
          onAnswer={(given) => void (pending || answer(given))}
          onLeave={focus}
        />
      ) : (
        <Ended ending={ending} />
      )}
      {late !== undefined && (
        <p role="status" className="rounded-md bg-info-surface px-3 py-2 text-info text-sm">
          {late}
        </p>
      )}
    </article>
  )
})

/** Several questions stand in the body, each for itself. */
function titleOf(ask: Ask): string {
  if (ask.kind !== 'question' || ask.questions === undefined || ask.questions.length === 0) return ask.title
  return ask.questions.length === 1 ? 'The agent has a question' : `The agent has ${ask.questions.length} questions`
}

/** The buttons go when an ask is answered; the focus that one of them had stays in the card. */
function useKeptFocus(card: { current: HTMLElement | null }, open: boolean): void {
  const inside = useRef(false)
  useEffect(() => {
    const element = card.current
    const enter = () => {
      inside.current = true
    }
    const leave = (event: FocusEvent) => {
      if (event.relatedTarget instanceof Node) inside.current = element?.contains(event.relatedTarget) === true
    }
    element?.addEventListener('focusin', enter)
    element?.addEventListener('focusout', leave)
    return () => {
      element?.removeEventListener('focusin', enter)
      element?.removeEventListener('focusout', leave)
    }
  }, [card])
  useEffect(() => {
    if (!open && inside.current && !card.current?.contains(document.activeElement)) card.current?.focus()
  }, [card, open])
}

const MARKS = {
  yes: { icon: CircleCheck, color: 'text-success' },
  no: { icon: CircleX, color: 'text-danger' },
  gone: { icon: Ban, color: 'text-muted' },
} as const

function Ended({ ending }: { ending: Ending }) {
  const { icon: Icon, color } = MARKS[ending.tone]
  return (
    <div role="status" className="flex items-start gap-2 text-sm">
      <Icon aria-hidden className={cn('mt-0.5 size-4 shrink-0', color)} />
      <div className="min-w-0 flex-1">
        <p>{visibleCharacters(ending.sentence)}</p>
        {ending.details.map(({ name, text }) => (
          <p key={`${name} ${text}`} className="whitespace-pre-wrap text-muted [overflow-wrap:anywhere]">
            {name !== undefined && <span>{visibleCharacters(name)} </span>}
            <span className="text-foreground">
              <MarkedName text={text} />
            </span>
          </p>
        ))}
      </div>
    </div>
  )
}
