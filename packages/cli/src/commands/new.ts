import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { awaitWorkspace } from '../follow/await-workspace.ts'
import { canAsk, openReport } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'
import { settleTrust } from '../trust.ts'

export interface NewOptions {
  repo?: string
  base?: string
  branch?: string
  on?: string
  json?: boolean
  quiet?: boolean
}

/** `skein new`: a workspace without a prompt, for a person or for later. */
export async function newWorkspace(
  name: string | undefined,
  options: NewOptions,
  context: CommandContext,
): CommandResult {
  const { api, terminal, cwd } = context
  const project = await api.call('projects.open', { key: randomUUID(), path: resolve(cwd, options.repo ?? '.') })
  await settleTrust(context, project, options.base, canAsk(options, terminal) ? 'ask' : options.json ? 'json' : 'tell')
  const { branch, base, on } = options
  const asked = await api.call('workspaces.create', {
    key: randomUUID(),
    projectId: project.id,
    ...(name === undefined ? {} : { name }),
    ...(branch === undefined ? {} : { branch }),
    ...(base === undefined ? {} : { base }),
    ...(on === undefined ? {} : { on }),
  })
  const workspace = await awaitWorkspace(api, asked, openReport(options, { terminal }))
  if (options.json) writeJson(terminal.stdout, { type: 'workspace', workspace })
  else if (options.quiet) terminal.stdout.write(`${workspace.path}\n`)
  else {
    print(terminal, [
      row(
        span('✓ ', 'good'),
        span(cleanLine(workspace.name), 'strong'),
        ' on ',
        span(cleanLine(workspace.branch), 'code'),
      ),
      row('  ', cleanLine(workspace.path)),
      row(span(`  Put an agent to work there: skein send ${workspace.name} "…"`, 'dim')),
    ])
  }
  return ExitCode.ok
}
