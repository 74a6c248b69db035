import { randomUUID } from 'node:crypto'
import { type SkeinApi, SkeinError, type Workspace } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { awaitWorkspace } from '../follow/await-workspace.ts'
import { openReport } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'

/** `skein restore`: brings a removed workspace back with everything in it. */
export async function restore(name: string, options: { json?: boolean }, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const removed = await findRemoved(api, name)
  const asked = await api.call('workspaces.restore', { key: randomUUID(), workspaceId: removed.id })
  const workspace = await awaitWorkspace(api, asked, openReport(options, { terminal }))
  if (options.json) writeJson(terminal.stdout, { type: 'workspace', workspace })
  else {
    print(terminal, [
      row(
        span('✓ ', 'good'),
        span(cleanLine(workspace.name), 'strong'),
        ' is back on ',
        span(cleanLine(workspace.branch), 'code'),
      ),
      row('  ', cleanLine(workspace.path)),
    ])
  }
  return ExitCode.ok
}

/** The one that was removed last, where several had that name. */
async function findRemoved(api: SkeinApi, name: string): Promise<Workspace> {
  const all = (await api.call('workspaces.list', { removed: true })).filter(({ state }) => state === 'removed')
  const exact = all.filter((workspace) => workspace.id === name || workspace.name === name)
  const found =
    exact.length > 0 ? exact : all.filter(({ id, name: full }) => id.startsWith(name) || full.startsWith(name))
  const [first] = found.toSorted((a, b) => (b.restorableUntil ?? 0) - (a.restorableUntil ?? 0))
  if (first && (exact.length > 0 || found.length === 1)) return first
  throw new SkeinError(
    first ? 'invalid' : 'not_found',
    first
      ? `${name} may mean any of ${found.map((workspace) => workspace.name).join(', ')}`
      : `there is no removed workspace ${name}`,
    { next: 'See them with: skein ls --all' },
  )
}
