import type { SearchHit } from '@skein/protocol'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useMemo, useRef, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { groupHits } from './hit-groups.ts'
import { HitList } from './hit-list.tsx'
import { QueryBar } from './query-bar.tsx'
import { SearchStatus } from './search-status.tsx'
import { useHits } from './use-hits.ts'
import { useSettled } from './use-settled.ts'

export type HitKind = SearchHit['kind'] | 'all'

/** Finds words in everything that agents and people wrote, over all workspaces or one. */
export function SearchPage() {
  const navigate = useNavigate()
  const id = useId()
  const { q = '', workspace: where = '' } = useSearch({ strict: false })
  const [typed, setTyped] = useState(q)
  const [kind, setKind] = useState<HitKind>('all')
  const [at, setAt] = useState(0)
  const input = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const text = useSettled(typed.trim(), 150)

  // The address keeps the question, so that going back from a hit finds it again.
  const ask = (question: string, workspace: string) =>
    void navigate({
      to: '/search',
      search: { ...(question ? { q: question } : {}), ...(workspace ? { workspace } : {}) },
      replace: true,
    })
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once it is another question.
  useEffect(() => {
    if (text !== q) ask(text, where)
  }, [text])
  useEffect(() => input.current?.focus(), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question has another first answer.
  useEffect(() => setAt(0), [text, where, kind])

  const found = useHits(text, where)
  const groups = useMemo(() => {
    const hits = (found.data?.pages ?? []).flatMap((page) => page.hits)
    return groupHits(kind === 'all' ? hits : hits.filter((hit) => hit.kind === kind))
  }, [found.data, kind])
  const shown = useDeferredValue(groups)
  const flat = useMemo(() => shown.flatMap((group) => group.hits), [shown])
  const selected = Math.min(at, flat.length - 1)

  const open = ({ workspaceId, sessionId, seq }: SearchHit) =>
    void navigate({ to: '/w/$workspaceId/session/$sessionId', params: { workspaceId, sessionId }, hash: `e${seq}` })
  const focusHit = (next: number) => {
    setAt(next)
    list.current?.querySelector<HTMLElement>(`#${CSS.escape(`${id}-${next}`)}`)?.focus()
    if (next >= flat.length - 5 && found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage()
  }
  const keys = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    const inInput = event.target === input.current
    const onHit = event.target instanceof HTMLElement && event.target.id.startsWith(`${id}-`)
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key]
    if (by !== undefined && (inInput || onHit) && flat.length > 0) {
      if (inInput && by < 0) return
      if (onHit && selected === 0 && by < 0) input.current?.focus()
      else focusHit(Math.max(0, Math.min(flat.length - 1, (inInput ? -1 : selected) + by)))
    } else if (event.key === 'Enter' && inInput && flat[0]) open(flat[0])
    // Who types goes on with the question.
    else if (onHit && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      input.current?.focus()
      return
    } else return
    event.preventDefault()
  }

  return (
    <search className="flex h-full min-h-0 flex-col" onKeyDown={keys}>
      <h1 className="sr-only">Search</h1>
      <QueryBar
        ref={input}
        text={typed}
        onText={setTyped}
        where={where}
        onWhere={(workspace) => ask(text, workspace)}
        kind={kind}
        onKind={setKind}
        busy={found.isFetching}
      />
      <div className="min-h-0 flex-1 overflow-y-auto px-4 py-4 md:px-8">
        <div ref={list} className="mx-auto max-w-3xl">
          {flat.length > 0 ? (
            <HitList id={id} groups={shown} selected={selected} onSelect={setAt} old={found.isPlaceholderData} />
          ) : (
            <SearchStatus text={text} narrowed={where !== '' || kind !== 'all'} found={found} />
          )}
          {found.hasNextPage && (
            <div className="flex justify-center py-2">
              <Button onClick={() => void found.fetchNextPage()} disabled={found.isFetchingNextPage}>
                {found.isFetchingNextPage ? 'Searching…' : 'Show more'}
              </Button>
            </div>
          )}
        </div>
      </div>
    </search>
  )
}
