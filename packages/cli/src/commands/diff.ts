import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { writeJson } from '../json-output.ts'
import { openPager } from '../pager.ts'
import { patchOf } from '../patch.ts'
import { cleanText } from '../render/clean.ts'
import { rowOfPatchLine } from '../render/diff.ts'
import { paint, row, span } from '../render/row.ts'
import { fileRows, sumOfChanges } from '../render/workspace-rows.ts'

export interface DiffOptions {
  stat?: boolean
  nameOnly?: boolean
  ignoreWhitespace?: boolean
  pager?: boolean
  json?: boolean
}

/** `skein diff`: everything that a workspace changed against its base. In a pipe it is the patch, byte for byte. */
export async function diff(
  name: string,
  paths: string[],
  options: DiffOptions,
  context: CommandContext,
): CommandResult {
  const { api, terminal } = context
  const { id: workspaceId } = await findWorkspace(api, name)
  if (options.stat || options.nameOnly) return listFiles(workspaceId, paths, options, context)
  const selection = {
    workspaceId,
    ...(paths.length > 0 ? { paths } : {}),
    ...(options.ignoreWhitespace ? { ignoreWhitespace: true } : {}),
  }
  if (options.json) {
    for await (const { patch, tree } of patchOf(api, selection))
      writeJson(terminal.stdout, { type: 'diff', workspaceId, tree, patch })
    return ExitCode.ok
  }
  if (!Number.isFinite(terminal.columns())) {
    for await (const { patch } of patchOf(api, selection)) terminal.stdout.write(patch)
    return ExitCode.ok
  }
  await using pager = openPager(context, options.pager ?? true)
  let rest = ''
  let any = false
  for await (const { patch } of patchOf(api, selection)) {
    const lines = (rest + patch).split('\n')
    rest = lines.pop() ?? ''
    any ||= lines.length > 0
    if (
      !(await pager.write(
        lines.map((line) => `${paint(rowOfPatchLine(cleanText(line)), terminal.palette)}\n`).join(''),
      ))
    )
      break
  }
  if (!any) await pager.write(`${paint(row(span('Nothing was changed.', 'dim')), terminal.palette)}\n`)
  return ExitCode.ok
}

async function listFiles(
  workspaceId: string,
  paths: string[],
  options: DiffOptions,
  { api, terminal }: CommandContext,
): CommandResult {
  const { files } = await api.call('workspaces.changes', { workspaceId })
  const chosen = files.filter(
    ({ path }) =>
      paths.length === 0 || paths.some((part) => path === part || path.startsWith(`${part.replace(/\/$/, '')}/`)),
  )
  if (options.json) for (const file of chosen) writeJson(terminal.stdout, { type: 'change', workspaceId, file })
  else if (options.nameOnly) for (const { path } of chosen) terminal.stdout.write(`${path}\n`)
  else print(terminal, [...fileRows(chosen), sumOfChanges(chosen)])
  return ExitCode.ok
}
