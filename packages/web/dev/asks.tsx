import type { ApiMethod, SkeinApi } from '@skein/protocol'
import { SkeinError } from '@skein/protocol'
import { QueryClientProvider } from '@tanstack/react-query'
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
} from '@tanstack/react-router'
import { createRoot } from 'react-dom/client'
import { ApiContext } from '../src/api/context.tsx'
import { applyChanges, useAsks, useLive } from '../src/api/live.ts'
import { queryClient } from '../src/api/query.ts'
import { AskCard } from '../src/asks/ask-card.tsx'
import { Composer } from '../src/composer/composer.tsx'
import { InboxPage } from '../src/inbox/page.tsx'
import { listenForShortcuts } from '../src/keys/use-shortcut.ts'
import { NewWorkspacePage } from '../src/new/page.tsx'
import '../src/styles.css'
import { useTheme } from '../src/theme/theme.ts'
import { ToastRoot } from '../src/ui/toast.tsx'
import { TooltipProvider } from '../src/ui/tooltip.tsx'
import { WelcomePage } from '../src/welcome/page.tsx'
import { askFixture } from './fixture-asks.ts'

/** The pages of asks and prompts, alone: `?page=/session|/inbox|/new|/welcome&empty&theme=dark`. */
const query = new URLSearchParams(location.search)
const changed = (change: Parameters<typeof applyChanges>[1][number]) =>
  useLive.setState(applyChanges(useLive.getState(), [change]))
const fixture = askFixture(changed)
const calls = fixture.calls as Partial<Record<ApiMethod, (params: unknown) => Promise<unknown>>>
const asked: [string, unknown][] = []
const api = {
  call: async (method: ApiMethod, params: unknown) => {
    asked.push([method, params])
    const found = calls[method]
    if (!found) throw new SkeinError('not_found', `the fixture does not answer ${method}`)
    return found(params)
  },
  async [Symbol.asyncDispose]() {},
} as unknown as SkeinApi
const theme = query.get('theme')
if (theme === 'dark' || theme === 'light') useTheme.getState().setMode(theme)
const initial = query.has('empty')
  ? fixture.initial.filter(
      (change) => change.type === 'ready' || (change.type === 'workspace' && change.workspace.id === 'w6'),
    )
  : fixture.initial
useLive.setState(applyChanges(useLive.getState(), initial))
listenForShortcuts(window)
Object.assign(window, { asked, changed })

function SessionPage() {
  const asks = useAsks('w1')
  return (
    <div className="flex h-full flex-col">
      <div className="mx-auto flex min-h-0 w-full max-w-4xl flex-1 flex-col gap-3 overflow-y-auto p-4">
        {asks.map((ask) => (
          <AskCard key={ask.id} ask={ask} />
        ))}
      </div>
      <Composer commands={[]} models={[]} workspaceId="w1" sessionId="s1" />
    </div>
  )
}

const rootRoute = createRootRoute({
  component: () => (
    <main className="flex h-full flex-col">
      <Outlet />
    </main>
  ),
})
const pages: Record<string, () => React.ReactNode> = {
  '/session': SessionPage,
  '/inbox': InboxPage,
  '/new': NewWorkspacePage,
  '/welcome': WelcomePage,
}
const elsewhere = [
  '/',
  '/w/$workspaceId',
  '/w/$workspaceId/session/$sessionId',
  '/w/$workspaceId/plan',
  '/w/$workspaceId/changes',
]
const router = createRouter({
  routeTree: rootRoute.addChildren([
    ...Object.entries(pages).map(([path, component]) =>
      createRoute({ getParentRoute: () => rootRoute, path, component }),
    ),
    ...elsewhere.map((path) =>
      createRoute({
        getParentRoute: () => rootRoute,
        path,
        component: () => <p>Elsewhere: {router.state.location.pathname}</p>,
      }),
    ),
  ]),
  history: createMemoryHistory({ initialEntries: [query.get('page') ?? '/inbox'] }),
})

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <ApiContext value={api}>
      <QueryClientProvider client={queryClient}>
        <TooltipProvider>
          <RouterProvider router={router as never} />
          <ToastRoot />
        </TooltipProvider>
      </QueryClientProvider>
    </ApiContext>,
  )
}
