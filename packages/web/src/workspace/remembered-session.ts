import type { Workspace } from '@skein/protocol'

const KEY = 'skein.sessions'

/** The session of a workspace that was looked at last in this browser; its first one otherwise. */
export function rememberedSession(workspace: Workspace | undefined): string | undefined {
  if (!workspace) return undefined
  const kept = read()[workspace.id]
  const found = workspace.sessions.find(({ id }) => id === kept) ?? workspace.sessions[0]
  return found?.id
}

export function rememberSession(workspaceId: string, sessionId: string): void {
  const kept = read()
  if (kept[workspaceId] === sessionId) return
  const others = Object.entries(kept).filter(([id]) => id !== workspaceId)
  localStorage.setItem(KEY, JSON.stringify(Object.fromEntries([...others.slice(-99), [workspaceId, sessionId]])))
}

function read(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, string>
  } catch {
    return {}
  }
}
