import type { Workspace } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { writeJson } from '../json-output.ts'
import { openScreen } from '../render/screen.ts'
import { workspaceTable } from '../render/workspace-rows.ts'

export interface LsOptions {
  all?: boolean
  watch?: boolean
  json?: boolean
}

/** `skein ls`: all workspaces, those that need you first. */
export async function ls(options: LsOptions, context: CommandContext): CommandResult {
  if (options.watch) return watch(options, context)
  const { api, terminal } = context
  const workspaces = await api.call('workspaces.list', { ...(options.all ? { removed: true } : {}) })
  if (options.json) for (const workspace of workspaces) writeJson(terminal.stdout, { type: 'workspace', workspace })
  else print(terminal, workspaceTable(workspaces, terminal.columns(), Date.now()))
  return ExitCode.ok
}

/** Until Ctrl-C: the table as it changes, or a line for each change. */
async function watch(options: LsOptions, { api, terminal }: CommandContext): CommandResult {
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  const screen = openScreen(terminal)
  const workspaces = new Map<string, Workspace>()
  const draw = () => {
    const table = workspaceTable(inOrder([...workspaces.values()]), screen.columns - 1, Date.now())
    if (screen.live) screen.draw([], table)
    else screen.draw(table, [])
  }
  let ready = false
  try {
    for await (const change of api.subscribe('changes', {}, stop.signal)) {
      if (change.type === 'ready') ready = true
      else if (change.type === 'workspace_gone') workspaces.delete(change.workspaceId)
      else if (change.type === 'workspace') {
        if (change.workspace.state === 'removed' && !options.all) workspaces.delete(change.workspace.id)
        else workspaces.set(change.workspace.id, change.workspace)
      }
      if (options.json && change.type === 'workspace') writeJson(terminal.stdout, change)
      else if (options.json && change.type === 'workspace_gone') writeJson(terminal.stdout, change)
      else if (!options.json && ready) draw()
    }
  } finally {
    process.off('SIGINT', onInterrupt)
    screen.close()
  }
  return ExitCode.ok
}

const RANK = ['needs_you', 'failed', 'ready_for_review', 'working', 'checking', 'idle', 'unknown'] as const

function inOrder(workspaces: readonly Workspace[]): Workspace[] {
  const rank = ({ status }: Workspace) => RANK.indexOf(status.status)
  return workspaces.toSorted((a, b) => rank(a) - rank(b) || b.createdAt - a.createdAt)
}
