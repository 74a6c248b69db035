import { useNavigate } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useMemo } from 'react'
import { useLive } from '../api/live.ts'
import { usePreferences } from '../settings/preferences.ts'
import { toast } from '../ui/toast.tsx'
import { showCount } from './badge.ts'
import { browserClaims, type NoticeClaims } from './claim.ts'
import { deliver } from './deliver.ts'
import { type Notice, NoticeWatch, type Watched } from './notices.ts'
import { playNotice } from './sound.ts'

/** Tells of turns that end, asks that open, checks and workspaces that fail. Stands once in the app, shows nothing itself. */
export function NotificationsRoot(): null {
  const navigate = useNavigate()
  const open = useEffectEvent((notice: Notice) => {
    const { workspaceId, sessionId, kind } = notice
    if (kind === 'check') void navigate({ to: '/w/$workspaceId/checks', params: { workspaceId } })
    else if (sessionId) void navigate({ to: '/w/$workspaceId/session/$sessionId', params: { workspaceId, sessionId } })
    else void navigate({ to: '/w/$workspaceId', params: { workspaceId } })
  })

  useEffect(() => {
    const watch = new NoticeWatch()
    const claims = browserClaims(localStorage, navigator.locks)
    const look = () => {
      const live = useLive.getState()
      for (const notice of watch.look(watched(live), live.ready)) tell(notice, claims, (one) => open(one))
    }
    look()
    return useLive.subscribe(look)
  }, [])

  const waiting = useWaiting()
  useEffect(() => {
    const controller = new AbortController()
    showCount(waiting, controller.signal)
    return () => controller.abort()
  }, [waiting])
  return null
}

type LiveState = ReturnType<typeof useLive.getState>

function watched(live: LiveState): Watched {
  return {
    workspaces: live.workspaces.values(),
    asks: live.asks.values(),
    checks: [...live.checks.values()].flatMap((checks) => [...checks.values()]),
  }
}

/** How many workspaces need a person. */
function useWaiting(): number {
  const workspaces = useLive((live) => live.workspaces)
  return useMemo(
    () =>
      [...workspaces.values()].filter((workspace) => workspace.status.status === 'needs_you' && !workspace.archived)
        .length,
    [workspaces],
  )
}

function tell(notice: Notice, claims: NoticeClaims, open: (notice: Notice) => void): void {
  const { notices } = usePreferences.getState()
  if (!notices[notice.kind]) return
  void deliver(notice, {
    claims,
    watching: () => document.visibilityState === 'visible' && document.hasFocus(),
    shows: (one) => isOnScreen(one, location.pathname),
    toast: (one) => notices.toasts && showNotice(one, open),
    browser: (one) => notices.browser && showBrowserNotice(one, open),
    sound: (one) => void (notices.sound && playNotice(one.kind === 'turn' ? 'calm' : 'urgent')),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
}

/** The page that a notice is about. */
function pathOf({ workspaceId, sessionId, kind }: Notice): string {
  if (kind === 'check') return `/w/${workspaceId}/checks`
  return sessionId ? `/w/${workspaceId}/session/${sessionId}` : `/w/${workspaceId}`
}

/** Whether a page shows what a notice is about. */
export function isOnScreen(notice: Notice, pathname: string): boolean {
  const page = `/w/${notice.workspaceId}`
  if (notice.kind === 'check') return pathname === `${page}/checks`
  if (notice.kind === 'ask' && pathname === '/inbox') return true
  return (
    pathname === page ||
    pathname.startsWith(`${page}/session`) ||
    (notice.kind === 'ask' && pathname === `${page}/plan`)
  )
}

function showNotice(notice: Notice, open: (notice: Notice) => void): void {
  const show = notice.kind === 'check' || notice.kind === 'workspace' ? toast.error : toast
  show(notice.title, {
    id: notice.id,
    description: notice.body,
    duration: notice.kind === 'ask' ? 20_000 : 8_000,
    action: { label: 'Show', onClick: () => open(notice) },
  })
}

function showBrowserNotice(notice: Notice, open: (notice: Notice) => void): void {
  if (!('Notification' in window) || Notification.permission !== 'granted') return
  try {
    const shown = new Notification(notice.title, { body: notice.body, tag: notice.id, icon: '/icons/skein-192.png' })
    shown.onclick = () => {
      window.focus()
      open(notice)
      shown.close()
    }
  } catch {
    // Android gives notifications to service workers alone.
    void navigator.serviceWorker?.ready
      .then((worker) =>
        worker.showNotification(notice.title, {
          body: notice.body,
          tag: notice.id,
          icon: '/icons/skein-192.png',
          data: { path: pathOf(notice) },
        }),
      )
      .catch(() => undefined)
  }
}
