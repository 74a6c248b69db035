import { randomUUID } from 'node:crypto'
import { SkeinError, type Workspace } from '@skein/protocol'
import { agree } from '../asks/terminal-answer.ts'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { canAsk } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'

export interface RmOptions {
  yes?: boolean
  keepBranch?: boolean
  json?: boolean
}

/** `skein rm`: removes workspaces; asks before it removes work that is nowhere else. */
export async function rm(names: string[], options: RmOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  // All names are looked up first: a wrong one stops everything before anything is gone.
  const workspaces = await Promise.all(names.map((name) => findWorkspace(api, name)))
  let kept = 0
  for (const workspace of workspaces) {
    const removed = await removeOne(workspace, options, context)
    if (removed === undefined) {
      kept++
      if (!options.json) print(terminal, [row(`${cleanLine(workspace.name)} stays.`)])
    } else if (options.json) writeJson(terminal.stdout, { type: 'workspace', workspace: removed })
    else {
      print(terminal, [
        row(
          span('✓ ', 'good'),
          `${cleanLine(workspace.name)} is removed. `,
          span(`To bring it back: skein restore ${workspace.name}`, 'dim'),
        ),
      ])
    }
  }
  return kept === 0 ? ExitCode.ok : ExitCode.failed
}

/** undefined: the person wants to keep it. */
async function removeOne(
  workspace: Workspace,
  options: RmOptions,
  context: CommandContext,
): Promise<Workspace | undefined> {
  const { api, terminal } = context
  const request = {
    workspaceId: workspace.id,
    ...(options.keepBranch ? { keepBranch: true } : {}),
    ...(options.yes ? { confirm: true } : {}),
  }
  try {
    return await api.call('workspaces.remove', { key: randomUUID(), ...request })
  } catch (error) {
    if (!(error instanceof SkeinError) || error.code !== 'needs_confirmation') throw error
    if (!canAsk(options, terminal)) {
      throw new SkeinError('needs_confirmation', error.message, {
        next: `Confirm with: skein rm ${workspace.name} --yes. It can be restored for 30 days.`,
        details: error.details,
      })
    }
    print(terminal, [
      row(span('! ', 'warn'), cleanLine(error.message)),
      row(span('  All of it can be restored for 30 days.', 'dim')),
    ])
    const sure = await agree(`Remove ${cleanLine(workspace.name)}?`, {
      yes: 'Yes, remove it',
      no: 'No, keep it',
      initial: false,
    })
    return sure ? api.call('workspaces.remove', { key: randomUUID(), ...request, confirm: true }) : undefined
  }
}
