import type { FileChange } from '@skein/protocol'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useState } from 'react'
import { useApi } from '../api/context.tsx'
import { Button } from '../ui/button.tsx'
import { useReview } from './review.ts'

interface Picture {
  url: string
  size: number
}

/** An image before and after: side by side, or one over the other with an edge to move. */
export function ImageCompare({ change, type }: { change: FileChange; type: string }) {
  const { base, tree } = useReview()
  const before = usePicture(change.status === 'added' ? undefined : (change.oldPath ?? change.path), base, type)
  const after = usePicture(change.status === 'deleted' ? undefined : change.path, tree, type)
  const [swipe, setSwipe] = useState(false)
  const both = before.picture !== undefined && after.picture !== undefined
  return (
    <div className="py-2">
      {both && (
        <fieldset className="mb-2 flex gap-1" aria-label="Way to compare">
          <Button size="sm" variant="ghost" aria-pressed={!swipe} onClick={() => setSwipe(false)}>
            Side by side
          </Button>
          <Button size="sm" variant="ghost" aria-pressed={swipe} onClick={() => setSwipe(true)}>
            Swipe
          </Button>
        </fieldset>
      )}
      {both && swipe && before.picture && after.picture ? (
        <Swipe before={before.picture} after={after.picture} path={change.path} />
      ) : (
        <div className="flex flex-wrap gap-4">
          {change.status !== 'added' && <Shown name="Before" path={change.path} {...before} />}
          {change.status !== 'deleted' && <Shown name="After" path={change.path} {...after} />}
        </div>
      )}
    </div>
  )
}

function Shown({ name, path, picture, problem }: { name: string; path: string; picture?: Picture; problem?: string }) {
  const [pixels, setPixels] = useState('')
  return (
    <figure className="min-w-0">
      {picture ? (
        <img
          src={picture.url}
          alt={`${path}, ${name.toLowerCase()}`}
          className="image-ground max-h-80 max-w-full rounded border border-border object-contain"
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setPixels(`${naturalWidth} × ${naturalHeight}`)
          }
        />
      ) : (
        <div className="grid h-32 w-48 place-items-center rounded border border-border px-2 text-center text-muted text-xs">
          {problem ?? 'Loading…'}
        </div>
      )}
      <figcaption className="mt-1 text-muted text-xs">
        {[name, pixels, picture && bytes(picture.size)].filter(Boolean).join(' · ')}
      </figcaption>
    </figure>
  )
}

function Swipe({ before, after, path }: { before: Picture; after: Picture; path: string }) {
  const id = useId()
  const [edge, setEdge] = useState(50)
  return (
    <div className="inline-block max-w-full">
      <div className="image-ground relative grid rounded border border-border">
        <img src={before.url} alt={`${path}, before`} className="col-start-1 row-start-1 max-h-80 max-w-full" />
        <img
          src={after.url}
          alt={`${path}, after`}
          className="col-start-1 row-start-1 max-h-80 max-w-full"
          style={{ clipPath: `inset(0 0 0 ${edge}%)` }}
        />
        <div className="absolute inset-y-0 w-0.5 bg-accent" style={{ left: `${edge}%` }} />
      </div>
      <label htmlFor={id} className="sr-only">
        Edge between before and after, in percent
      </label>
      <input
        id={id}
        type="range"
        className="mt-1 w-full accent-accent"
        value={edge}
        onChange={(event) => setEdge(Number(event.target.value))}
      />
    </div>
  )
}

function usePicture(path: string | undefined, at: string, type: string): { picture?: Picture; problem?: string } {
  const api = useApi()
  const { workspace } = useReview()
  const { data, error, isPending } = useQuery({
    queryKey: ['image', workspace.id, path, at],
    queryFn: async ({ signal }) =>
      path === undefined ? null : await api.call('workspaces.file', { workspaceId: workspace.id, path, at }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (!data) return
    const bytes = Uint8Array.from(atob(data.base64), (character) => character.charCodeAt(0))
    const made = URL.createObjectURL(new Blob([bytes], { type }))
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [data, type])
  if (data && url !== undefined) return { picture: { url, size: data.size } }
  if (error) return { problem: error.message }
  return isPending || data ? {} : { problem: 'Not there' }
}

function bytes(size: number): string {
  if (size < 1024) return `${size} B`
  return size < 1024 * 1024 ? `${(size / 1024).toFixed(1)} KB` : `${(size / 1024 / 1024).toFixed(1)} MB`
}
