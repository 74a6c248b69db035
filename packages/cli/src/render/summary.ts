import { ExitCode } from '../exit-codes.ts'
import type { Summary } from '../run/conclude.ts'
import { cleanLine } from './clean.ts'
import { dollars, duration } from './figures.ts'
import { type Row, row, span } from './row.ts'
import { STOPPED } from './session-notes.ts'
import { fileRows, sumOfChanges } from './workspace-rows.ts'

const FILES = 12

/** The end of a run for a person: how it went, what changed, what to do next. */
export function summaryRows(summary: Summary, advice: boolean): Row[] {
  const { end, files, left, patch } = summary
  return [
    [],
    headline(summary),
    ...problem(summary),
    ...(files.length > 0 ? [row(...sumOfChanges(files), ' on ', span(cleanLine(end.workspace.branch), 'code'))] : []),
    ...fileRows(files, FILES),
    ...(patch === undefined ? [] : [row('The patch is in ', span(cleanLine(patch), 'code'))]),
    ...(!advice ? [] : left === 'workspace' ? next(end.workspace.name) : leftovers(summary)),
  ]
}

function headline({ end, exitCode, durationMs }: Summary): Row {
  const cost = end.session?.usage.cost ?? 0
  const figures = span(` · ${duration(durationMs)}${cost > 0 ? ` · ${dollars(cost)}` : ''}`, 'dim')
  if (exitCode === ExitCode.ok) return row(span('✓ ', 'good'), span('Done', 'strong'), figures)
  if (end.timedOut) return row(span('! ', 'warn'), span('The time was up', 'strong'), figures)
  if (end.interrupted) return row(span('! ', 'warn'), span('Interrupted', 'strong'), figures)
  const why = end.turn ? (STOPPED[end.turn.stopReason] ?? end.turn.stopReason) : 'no turn was started'
  return row(span('✗ ', 'bad'), span(`Not done: ${why}`, 'strong'), figures)
}

function problem({ end, exitCode }: Summary): Row[] {
  if (exitCode === ExitCode.ok || exitCode === ExitCode.interrupted) return []
  const detail = end.turn?.stopReason === 'cancelled' ? undefined : end.turn?.detail
  const told = end.turn?.error?.message ?? detail ?? end.session?.problem?.message
  const remedy =
    end.session?.problem?.next ??
    (end.turn?.error?.code === 'auth'
      ? 'Log in with `claude auth login`, or set ANTHROPIC_API_KEY. What is missing: skein doctor'
      : undefined)
  return [
    ...(told ? [row('  ', cleanLine(told))] : []),
    ...(remedy ? [row(span(`  ${cleanLine(remedy)}`, 'dim'))] : []),
  ]
}

function next(name: string): Row[] {
  return [
    row(
      span('Next: ', 'dim'),
      span(`skein diff ${name}`, 'code'),
      span(' to look at it, ', 'dim'),
      span(`skein apply ${name}`, 'code'),
      span(' to take it over,', 'dim'),
    ),
    row(
      span('      ', 'dim'),
      span(`skein send ${name} "…"`, 'code'),
      span(' to go on, ', 'dim'),
      span(`skein rm ${name}`, 'code'),
      span(' to throw it away', 'dim'),
    ),
  ]
}

function leftovers({ end, files, left }: Summary): Row[] {
  const restore = span(`skein restore ${end.workspace.name}`, 'code')
  if (left === 'branch') {
    return [row(span('The workspace is removed; everything is on the branch. To go on with it: ', 'dim'), restore)]
  }
  const nothing =
    files.length === 0 ? 'Nothing was changed, so the workspace is removed. ' : 'The workspace is removed. '
  return [row(span(`${nothing}To go on with it: `, 'dim'), restore)]
}
