import { type ApiParams, SkeinError, type Workspace } from '@skein/protocol'
import { useNavigate } from '@tanstack/react-router'
import { useRef } from 'react'
import { applyChanges, useLive } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'

type Wanted = Omit<ApiParams<'workspaces.create'>, 'key'>

/** Makes a workspace and goes to its session at once; its steps are shown there. Rejects when the server will not. */
export function useCreateWorkspace() {
  const { tryRun, pending } = useCommand('workspaces.create')
  const navigate = useNavigate()
  /** The same wish, asked again after a failure, is still one workspace. */
  const attempt = useRef<{ key: string; wish: string } | undefined>(undefined)
  const create = async (wanted: Wanted): Promise<Workspace> => {
    const wish = JSON.stringify(wanted)
    if (attempt.current?.wish !== wish) attempt.current = { key: crypto.randomUUID(), wish }
    try {
      const workspace = await tryRun({ key: attempt.current.key, ...wanted })
      attempt.current = undefined
      // The page that is opened now knows it already.
      if (!useLive.getState().workspaces.has(workspace.id))
        useLive.setState(applyChanges(useLive.getState(), [{ type: 'workspace', workspace }]))
      const sessionId = workspace.sessions[0]?.id
      const workspaceId = workspace.id
      if (sessionId === undefined) void navigate({ to: '/w/$workspaceId', params: { workspaceId } })
      else void navigate({ to: '/w/$workspaceId/session/$sessionId', params: { workspaceId, sessionId } })
      return workspace
    } catch (error) {
      // The server has seen this key and refused: what is tried next is another attempt.
      if (error instanceof SkeinError && error.code !== 'unavailable') attempt.current = undefined
      throw error
    }
  }
  return { create, pending }
}
