import { type McpServer, type ReadResourceResult, ResourceTemplate, type Variables } from '@modelcontextprotocol/server'
import { type ApiResult, SkeinError, type Workspace } from '@skein/protocol'
import { PAGE } from './bounded.ts'
import type { McpWorld } from './define.ts'
import { transcriptLines } from './transcript.ts'
import { workspaceRow, workspaceView } from './views.ts'

export const ALL = 'skein://workspaces'
const PARTS = ['status', 'transcript', 'diff'] as const
type Part = (typeof PARTS)[number]

const ABOUT: Record<Part, { title: string; mimeType: string; description: string }> = {
  status: { title: 'Status', mimeType: 'application/json', description: 'How a workspace is, and why.' },
  transcript: {
    title: 'Transcript',
    mimeType: 'text/plain',
    description: 'The newest part of what its agent did and said.',
  },
  diff: { title: 'Changes', mimeType: 'text/x-diff', description: 'The beginning of what it changed, as a patch.' },
}

/** What can be read and watched without a tool: the list of workspaces, and of each its status, transcript and changes. */
export function registerResources(server: McpServer, world: McpWorld): void {
  server.registerResource('workspaces', ALL, { title: 'Workspaces', mimeType: 'application/json' }, async () =>
    contents(ALL, 'application/json', JSON.stringify((await world.caller.workspaces()).map(workspaceRow))),
  )
  for (const part of PARTS) {
    const { title, mimeType, description } = ABOUT[part]
    const template = new ResourceTemplate(uriOf('{id}', part), {
      list: async () => ({
        resources: (await world.caller.workspaces()).map(({ id, name }) => ({
          uri: uriOf(id, part),
          name: `${name}: ${title.toLowerCase()}`,
          mimeType,
        })),
      }),
    })
    server.registerResource(
      `workspace-${part}`,
      template,
      { title, mimeType, description },
      async (uri, { id }: Variables) => {
        const workspace = await world.caller.find(String(id))
        return contents(uri.href, mimeType, await READ[part](workspace, world))
      },
    )
  }
}

const READ: Record<Part, (workspace: Workspace, world: McpWorld) => Promise<string>> = {
  status: async (workspace) => JSON.stringify(workspaceView(workspace)),
  async transcript({ sessions }, { api }) {
    const parts = await Promise.all(
      sessions.map(async ({ id }) => {
        const { events } = await api.call('sessions.events', { sessionId: id, newest: true, limit: 200 })
        return transcriptLines(events).lines.join('\n')
      }),
    )
    return parts.join('\n\n')
  },
  async diff({ id }, { api }) {
    const { patch } = await api.call('workspaces.diff', { workspaceId: id })
    return patch.length <= PAGE ? patch : `${patch.slice(0, PAGE)}\n… cut here; read_diff has all of it\n`
  },
}

/** Which resources a change is about, now that `before` was how things were. */
export function changedResources(change: ApiResult<'changes'>, before: Map<string, Workspace>): string[] {
  if (change.type === 'workspace_gone') {
    before.delete(change.workspaceId)
    return [ALL, uriOf(change.workspaceId, 'status')]
  }
  if (change.type !== 'workspace') return []
  const { workspace } = change
  const known = before.get(workspace.id)
  before.set(workspace.id, workspace)
  const said = (one: Workspace | undefined) => one?.sessions.map(({ id, seq }) => `${id} ${seq}`).join()
  return [
    ALL,
    uriOf(workspace.id, 'status'),
    ...(said(known) === said(workspace) ? [] : [uriOf(workspace.id, 'transcript')]),
    ...(known?.diff?.at === workspace.diff?.at ? [] : [uriOf(workspace.id, 'diff')]),
  ]
}

function uriOf(id: string, part: Part): string {
  return `${ALL}/${id}/${part}`
}

function contents(uri: string, mimeType: string, text: string): ReadResourceResult {
  return { contents: [{ uri, mimeType, text }] }
}

/** Refuses to watch what is not there. */
export function refuseUnknown(uri: string): void {
  const part = PARTS.find((one) => uri.startsWith(`${ALL}/`) && uri.endsWith(`/${one}`))
  if (uri === ALL || part !== undefined) return
  throw new SkeinError('not_found', `there is no resource ${uri}`, { next: 'See resources/list.' })
}
