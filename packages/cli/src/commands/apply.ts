import { randomUUID } from 'node:crypto'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { count } from '../render/figures.ts'
import { type Row, row, span } from '../render/row.ts'

export interface ApplyOptions {
  branch?: string
  force?: boolean
  message?: string
  check?: boolean
  json?: boolean
}

/** `skein apply`: brings a workspace's work into your own checkout as uncommitted changes, or onto a branch. */
export async function apply(name: string, options: ApplyOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const { id: workspaceId } = await findWorkspace(api, name)
  const { branch, force, message, check = false } = options
  const result = await api.call('workspaces.apply', {
    key: randomUUID(),
    workspaceId,
    to: branch === undefined ? { checkout: true } : { branch, ...(force ? { force: true } : {}) },
    ...(message === undefined ? {} : { message }),
    ...(check ? { check: true } : {}),
  })
  const clean = result.conflicts.length === 0 && (result.applied || check)
  if (options.json) writeJson(terminal.stdout, { type: 'apply', workspaceId, check, ...result })
  else print(terminal, clean ? doneRows(result, options) : conflictRows(result, name))
  return clean ? ExitCode.ok : ExitCode.failed
}

interface Result {
  conflicts: string[]
  files: number
  message?: string | undefined
}

function doneRows({ files }: Result, { branch, check }: ApplyOptions): Row[] {
  const what = count(files, 'file')
  if (check) return [row(span('✓ ', 'good'), `It applies: ${what}.`)]
  if (branch === undefined && files === 0) return [row('Nothing to bring: your checkout has all of it already.')]
  return branch === undefined
    ? [row(span('✓ ', 'good'), `${what} changed in your checkout, uncommitted. `, span('git diff', 'code'))]
    : [row(span('✓ ', 'good'), `${what} on `, span(cleanLine(branch), 'code'))]
}

function conflictRows({ conflicts, message }: Result, name: string): Row[] {
  return [
    row(
      span('✗ ', 'bad'),
      conflicts.length > 0
        ? 'It conflicts with your checkout, so nothing was changed:'
        : cleanLine(message ?? 'It could not be applied; nothing was changed.'),
    ),
    ...conflicts.map((path) => row('    ', span(cleanLine(path), 'removed'))),
    ...(conflicts.length > 0 && message ? [row(span(`  ${cleanLine(message)}`, 'dim'))] : []),
    row(
      span('  Commit or stash your own changes first, or take it as a branch: ', 'dim'),
      span(`skein apply ${name} --branch NAME`, 'code'),
    ),
  ]
}
