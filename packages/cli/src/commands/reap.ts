import { randomUUID } from 'node:crypto'
import type { ApiResult } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { count } from '../render/figures.ts'
import { type Row, row, span } from '../render/row.ts'

export interface ReapOptions {
  dryRun?: boolean
  json?: boolean
}

type Found = ApiResult<'server.reap'>['found'][number]

const KINDS: Record<Found['kind'], string> = {
  machines: 'machine',
  processes: 'process',
  worktrees: 'work tree',
  snapshots: 'old snapshot',
  kept: 'old turn',
}
const COLUMNS = Math.max(...Object.values(KINDS).map(({ length }) => length))

/** `skein reap`: ends what really exists and belongs to nothing, or says what it would end. */
export async function reap({ dryRun = false, json }: ReapOptions, { api, terminal }: CommandContext): CommandResult {
  const { found } = await api.call('server.reap', { key: randomUUID(), dryRun })
  if (json) for (const one of found) writeJson(terminal.stdout, { type: 'reaped', ...one, dryRun })
  else print(terminal, reapRows(found, dryRun))
  return ExitCode.ok
}

function reapRows(found: readonly Found[], dryRun: boolean): Row[] {
  if (found.length === 0) return [row(span('Nothing is there that belongs to nothing.', 'dim'))]
  const sum = dryRun ? `${count(found.length, 'thing')} would be ended.` : `${count(found.length, 'thing')} ended.`
  return [
    ...found.map(({ kind, name }) => row(span(KINDS[kind].padEnd(COLUMNS), 'warn'), `  ${cleanLine(name)}`)),
    row(span(sum, 'dim'), ...(dryRun ? [span(' To end them: ', 'dim'), span('skein reap', 'code')] : [])),
  ]
}
