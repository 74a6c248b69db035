import type { ApiMethod, Project, SkeinApi, Workspace } from '@skein/protocol'
import { SkeinError } from '@skein/protocol'
import { QueryClientProvider } from '@tanstack/react-query'
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  type Register,
  RouterProvider,
} from '@tanstack/react-router'
import { createRoot } from 'react-dom/client'
import { ApiContext } from '../src/api/context.tsx'
import { applyChanges, useLive } from '../src/api/live.ts'
import { queryClient } from '../src/api/query.ts'
import { ChecksPage } from '../src/checks/page.tsx'
import { DoctorPage } from '../src/doctor/page.tsx'
import { listenForShortcuts } from '../src/keys/use-shortcut.ts'
import { NotificationsRoot } from '../src/notifications/root.tsx'
import { SearchPage } from '../src/search/page.tsx'
import { ServicesPage } from '../src/services/page.tsx'
import { SettingsPage } from '../src/settings/page.tsx'
import '../src/styles.css'
import { TerminalsPage } from '../src/terminals/page.tsx'
import { useTheme } from '../src/theme/theme.ts'
import { ConfirmRoot } from '../src/ui/confirm.tsx'
import { ToastRoot } from '../src/ui/toast.tsx'
import { TooltipProvider } from '../src/ui/tooltip.tsx'
import { workFixture } from './fixture-work.ts'

/** The pages of a workspace's work, alone: `?page=checks|services|terminals|search|settings|doctor&empty&untrusted&theme=dark`. */
const query = new URLSearchParams(location.search)
const place = { workspaceId: 'w1', workspaceName: 'fix-login-redirect', sessionId: 's1' }
const fixture = workFixture({
  ...place,
  empty: query.has('empty'),
  untrusted: query.has('untrusted'),
  changed: (change) => useLive.setState(applyChanges(useLive.getState(), [change])),
})
type Answer = (params: unknown, signal?: AbortSignal) => unknown
const answers: Partial<Record<ApiMethod, unknown>> = { ...fixture.calls, ...fixture.subscriptions }
const answer = (method: ApiMethod): Answer => {
  const found = answers[method]
  if (typeof found === 'function') return found as Answer
  throw new SkeinError('not_found', `the fixture does not answer ${method}`)
}
const api = {
  call: async (method: ApiMethod, params: unknown) => answer(method)(params),
  subscribe: (method: ApiMethod, params: unknown, signal = new AbortController().signal) =>
    answer(method)(params, signal),
  async [Symbol.asyncDispose]() {},
} as unknown as SkeinApi

const theme = query.get('theme')
if (theme === 'dark' || theme === 'light') useTheme.getState().setMode(theme)
const workspace = {
  ...{ id: 'w1', projectId: 'p1', projectName: 'shop', name: place.workspaceName, branch: 'skein/fix', base: 'b' },
  ...{ baseRef: 'main', machine: 'local', path: '/home/ada/shop', createdAt: 0, activeAt: 0, pinned: false },
  ...{ archived: false, state: 'ready', steps: [], openAsks: 1 },
  status: { status: 'needs_you', because: 'A plan waits', evidence: [] },
  sessions: [{ id: 's1', workspaceId: 'w1', agent: 'claude', queued: 0 }],
} as unknown as Workspace
const project: Project = {
  ...{ id: 'p1', name: 'shop', path: '/home/ada/shop', addedAt: 0, demo: false },
  trust: { state: query.has('untrusted') ? 'untrusted' : 'trusted', hash: 'h' },
}
useLive.setState(
  applyChanges(useLive.getState(), [
    { type: 'workspace', workspace },
    { type: 'project', project },
    ...fixture.initial(),
    { type: 'ready' },
  ]),
)
listenForShortcuts(window)
Object.assign(window, { useLive, applyChanges })

const pages: Record<string, () => React.ReactNode> = {
  checks: () => <ChecksPage workspaceId="w1" />,
  services: () => <ServicesPage workspaceId="w1" />,
  terminals: () => <TerminalsPage workspaceId="w1" />,
  search: () => <SearchPage />,
  settings: () => <SettingsPage />,
  doctor: () => <DoctorPage />,
}
const shown = query.get('page') ?? 'checks'
const rootRoute = createRootRoute({
  component: () => (
    <main className="h-full">
      {pages[shown]?.()}
      <NotificationsRoot />
      <Outlet />
    </main>
  ),
})
const route = (path: string) => createRoute({ getParentRoute: () => rootRoute, path, component: () => null })
const router = createRouter({
  routeTree: rootRoute.addChildren(
    ['/', '/search', '/w/$workspaceId', '/w/$workspaceId/session/$sessionId'].map(route),
  ),
  history: createMemoryHistory({ initialEntries: ['/'] }),
})

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <ApiContext value={api}>
      <QueryClientProvider client={queryClient}>
        <TooltipProvider>
          <RouterProvider router={router as unknown as Register['router']} />
          <ToastRoot />
          <ConfirmRoot />
        </TooltipProvider>
      </QueryClientProvider>
    </ApiContext>,
  )
}
