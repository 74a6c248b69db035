import { Navigate } from '@tanstack/react-router'
import { useAsks, useLive } from '../api/live.ts'
import { PagePending } from './page-states.tsx'

/** Leads to what matters now: who waits for an answer, else how everything stands, else how to begin. */
export function HomePage() {
  const { ready, projects, workspaces } = useLive()
  const asks = useAsks()
  if (!ready) return <PagePending />
  if (projects.size === 0 && workspaces.size === 0) return <Navigate to="/welcome" replace />
  return <Navigate to={asks.length > 0 ? '/inbox' : '/overview'} replace />
}
