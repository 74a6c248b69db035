import type { Share } from '@skein/protocol'
import { useQuery } from '@tanstack/react-query'
import { Link2Off, RotateCw } from 'lucide-react'
import { useState } from 'react'
import { useApi } from '../api/context.tsx'
import { useCommand } from '../api/use-command.ts'
import { ago } from '../checks/amounts.ts'
import { useNow } from '../checks/use-now.ts'
import { Button } from '../ui/button.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { shareAudience } from './share-audience.ts'
import { dropShare, keepShare, useShares } from './use-shares.ts'

/** The links by which others see what the workspace serves: who may, until when, who did, and how to end it. */
export function ShareList({ workspaceId }: { workspaceId: string }) {
  const shares = useShares(workspaceId)
  if (shares.length === 0) return null
  return (
    <section aria-label="Share links" className="mx-auto max-w-xl px-3 pb-4">
      <h2 className="px-1 pt-2 pb-1 font-medium text-muted text-xs">Share links</h2>
      <ul className="space-y-2">
        {shares.map((share) => (
          <ShareRow key={share.id} share={share} />
        ))}
      </ul>
    </section>
  )
}

function ShareRow({ share }: { share: Share }) {
  const { id: shareId, workspaceId, port, note, state, because, url, seen } = share
  const now = useNow(15_000)
  const [visits, setVisits] = useState(false)
  const revoke = useCommand('shares.revoke')
  const open = useCommand('shares.open')
  const end = async () => {
    if (await revoke.run({ shareId })) dropShare(workspaceId, shareId)
  }
  const again = async () => {
    const opened = await open.run({ shareId })
    if (opened) keepShare(opened)
  }
  return (
    <li className="rounded-lg border border-border p-3 text-sm">
      <div className="flex items-center gap-2">
        <span className="nums font-medium">Port {port}</span>
        {note !== undefined && <span className="min-w-0 flex-1 truncate text-muted">{note}</span>}
        <span className="ml-auto flex shrink-0 items-center gap-1">
          {(state === 'closed' || url === undefined) && (
            <Button size="sm" variant="ghost" disabled={open.pending} onClick={() => void again()}>
              <RotateCw aria-hidden />
              {open.pending ? 'Opening…' : state === 'closed' ? 'Open again' : 'New link'}
            </Button>
          )}
          <Button size="sm" disabled={revoke.pending} onClick={() => void end()}>
            <Link2Off aria-hidden />
            End<span className="sr-only"> the link to port {port}</span>
          </Button>
        </span>
      </div>
      {url !== undefined && <ShareLink url={url} />}
      <p className="mt-1 text-muted text-xs">
        {shareAudience(share, now)}
        {share.seenAt !== undefined && ` Last seen ${ago(share.seenAt, now)}.`}
      </p>
      {state === 'closed' && <p className="mt-1 break-words text-muted text-xs">Because {because}.</p>}
      {seen > 0 && (
        <details className="mt-1 text-xs" onToggle={(event) => setVisits(event.currentTarget.open)}>
          <summary className="cursor-default text-muted hover:text-foreground">What they saw</summary>
          {visits && <Visits shareId={shareId} seen={seen} now={now} />}
        </details>
      )}
    </li>
  )
}

/** A link to send to people, with a button that copies it. */
export function ShareLink({ url }: { url: string }) {
  return (
    <div className="mt-2 flex items-center gap-1 rounded-md bg-sunken py-0.5 pr-1 pl-2">
      <code className="min-w-0 flex-1 select-all truncate font-mono text-xs">{url}</code>
      <CopyButton text={url} label="Copy the link" />
    </div>
  )
}

function Visits({ shareId, seen, now }: { shareId: string; seen: number; now: number }) {
  const api = useApi()
  const visits = useQuery({
    queryKey: ['shares.visits', shareId, seen],
    queryFn: ({ signal }) => api.call('shares.visits', { shareId }, signal),
    placeholderData: (before) => before,
  })
  return (
    <ol className="nums mt-1 max-h-40 space-y-0.5 overflow-y-auto">
      {(visits.data ?? []).map(({ at, address, path }) => (
        <li key={`${at} ${path}`} className="flex gap-2">
          <span className="shrink-0 text-muted">{ago(at, now)}</span>
          <span className="min-w-0 flex-1 truncate font-mono">{path}</span>
          <span className="shrink-0 text-muted">{address ?? 'unknown address'}</span>
        </li>
      ))}
    </ol>
  )
}
