import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Command, Menu } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useAsks } from '../api/live.ts'
import { KeysHelp } from '../keys/help.tsx'
import { useShortcut } from '../keys/use-shortcut.ts'
import { NotificationsRoot } from '../notifications/root.tsx'
import { loadAhead, SessionPage } from '../pages.ts'
import { usePalette } from '../palette/open.ts'
import { Sidebar } from '../sidebar/sidebar.tsx'
import { useTheme } from '../theme/theme.ts'
import { Dialog, DrawerContent } from '../ui/dialog.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Split } from '../ui/split.tsx'
import { useNarrow } from '../ui/use-media.ts'
import { ConnectionBanner } from './connection-banner.tsx'

const Palette = lazy(() => import('../palette/palette.tsx').then(({ Palette }) => ({ default: Palette })))

/** What stands around every page: sidebar, connection, palette, notices. */
export function Shell() {
  const narrow = useNarrow()
  const { pathname } = useLocation()
  const bare = pathname === '/welcome'
  const paletteOpen = usePalette((palette) => palette.open)
  useGlobalShortcuts()
  useEffect(() => loadAhead(SessionPage), [])
  const page = (
    <main id="content" tabIndex={-1} className="flex min-h-0 min-w-0 flex-1 flex-col outline-none">
      <ConnectionBanner />
      <Outlet />
    </main>
  )
  return (
    <>
      <button
        type="button"
        className="floating fixed top-2 left-2 z-50 -translate-y-20 px-3 py-2 font-medium focus-visible:translate-y-0"
        onClick={() => document.getElementById('content')?.focus()}
      >
        Skip to content
      </button>
      <div className="flex h-dvh flex-col">
        {bare ? (
          page
        ) : narrow ? (
          <>
            <PhoneBar />
            {page}
          </>
        ) : (
          <WithSidebar>{page}</WithSidebar>
        )}
      </div>
      <KeysHelp />
      <NotificationsRoot />
      {paletteOpen && (
        <Suspense>
          <Palette />
        </Suspense>
      )}
    </>
  )
}

function WithSidebar({ children }: { children: React.ReactNode }) {
  const [hidden, setHidden] = useState(() => localStorage.getItem('skein.sidebar') === 'hidden')
  useShortcut({
    ...{ keys: 'mod+b', label: hidden ? 'Show the sidebar' : 'Hide the sidebar', group: 'Everywhere' },
    run: () => {
      localStorage.setItem('skein.sidebar', hidden ? 'shown' : 'hidden')
      setHidden(!hidden)
    },
  })
  if (hidden) return children
  return (
    <Split
      {...{ name: 'sidebar', landmark: 'Sidebar', label: 'Width of the sidebar', initial: 320, min: 220, max: 520 }}
      first={<Sidebar />}
    >
      {children}
    </Split>
  )
}

function PhoneBar() {
  const { pathname } = useLocation()
  const [open, setOpen] = useState(false)
  const asks = useAsks().length
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the drawer.
  useEffect(() => setOpen(false), [pathname])
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 border-b bg-sunken px-2 pt-[env(safe-area-inset-top)]">
      <IconButton label="Open the sidebar" size="icon" onClick={() => setOpen(true)}>
        <Menu />
      </IconButton>
      <Link to="/" className="mr-auto rounded-md px-1 font-semibold">
        Skein
      </Link>
      {asks > 0 && (
        <Link
          to="/inbox"
          className="nums rounded-full bg-status-needs-you px-2.5 font-semibold text-background text-sm leading-7"
        >
          {asks} to answer
        </Link>
      )}
      <IconButton label="Commands" size="icon" onClick={() => usePalette.setState({ open: true })}>
        <Command />
      </IconButton>
      <Dialog open={open} onOpenChange={setOpen}>
        <DrawerContent label="Sidebar">
          <Sidebar onNavigate={() => setOpen(false)} />
        </DrawerContent>
      </Dialog>
    </header>
  )
}

function useGlobalShortcuts(): void {
  const navigate = useNavigate()
  const { mode, setMode } = useTheme()
  const go = 'Go to'
  useShortcut({
    ...{ keys: 'mod+k', label: 'Open the command palette', group: 'Everywhere', inDialog: true, hidden: true },
    run: () => usePalette.setState(({ open }) => ({ open: !open })),
  })
  useShortcut({ keys: 'g i', label: 'Inbox', group: go, run: () => void navigate({ to: '/inbox' }) })
  useShortcut({ keys: 'g o', label: 'Overview', group: go, run: () => void navigate({ to: '/overview' }) })
  useShortcut({ keys: '/', label: 'Search all sessions', group: go, run: () => void navigate({ to: '/search' }) })
  useShortcut({ keys: 'g m', label: 'Machines', group: go, run: () => void navigate({ to: '/machines' }) })
  useShortcut({ keys: 'mod+,', label: 'Settings', group: go, run: () => void navigate({ to: '/settings' }) })
  useShortcut({ label: 'Doctor', group: go, run: () => void navigate({ to: '/doctor' }) })
  useShortcut({ label: 'Add a project', group: go, run: () => void navigate({ to: '/welcome' }) })
  useShortcut({ keys: 'c', label: 'New workspace', group: 'Workspaces', run: () => void navigate({ to: '/new' }) })
  const next = { light: 'dark', dark: 'system', system: 'light' } as const
  useShortcut({
    ...{ label: `Theme: ${next[mode]}`, group: 'Everywhere' },
    run: () => setMode(next[mode]),
  })
}
