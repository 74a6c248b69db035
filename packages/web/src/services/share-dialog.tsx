import type { Share } from '@skein/protocol'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useId, useState } from 'react'
import { useApi } from '../api/context.tsx'
import { useCommand } from '../api/use-command.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../ui/dialog.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { Input } from '../ui/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../ui/select.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { shareAudience } from './share-audience.ts'
import { ShareLink } from './share-list.tsx'
import { ShareWaySettings } from './share-way.tsx'
import { keepShare } from './use-shares.ts'

interface ShareDialogProps {
  workspaceId: string
  port: number
  title: string
  onClose: () => void
}

const MINUTE_MS = 60_000
const TIMES = [
  { ms: 30 * MINUTE_MS, label: '30 minutes' },
  { ms: 60 * MINUTE_MS, label: 'An hour' },
  { ms: 8 * 60 * MINUTE_MS, label: '8 hours' },
  { ms: 24 * 60 * MINUTE_MS, label: 'A day' },
  { ms: 7 * 24 * 60 * MINUTE_MS, label: '7 days' },
] as const

/** Makes a link by which others see a port of the workspace. */
export function ShareDialog({ workspaceId, port, title, onClose }: ShareDialogProps) {
  const [made, setMade] = useState<Share>()
  return (
    <Dialog open onOpenChange={(stays) => !stays && onClose()}>
      <DialogContent
        title={made ? 'Anybody with this link can see it' : `Share ${title}`}
        description={
          made
            ? shareAudience(made, Date.now())
            : `A link by which others see port ${port} of this workspace, and nothing else of Skein.`
        }
      >
        {made ? (
          <>
            <DialogBody>{made.url !== undefined && <ShareLink url={made.url} />}</DialogBody>
            <DialogFooter>
              <Button variant="primary" onClick={onClose}>
                Done
              </Button>
            </DialogFooter>
          </>
        ) : (
          <ShareForm
            workspaceId={workspaceId}
            port={port}
            onCancel={onClose}
            onMade={(share) => {
              keepShare(share)
              setMade(share)
            }}
          />
        )}
      </DialogContent>
    </Dialog>
  )
}

interface ShareFormProps {
  workspaceId: string
  port: number
  onCancel: () => void
  onMade: (share: Share) => void
}

function ShareForm({ workspaceId, port, onCancel, onMade }: ShareFormProps) {
  const api = useApi()
  const id = useId()
  const create = useCommand('shares.create')
  const ways = useQuery({ queryKey: ['shares.ways'], queryFn: ({ signal }) => api.call('shares.ways', {}, signal) })
  const [chosen, setChosen] = useState<string>()
  const [expiresInMs, setExpiresInMs] = useState<number>(60 * MINUTE_MS)
  const [note, setNote] = useState('')
  const way = ways.data?.find(({ kind }) => kind === chosen) ?? ways.data?.find(({ ready }) => ready) ?? ways.data?.[0]

  const share = async () => {
    if (!way?.ready || create.pending) return
    const made = await create.run({ workspaceId, port, via: way.kind, expiresInMs, ...(note === '' ? {} : { note }) })
    if (made) onMade(made)
  }

  if (ways.isError) return <ErrorState error={ways.error} retry={() => void ways.refetch()} />
  if (!ways.data) return <Skeleton className="m-4 h-32" />
  return (
    <>
      <DialogBody className="space-y-3">
        <Field label="Through">
          {(labelledBy) => (
            <Select value={way?.kind ?? ''} onValueChange={setChosen}>
              <SelectTrigger aria-labelledby={labelledBy} className="w-full">
                <SelectValue placeholder="No kind of tunnel is installed" />
              </SelectTrigger>
              <SelectContent>
                {ways.data.map(({ kind, label, ready, what }) => (
                  <SelectItem key={kind} value={kind} detail={ready ? undefined : what}>
                    {label}
                  </SelectItem>
                ))}
              </SelectContent>
            </Select>
          )}
        </Field>
        {way && <p className="text-muted text-xs">{way.about}</p>}
        {way && !way.ready && <ShareWaySettings key={way.kind} way={way} onSaved={() => void ways.refetch()} />}
        <Field label="For">
          {(labelledBy) => (
            <Select value={String(expiresInMs)} onValueChange={(value) => setExpiresInMs(Number(value))}>
              <SelectTrigger aria-labelledby={labelledBy} className="w-full">
                <SelectValue />
              </SelectTrigger>
              <SelectContent>
                {TIMES.map(({ ms, label }) => (
                  <SelectItem key={ms} value={String(ms)}>
                    {label}
                  </SelectItem>
                ))}
              </SelectContent>
            </Select>
          )}
        </Field>
        <div>
          <label htmlFor={id} className="font-medium text-sm">
            Note
          </label>
          <Input
            id={id}
            value={note}
            maxLength={200}
            placeholder="For whom, or what for"
            onChange={(event) => setNote(event.target.value)}
            onKeyDown={(event) => event.key === 'Enter' && void share()}
          />
        </div>
      </DialogBody>
      <DialogFooter>
        <Button variant="ghost" onClick={onCancel}>
          Cancel
        </Button>
        <Button variant="primary" disabled={!way?.ready || create.pending} onClick={() => void share()}>
          {create.pending ? 'Opening a tunnel…' : 'Make the link'}
        </Button>
      </DialogFooter>
    </>
  )
}

function Field({ label, children }: { label: string; children: (labelledBy: string) => ReactNode }) {
  const id = useId()
  return (
    <div>
      <span id={id} className="font-medium text-sm">
        {label}
      </span>
      {children(id)}
    </div>
  )
}
