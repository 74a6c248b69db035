import { basename } from 'node:path'
import { PORTS_EACH } from '../setup/ports.ts'
import type { WorkspaceTable } from '../store/schema.ts'

/** What every process of a workspace is told of it: its name and the slot that is its own. */
export function workspaceVariables(
  workspace: Pick<WorkspaceTable, 'name' | 'port' | 'path' | 'branch'>,
): Record<string, string> {
  const variables: Record<string, string> = {
    SKEIN_WORKSPACE: workspace.name,
    SKEIN_WORKSPACE_PATH: workspace.path,
    SKEIN_BRANCH: workspace.branch,
    // Named by the folder, which stays when a workspace is renamed.
    COMPOSE_PROJECT_NAME: `skein-${basename(workspace.path)}`.toLowerCase().replace(/[^a-z0-9_-]/g, '-'),
  }
  if (workspace.port !== null) {
    variables.SKEIN_PORT = String(workspace.port)
    for (let i = 1; i < PORTS_EACH; i++) variables[`SKEIN_PORT_${i}`] = String(workspace.port + i)
  }
  return variables
}
