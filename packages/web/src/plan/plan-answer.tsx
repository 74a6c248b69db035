import type { PermissionMode, PlanRevision } from '@skein/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { type RefObject, useImperativeHandle, useRef, useState } from 'react'
import { useApi } from '../api/context.tsx'
import { queryKey, useApiQuery } from '../api/query.ts'
import { useCommentCommands } from '../comments/commands.ts'
import { lineRangeName } from '../comments/line-range-name.ts'
import type { PlanComment } from '../comments/place.ts'
import { reportFailure } from '../comments/report-failure.ts'
import { Tray } from '../comments/tray.tsx'
import { Button } from '../ui/button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../ui/select.tsx'
import { toast } from '../ui/toast.tsx'

/** What a shortcut may ask of the answer. */
export interface PlanAnswerHandle {
  approve(): void
  requestChanges(): void
}

interface PlanAnswerProps {
  ref: RefObject<PlanAnswerHandle | null>
  revision: PlanRevision
  agent: string | undefined
  inputHash: string | undefined
  drafts: readonly PlanComment[]
  /** The plan as the person edited it. */
  edited: string | undefined
  onAnswered(): void
  onShow(comment: PlanComment): void
}

/** The answer to an open plan: a request for changes with all comments, or approval and the mode to go on in. */
export function PlanAnswer({ ref, revision, agent, drafts, edited, onAnswered, ...props }: PlanAnswerProps) {
  const api = useApi()
  const client = useQueryClient()
  const commands = useCommentCommands(revision.sessionId)
  const { sessionId, askId } = revision
  const modes = useModes(agent)
  const [mode, setMode] = useState<PermissionMode>('sandboxed')
  const [busy, setBusy] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const approveButton = useRef<HTMLButtonElement>(null)
  const commentIds = drafts.map((draft) => draft.id)

  const settle = () => {
    void client.invalidateQueries({ queryKey: queryKey('comments.list') })
    onAnswered()
  }
  const tooLate = () =>
    toast.info('Someone else answered this plan first', { description: 'Your comments are kept as drafts.' })

  const requestChanges = async (message: string | undefined) => {
    try {
      const key = crypto.randomUUID()
      const text = message === undefined ? {} : { message }
      const { counted } = await api.call('reviews.send', { key, sessionId, commentIds, askId, ...text })
      if (counted === false) tooLate()
      else toast.success('Changes requested', { description: 'The agent revises the plan; it stays in plan mode.' })
      if (counted === false) throw new Error('the answer did not count')
    } catch (error) {
      if (!(error instanceof Error && error.message === 'the answer did not count')) reportFailure('Not sent', error)
      throw error
    } finally {
      settle()
    }
  }
  const approve = async () => {
    if (busy) return
    setBusy(true)
    try {
      const plan = edited === undefined ? {} : { plan: edited }
      const hash = props.inputHash === undefined ? {} : { inputHash: props.inputHash }
      const answer = { type: 'approve_plan' as const, nextMode: mode, ...plan }
      const { counted } = await api.call('asks.answer', { key: crypto.randomUUID(), askId, answer, ...hash })
      if (!counted) return tooLate()
      if (drafts.length > 0) await api.call('reviews.send', { key: crypto.randomUUID(), sessionId, commentIds })
      toast.success(edited === undefined ? 'Plan approved' : 'Plan approved with your edits')
    } catch (error) {
      reportFailure('Not approved', error)
    } finally {
      setBusy(false)
      settle()
    }
  }

  useImperativeHandle(ref, () => ({
    // With comments or edits there is something to look at first: the key goes to the button, Enter confirms.
    approve: () => (drafts.length > 0 || edited !== undefined ? approveButton.current?.focus() : void approve()),
    requestChanges: () => root.current?.querySelector('textarea')?.focus(),
  }))

  return (
    <div ref={root}>
      {edited !== undefined && drafts.length > 0 && (
        <p className="border-border border-t bg-surface px-3 pt-2 text-muted text-xs">
          Your edits count when you approve; a request for changes sends the comments alone.
        </p>
      )}
      <Tray
        drafts={drafts}
        name={`plan-message.${askId}`}
        where={({ place }) => `Plan, ${lineRangeName(place)}`}
        onShow={(comment) => {
          const draft = drafts.find((each) => each.id === comment.id)
          if (draft) props.onShow(draft)
        }}
        onDelete={(comment) => void commands.remove(comment.id).catch(() => undefined)}
        onSend={requestChanges}
        sendLabel={(count) => (count === 0 ? 'Request changes' : `Request changes (${count})`)}
        placeholder="What should change, in general"
      >
        <span className="flex items-center gap-1">
          <Select value={mode} onValueChange={(value) => setMode(modes.find((each) => each.id === value)?.id ?? mode)}>
            <SelectTrigger size="sm" aria-label="Mode to go on in">
              <SelectValue />
            </SelectTrigger>
            <SelectContent>
              {modes.map(({ id, name, description }) => (
                <SelectItem key={id} value={id} detail={description}>
                  {name}
                </SelectItem>
              ))}
            </SelectContent>
          </Select>
          <Button ref={approveButton} size="sm" variant="primary" disabled={busy} onClick={() => void approve()}>
            {approveLabel(edited !== undefined, drafts.length)} <Kbd keys="a" className="max-sm:hidden" />
          </Button>
        </span>
      </Tray>
    </div>
  )
}

/** Comments that are not sent when a plan is approved go to the agent as its next prompt. */
function approveLabel(edited: boolean, drafts: number): string {
  const approve = edited ? 'Approve with edits' : 'Approve'
  if (drafts === 0) return approve
  return `${approve}, send ${drafts === 1 ? 'comment' : `${drafts} comments`}`
}

const FALLBACK: { id: PermissionMode; name: string; description: string }[] = [
  { id: 'sandboxed', name: 'Sandboxed', description: 'Edits here are accepted, commands run in a sandbox' },
  { id: 'accept_edits', name: 'Accept edits', description: 'Edits are accepted, commands are asked for' },
  { id: 'ask', name: 'Ask', description: 'Every change is asked for' },
]

function useModes(agent: string | undefined) {
  const { data } = useApiQuery('agents.list', {}, { staleTime: Number.POSITIVE_INFINITY })
  const modes = data?.find((each) => each.kind === agent)?.capabilities.modes ?? FALLBACK
  return modes.filter((mode) => mode.id !== 'plan')
}
