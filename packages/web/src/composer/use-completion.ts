import { type KeyboardEvent, useMemo, useState } from 'react'
import { useApiQuery } from '../api/query.ts'
import { type AgentCommandOffer, matchingCommands, type Trigger, triggerAt } from './completion.ts'
import type { Completion } from './completion-list.tsx'

interface CompletionSource {
  text: string
  caret: number
  commands: readonly AgentCommandOffer[]
  /** Whose files are named. */
  workspaceId: string | undefined
  onPick(trigger: Trigger, word: string): void
}

const MOST_FILES = 30

/** What the caret can be completed to, and the keys that choose. */
export function useCompletion({ text, caret, commands, workspaceId, onPick }: CompletionSource) {
  const [dismissed, setDismissed] = useState<string>()
  const [chosen, setChosen] = useState({ query: '', index: 0 })
  const found = useMemo(() => triggerAt(text, caret), [text, caret])
  const mark = found && `${found.kind}${found.from}`
  const offered = found && (found.kind === 'file' ? workspaceId !== undefined : commands.length > 0)
  const trigger = offered && dismissed !== mark ? found : undefined
  const files = useApiQuery(
    'workspaces.files',
    { workspaceId: workspaceId ?? '', query: trigger?.query ?? '', limit: MOST_FILES },
    { enabled: trigger?.kind === 'file', keep: true, staleTime: 5_000 },
  )
  const items = useMemo((): Completion[] => {
    if (trigger === undefined) return []
    if (trigger.kind === 'file') return (files.data?.paths ?? []).map((word) => ({ word }))
    return matchingCommands(commands, trigger.query).map(({ name, description, hint }) => ({
      word: name,
      ...(description === undefined && hint === undefined ? {} : { detail: description ?? hint ?? '' }),
    }))
  }, [trigger, files.data, commands])
  const query = `${mark} ${trigger?.query}`
  const active = chosen.query === query ? Math.min(chosen.index, Math.max(0, items.length - 1)) : 0
  const setActive = (index: number) => setChosen({ query, index })
  const pick = (word: string) => trigger && onPick(trigger, word)

  /** Whether the key was for the list. */
  const onKey = (event: KeyboardEvent): boolean => {
    if (trigger === undefined || event.nativeEvent.isComposing) return false
    const item = items[active]
    if (event.key === 'Escape') setDismissed(mark)
    else if (event.key === 'ArrowDown' && items.length > 0) setActive((active + 1) % items.length)
    else if (event.key === 'ArrowUp' && items.length > 0) setActive((active + items.length - 1) % items.length)
    else if ((event.key === 'Enter' || event.key === 'Tab') && item && !event.shiftKey) {
      // A command that is already written out is sent, not completed again.
      if (event.key === 'Enter' && trigger.kind === 'command' && item.word === trigger.query) return false
      pick(item.word)
    } else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }
  const waiting = trigger?.kind === 'file' && files.isFetching && items.length === 0
  const empty = waiting ? 'Looking for files…' : trigger?.kind === 'file' ? 'No file matches.' : ''
  // A command that nothing matches may be the agent's own secret: no list stands in its way.
  const open = trigger !== undefined && (items.length > 0 || trigger.kind === 'file')
  if (trigger === undefined && dismissed !== undefined && mark === undefined) setDismissed(undefined)
  return { open, trigger, items, active, setActive, pick, onKey, empty }
}
