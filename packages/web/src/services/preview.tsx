import { useQuery } from '@tanstack/react-query'
import { ArrowLeft, ExternalLink, Monitor, RotateCw, Share2, Smartphone, Tablet, X } from 'lucide-react'
import { type FormEvent, useId, useRef, useState } from 'react'
import { useApi } from '../api/context.tsx'
import { cn } from '../ui/cn.ts'
import { ErrorState } from '../ui/error-state.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { toast, toastError } from '../ui/toast.tsx'
import { previewPath } from './preview-path.ts'

export interface Opened {
  port: number
  title: string
}

interface PreviewProps extends Opened {
  workspaceId: string
  onShare: () => void
  onClose: () => void
}

const WIDTHS = [
  { id: 'full', label: 'Full width', icon: Monitor, width: undefined },
  { id: 'tablet', label: 'As on a tablet (820 px)', icon: Tablet, width: 820 },
  { id: 'phone', label: 'As on a phone (390 px)', icon: Smartphone, width: 390 },
] as const

/** What listens on a port, in a frame on an origin of its own, with an address bar. */
export function Preview({ workspaceId, port, title, onShare, onClose }: PreviewProps) {
  const api = useApi()
  const [width, setWidth] = useState<(typeof WIDTHS)[number]['id']>('full')
  const opened = useQuery({
    queryKey: ['previews.open', workspaceId, port],
    queryFn: ({ signal }) => api.call('previews.open', { key: crypto.randomUUID(), workspaceId, port }, signal),
    // The URL works once: another frame needs another.
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
  const openInTab = async (path: string) => {
    // Opened at once, while the click still allows it; it is sent on when the address is there.
    const tab = window.open('about:blank', '_blank')
    if (tab) tab.opener = null
    try {
      const { url } = await api.call('previews.open', { key: crypto.randomUUID(), workspaceId, port, path })
      if (tab) tab.location.replace(url)
      else
        toast.error('The browser blocked the new tab', { description: 'Allow pop-ups for this page, then try again.' })
    } catch (error) {
      tab?.close()
      toastError(error)
    }
  }
  return (
    <section aria-label={`Preview of ${title}`} className="flex h-full min-h-0 flex-col">
      {opened.data ? (
        <Frame
          key={opened.data.url}
          url={opened.data.url}
          title={title}
          port={port}
          maxWidth={WIDTHS.find((one) => one.id === width)?.width}
          onOpenInTab={(path) => void openInTab(path)}
          onShare={onShare}
          onClose={onClose}
        >
          <div role="radiogroup" aria-label="Width" className="flex max-md:hidden">
            {WIDTHS.map(({ id, label, icon: Icon }) => (
              <IconButton
                key={id}
                label={label}
                role="radio"
                aria-checked={id === width}
                onClick={() => setWidth(id)}
                className={cn(id === width && 'bg-selected')}
              >
                <Icon />
              </IconButton>
            ))}
          </div>
        </Frame>
      ) : (
        <div className="p-4">
          <div className="mb-3 flex justify-end">
            <IconButton label="Close the preview" onClick={onClose}>
              <X />
            </IconButton>
          </div>
          {opened.isError ? (
            <ErrorState error={opened.error} retry={() => void opened.refetch()} />
          ) : (
            <Skeleton className="h-64" />
          )}
        </div>
      )}
    </section>
  )
}

interface FrameProps {
  url: string
  title: string
  port: number
  maxWidth: number | undefined
  onOpenInTab: (path: string) => void
  onShare: () => void
  onClose: () => void
  children: React.ReactNode
}

function Frame({ url, title, port, maxWidth, onOpenInTab, onShare, onClose, children }: FrameProps) {
  const id = useId()
  const frame = useRef<HTMLIFrameElement>(null)
  const origin = new URL(url).origin
  const [path, setPath] = useState('/')
  const [typed, setTyped] = useState('/')
  const [invalid, setInvalid] = useState(false)
  const [loading, setLoading] = useState(true)
  /** Navigations in the frame that going back can undo: a page of another origin tells no more than that it loaded. */
  const [depth, setDepth] = useState(0)
  const expected = useRef<'first' | 'go' | 'reload' | 'back' | undefined>('first')

  const loaded = () => {
    setLoading(false)
    if (expected.current === undefined || expected.current === 'go') setDepth((before) => before + 1)
    expected.current = undefined
  }
  const go = (to: string, kind: 'go' | 'reload') => {
    if (!frame.current) return
    expected.current = kind
    setLoading(true)
    frame.current.src = origin + to
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const to = previewPath(typed)
    setInvalid(to === undefined)
    if (to === undefined) return
    setTyped(to)
    go(to, to === path ? 'reload' : 'go')
    setPath(to)
  }
  const back = () => {
    expected.current = 'back'
    setDepth((before) => before - 1)
    // Frames share the page's history; as many steps as the frame went, so many it can go back.
    window.history.back()
  }

  return (
    <>
      <header className="flex items-center gap-1 border-border border-b px-2 py-1.5">
        <IconButton label="Back" onClick={back} disabled={depth === 0}>
          <ArrowLeft />
        </IconButton>
        <IconButton label="Reload" onClick={() => go(path, 'reload')}>
          <RotateCw className={cn(loading && 'motion-safe:animate-spin')} />
        </IconButton>
        <form
          onSubmit={submit}
          className="field flex h-8 min-w-0 flex-1 items-center py-0 focus-within:border-accent focus-within:outline focus-within:outline-accent"
        >
          <label htmlFor={id} className="sr-only">
            Address on port {port}
          </label>
          <span aria-hidden className="nums text-muted text-sm">
            :{port}
          </span>
          <input
            id={id}
            value={typed}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={invalid}
            onChange={(event) => {
              setTyped(event.target.value)
              setInvalid(false)
            }}
            className="h-full min-w-0 flex-1 bg-transparent font-mono text-sm outline-none focus-visible:outline-none"
          />
        </form>
        {children}
        <IconButton label="Share" onClick={onShare}>
          <Share2 />
        </IconButton>
        <IconButton label="Open in a tab" onClick={() => onOpenInTab(path)}>
          <ExternalLink />
        </IconButton>
        <IconButton label="Close the preview" onClick={onClose}>
          <X />
        </IconButton>
      </header>
      {invalid && (
        <p role="alert" className="border-border border-b px-3 py-1.5 text-danger text-sm">
          The preview shows port {port} only. Type a path, such as /login.
        </p>
      )}
      <div className="flex min-h-0 flex-1 justify-center bg-sunken">
        <iframe
          ref={frame}
          src={url}
          title={`Preview of ${title}`}
          onLoad={loaded}
          // On its own origin, which is not the app's: scripts there reach neither this page nor its cookie.
          sandbox="allow-scripts allow-same-origin allow-forms allow-modals allow-downloads allow-popups allow-popups-to-escape-sandbox allow-pointer-lock"
          allow="clipboard-write; fullscreen"
          referrerPolicy="no-referrer"
          style={maxWidth ? { maxWidth } : undefined}
          className={cn('h-full w-full bg-white', maxWidth && 'border-border border-x')}
        />
      </div>
    </>
  )
}
