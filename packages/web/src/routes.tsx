import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  useParams,
  useSearch,
} from '@tanstack/react-router'
import { useWorkspace } from './api/live.ts'
import { ChangesPage, ChecksPage, PlanPage, ServicesPage, SessionPage, showing, TerminalsPage } from './pages.ts'
import { HomePage } from './shell/home-page.tsx'
import { NotFound, PageError, PagePending } from './shell/page-states.tsx'
import { Shell } from './shell/shell.tsx'
import { WorkspaceIndexPage } from './workspace/index-page.tsx'
import { WorkspaceLayout } from './workspace/layout.tsx'
import { rememberedSession } from './workspace/remembered-session.ts'

const word = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageError })
const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage })
const overview = createRoute({
  getParentRoute: () => root,
  path: '/overview',
  component: lazyRouteComponent(() => import('./shell/overview-page.tsx'), 'OverviewPage'),
})
const inbox = createRoute({
  getParentRoute: () => root,
  path: '/inbox',
  component: lazyRouteComponent(() => import('./inbox/page.tsx'), 'InboxPage'),
})
const search = createRoute({
  getParentRoute: () => root,
  path: '/search',
  validateSearch: ({ q, workspace }: Record<string, unknown>): { q?: string; workspace?: string } => {
    const [text, id] = [word(q), word(workspace)]
    return { ...(text ? { q: text } : {}), ...(id ? { workspace: id } : {}) }
  },
  component: lazyRouteComponent(() => import('./search/page.tsx'), 'SearchPage'),
})
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('./settings/page.tsx'), 'SettingsPage'),
})
const machines = createRoute({
  getParentRoute: () => root,
  path: '/machines',
  component: lazyRouteComponent(() => import('./machines/page.tsx'), 'MachinesPage'),
})
const doctor = createRoute({
  getParentRoute: () => root,
  path: '/doctor',
  component: lazyRouteComponent(() => import('./doctor/page.tsx'), 'DoctorPage'),
})
const fresh = createRoute({
  getParentRoute: () => root,
  path: '/new',
  validateSearch: ({ project, on }: Record<string, unknown>): { project?: string; on?: string } => {
    const [id, machine] = [word(project), word(on)]
    return { ...(id ? { project: id } : {}), ...(machine ? { on: machine } : {}) }
  },
  component: lazyRouteComponent(() => import('./new/page.tsx'), 'NewWorkspacePage'),
})
const welcome = createRoute({
  getParentRoute: () => root,
  path: '/welcome',
  component: lazyRouteComponent(() => import('./welcome/page.tsx'), 'WelcomePage'),
})

const workspaceRoute = createRoute({ getParentRoute: () => root, path: '/w/$workspaceId', component: WorkspaceLayout })
const index = createRoute({ getParentRoute: () => workspaceRoute, path: '/', component: WorkspaceIndexPage })
const session = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'session/$sessionId',
  component: showing(SessionPage, function Session() {
    const { workspaceId, sessionId } = useParams({ from: '/w/$workspaceId/session/$sessionId' })
    return <SessionPage key={sessionId} workspaceId={workspaceId} sessionId={sessionId} />
  }),
})

const sessionInSearch = ({ session }: Record<string, unknown>): { session?: string } => {
  const id = word(session)
  return id ? { session: id } : {}
}

/** A page of the workspace that is about one of its sessions: `?session=`, else the one that was looked at last. */
function useWorkspaceSession(): { workspaceId: string; sessionId?: string } {
  const { workspaceId } = useParams({ from: '/w/$workspaceId' })
  const asked = useSearch({ strict: false, select: ({ session }) => session })
  const workspace = useWorkspace(workspaceId)
  const sessionId = asked ?? rememberedSession(workspace)
  return { workspaceId, ...(sessionId === undefined ? {} : { sessionId }) }
}

const plan = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'plan',
  validateSearch: sessionInSearch,
  component: showing(PlanPage, function Plan() {
    const props = useWorkspaceSession()
    return <PlanPage key={props.workspaceId} {...props} />
  }),
})
const changes = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'changes',
  validateSearch: sessionInSearch,
  component: showing(ChangesPage, function Changes() {
    const props = useWorkspaceSession()
    return <ChangesPage key={props.workspaceId} {...props} />
  }),
})
const checks = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'checks',
  component: showing(ChecksPage, function Checks() {
    const { workspaceId } = useParams({ from: '/w/$workspaceId' })
    return <ChecksPage key={workspaceId} workspaceId={workspaceId} />
  }),
})
const services = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'services',
  component: showing(ServicesPage, function Services() {
    const { workspaceId } = useParams({ from: '/w/$workspaceId' })
    return <ServicesPage key={workspaceId} workspaceId={workspaceId} />
  }),
})
const terminals = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'terminals',
  component: showing(TerminalsPage, function Terminals() {
    const { workspaceId } = useParams({ from: '/w/$workspaceId' })
    return <TerminalsPage key={workspaceId} workspaceId={workspaceId} />
  }),
})

const routeTree = root.addChildren([
  ...[home, overview, inbox, search, machines, settings, doctor, fresh, welcome],
  workspaceRoute.addChildren([index, session, plan, changes, checks, services, terminals]),
])

/** Every page of the app; each one's code is loaded when it is opened. */
export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: false,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
