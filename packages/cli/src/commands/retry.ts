import { randomUUID } from 'node:crypto'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { awaitWorkspace } from '../follow/await-workspace.ts'
import { openReport } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'

/** `skein retry`: makes a workspace on from the step that failed. */
export async function retry(name: string, options: { json?: boolean }, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const { id } = await findWorkspace(api, name)
  const asked = await api.call('workspaces.retry', { key: randomUUID(), workspaceId: id })
  const workspace = await awaitWorkspace(api, asked, openReport(options, { terminal }))
  if (options.json) writeJson(terminal.stdout, { type: 'workspace', workspace })
  else {
    print(terminal, [
      row(
        span('✓ ', 'good'),
        span(cleanLine(workspace.name), 'strong'),
        ' is ready on ',
        span(cleanLine(workspace.branch), 'code'),
      ),
      row('  ', cleanLine(workspace.path)),
    ])
  }
  return ExitCode.ok
}
