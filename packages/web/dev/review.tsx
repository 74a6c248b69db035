import type { ApiParams, ApiResult, CallMethod, SkeinApi, Workspace } from '@skein/protocol'
import { SkeinError } from '@skein/protocol'
import { QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { ApiContext } from '../src/api/context.tsx'
import { useLive } from '../src/api/live.ts'
import { queryClient, queryKey } from '../src/api/query.ts'
import { ChangesPage } from '../src/changes/page.tsx'
import { listenForShortcuts } from '../src/keys/use-shortcut.ts'
import { PlanPage } from '../src/plan/page.tsx'
import '../src/styles.css'
import { ConfirmRoot } from '../src/ui/confirm.tsx'
import { ToastRoot } from '../src/ui/toast.tsx'
import { TooltipProvider } from '../src/ui/tooltip.tsx'
import { reviewFixture } from './fixture-review.ts'

/** The review pages alone, by `?page=plan|changes&size=huge&theme=dark`; for looking at them and for measuring. */
const query = new URLSearchParams(location.search)
const place = { workspaceId: 'w1', sessionId: 's1' }
const fixture = reviewFixture({
  ...place,
  size: query.get('size') === 'huge' ? 'huge' : 'nasty',
  commentsChanged: () => void queryClient.invalidateQueries({ queryKey: queryKey('comments.list') }),
})
const api: SkeinApi = {
  async call<M extends CallMethod>(method: M, params: ApiParams<M>): Promise<ApiResult<M>> {
    const answer = fixture[method] as ((params: ApiParams<M>) => Promise<ApiResult<M>>) | undefined
    if (!answer) throw new SkeinError('not_found', `the fixture does not answer ${method}`)
    return answer(params)
  },
  async *subscribe() {},
  async [Symbol.asyncDispose]() {},
}
if (query.get('theme')) document.documentElement.dataset.theme = query.get('theme') ?? 'light'

const workspace = {
  ...{ id: 'w1', projectId: 'p1', projectName: 'shop', name: 'cache-configuration', branch: 'skein/cache' },
  ...{ base: 'b'.repeat(40), baseRef: 'main', machine: query.get('machine') ?? 'local', path: '/home/ana/shop' },
  ...{ createdAt: 0, activeAt: 0, pinned: false, archived: false, state: 'ready', steps: [], openAsks: 1 },
  status: { status: 'needs_you', because: 'A plan waits', evidence: [] },
  sessions: [{ id: 's1', workspaceId: 'w1', agent: 'claude' }],
  diff: { files: 1, added: 1, deleted: 1, at: 1 },
} as unknown as Workspace
useLive.setState({ ready: true, workspaces: new Map([['w1', workspace]]) })
listenForShortcuts(window)
Object.assign(window, { useLive })

const root = document.getElementById('root')
// For measuring the page without the start of its workers.
await new Promise((resolve) => setTimeout(resolve, Number(query.get('wait') ?? 0)))
performance.mark('page')
if (root) {
  createRoot(root).render(
    <ApiContext value={api}>
      <QueryClientProvider client={queryClient}>
        <TooltipProvider>
          <main className="h-full">
            {query.get('page') === 'plan' ? <PlanPage {...place} /> : <ChangesPage {...place} />}
          </main>
          <ToastRoot />
          <ConfirmRoot />
        </TooltipProvider>
      </QueryClientProvider>
    </ApiContext>,
  )
}
