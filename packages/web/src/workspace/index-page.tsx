import { Navigate, useParams } from '@tanstack/react-router'
import { useWorkspace } from '../api/live.ts'
import { CreationSteps } from './creation-steps.tsx'
import { rememberedSession } from './remembered-session.ts'

/** A workspace without saying which page: its session, or how its making goes while there is none. */
export function WorkspaceIndexPage() {
  const { workspaceId } = useParams({ from: '/w/$workspaceId' })
  const workspace = useWorkspace(workspaceId)
  const sessionId = rememberedSession(workspace)
  if (!workspace) return null
  if (sessionId === undefined) return <CreationSteps workspace={workspace} />
  return <Navigate to="/w/$workspaceId/session/$sessionId" params={{ workspaceId, sessionId }} replace />
}
