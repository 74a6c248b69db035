import type { ContentBlock } from '@skein/protocol'
import { useApiQuery } from '../api/query.ts'
import { Dialog, DialogContent, DialogTrigger } from '../ui/dialog.tsx'
import { Skeleton } from '../ui/skeleton.tsx'

const SHOWN = /^image\/(png|jpeg|gif|webp|avif)$/

/** A picture of a message: its bytes come from Skein's own store, never from the web. */
export function ContentImage({ image }: { image: Extract<ContentBlock, { type: 'image' }> }) {
  const { blob, data, mimeType, name = 'Picture' } = image
  const stored = useApiQuery(
    'blobs.get',
    { sha256: blob ?? '' },
    { enabled: data === undefined && blob !== undefined, staleTime: Number.POSITIVE_INFINITY },
  )
  const base64 = data ?? stored.data?.base64
  if (!SHOWN.test(mimeType) || stored.error)
    return (
      <span className="text-muted text-sm">
        [{name}, {mimeType}]
      </span>
    )
  if (base64 === undefined) return <Skeleton className="h-32 w-48" />
  const source = `data:${mimeType};base64,${base64}`
  return (
    <Dialog>
      <DialogTrigger className="overflow-hidden rounded-md border" aria-label={`${name}, larger`}>
        <img src={source} alt={name} className="max-h-48 max-w-64 object-contain" />
      </DialogTrigger>
      <DialogContent title={name} className="sm:max-w-[90vw]">
        <div className="min-h-0 overflow-auto p-4">
          <img src={source} alt={name} className="mx-auto max-w-full" />
        </div>
      </DialogContent>
    </Dialog>
  )
}
