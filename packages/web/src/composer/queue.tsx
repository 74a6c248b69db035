import type { QueuedPrompt } from '@skein/protocol'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { useQueue } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'
import { useCommand } from '../api/use-command.ts'
import { toast } from '../ui/toast.tsx'
import { moved, placeAt } from './order.ts'
import { QueueRow } from './queue-row.tsx'

/** The prompts that wait in a session. */
export function useQueuedPrompts(sessionId: string, queued: number): readonly QueuedPrompt[] {
  const told = useQueue(sessionId)
  const { data } = useApiQuery('sessions.queue', { sessionId }, { enabled: told === undefined && queued > 0 })
  return told ?? data ?? []
}

interface QueueProps {
  sessionId: string
  prompts: readonly QueuedPrompt[]
  /** The prompt that is being changed. */
  editing: string | undefined
  onEditing(messageId: string | undefined): void
  /** Words that came too late to be changed in the queue. */
  onLate(text: string): void
}

/** What waits for the turn to end: changed, put in another order by pointer or arrow keys, or taken away. */
export function Queue({ sessionId, prompts, editing, onEditing, onLate }: QueueProps) {
  const order = useCommand('sessions.orderPrompts')
  const edit = useCommand('sessions.editPrompt')
  const cancel = useCommand('sessions.cancelPrompt')
  const list = useRef<HTMLOListElement>(null)
  /** The order as the person left it, until the server has it. */
  const [wanted, setWanted] = useState<readonly string[]>()
  const [held, setHeld] = useState<string>()
  const [said, setSaid] = useState('')
  const shown = inOrder(prompts, wanted)
  const ids = shown.map(({ messageId }) => messageId)

  const settle = async (messageIds: readonly string[]) => {
    setWanted(messageIds)
    await order.run({ sessionId, messageIds: [...messageIds] })
    setWanted(undefined)
  }
  const move = (messageId: string, by: number) => {
    const from = ids.indexOf(messageId)
    const to = from + by
    if (to < 0 || to >= ids.length) return
    setSaid(`Now ${to + 1} of ${ids.length}`)
    void settle(moved(ids, from, to))
  }
  const drag = (messageId: string, event: PointerEvent) => {
    const rows = [...(list.current?.children ?? [])].filter((_, index) => ids[index] !== messageId)
    const middles = rows.map((row) => {
      const { top, height } = row.getBoundingClientRect()
      return top + height / 2
    })
    setWanted(moved(ids, ids.indexOf(messageId), placeAt(event.clientY, middles)))
  }
  const drop = (keep: boolean) => {
    setHeld(undefined)
    if (keep && wanted) void settle(wanted)
    else setWanted(undefined)
  }
  useDrag(held, drag, drop)
  const save = async (prompt: QueuedPrompt, text: string) => {
    const others = prompt.content.filter(({ type }) => type !== 'text')
    const content = [...others, { type: 'text' as const, text }]
    const done = await edit.run({ sessionId, messageId: prompt.messageId, content })
    if (!done) return
    onEditing(undefined)
    if (done.edited) return
    toast.info('The agent already has this prompt', { description: 'Your change stands in the composer.' })
    onLate(text)
  }
  const remove = async (prompt: QueuedPrompt) => {
    const done = await cancel.run({ sessionId, messageId: prompt.messageId })
    if (done && !done.cancelled) toast.info('The agent already has this prompt')
  }

  if (shown.length === 0) return null
  return (
    <section aria-label="Queued prompts" className="mb-2">
      <h3 className="mb-1 px-1 text-muted text-xs">
        {shown.length === 1 ? '1 prompt waits' : `${shown.length} prompts wait`} for this turn to end
      </h3>
      <ol ref={list} className="flex max-h-[30dvh] flex-col gap-1 overflow-y-auto">
        {shown.map((prompt, index) => (
          <QueueRow
            key={prompt.messageId}
            prompt={prompt}
            place={`${index + 1} of ${shown.length}`}
            alone={shown.length === 1}
            held={held === prompt.messageId}
            editing={editing === prompt.messageId}
            busy={edit.pending}
            onEdit={(yes) => onEditing(yes ? prompt.messageId : undefined)}
            onSave={(text) => void save(prompt, text)}
            onRemove={() => void remove(prompt)}
            onMove={(by) => move(prompt.messageId, by)}
            onHold={() => setHeld(prompt.messageId)}
          />
        ))}
      </ol>
      <p aria-live="polite" className="sr-only">
        {said}
      </p>
    </section>
  )
}

/**
 * Follows the pointer while something is held. On the window: an element that is moved within the document loses the pointer that
 * it had captured.
 */
function useDrag(
  held: string | undefined,
  onDrag: (held: string, event: PointerEvent) => void,
  onDrop: (keep: boolean) => void,
): void {
  const drag = useEffectEvent(onDrag)
  const drop = useEffectEvent(onDrop)
  useEffect(() => {
    if (held === undefined) return
    const move = (event: PointerEvent) => drag(held, event)
    const up = () => drop(true)
    const cancel = () => drop(false)
    const giveUp = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.preventDefault()
      event.stopPropagation()
      drop(false)
    }
    addEventListener('pointermove', move)
    addEventListener('pointerup', up)
    addEventListener('pointercancel', cancel)
    addEventListener('keydown', giveUp, true)
    return () => {
      removeEventListener('pointermove', move)
      removeEventListener('pointerup', up)
      removeEventListener('pointercancel', cancel)
      removeEventListener('keydown', giveUp, true)
    }
  }, [held])
}

/** The prompts in a wanted order; those that came since stand at the end. */
function inOrder(prompts: readonly QueuedPrompt[], wanted: readonly string[] | undefined): readonly QueuedPrompt[] {
  if (!wanted) return prompts
  const place = ({ messageId }: QueuedPrompt) => {
    const at = wanted.indexOf(messageId)
    return at === -1 ? wanted.length : at
  }
  return prompts.toSorted((a, b) => place(a) - place(b))
}
