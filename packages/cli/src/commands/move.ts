import { randomUUID } from 'node:crypto'
import { SkeinError } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { awaitWorkspace } from '../follow/await-workspace.ts'
import { openReport } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'

export interface MoveOptions {
  to: string
  json?: boolean
}

/** `skein move`: brings a workspace to another machine, with its files and what its sessions remember. */
export async function move(name: string, options: MoveOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const before = await findWorkspace(api, name)
  const asked = await api.call('workspaces.move', { key: randomUUID(), workspaceId: before.id, to: options.to })
  const workspace = await awaitWorkspace(api, asked, openReport(options, { terminal }))
  if (workspace.machine === before.machine)
    throw new SkeinError('conflict', workspace.problem?.message ?? `${before.name} is still on ${before.machine}`, {
      next: `${before.name} is where it was, and nothing of it is lost.`,
    })
  if (options.json) writeJson(terminal.stdout, { type: 'workspace', workspace })
  else {
    print(terminal, [
      row(span('✓ ', 'good'), span(cleanLine(workspace.name), 'strong'), ` is on ${cleanLine(workspace.machine)}`),
      row('  ', cleanLine(workspace.path)),
    ])
  }
  return ExitCode.ok
}
