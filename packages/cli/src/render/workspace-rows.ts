import type { FileChange, Status, Workspace } from '@skein/protocol'
import { cleanLine } from './clean.ts'
import { age, count, dollars } from './figures.ts'
import type { Tone } from './palette.ts'
import { fit, type Row, row, span, widthOfRow } from './row.ts'

export const STATUS: Record<Status, { mark: string; word: string; tone: Tone }> = {
  needs_you: { mark: '?', word: 'needs you', tone: 'warn' },
  working: { mark: '▸', word: 'working', tone: 'accent' },
  checking: { mark: '▸', word: 'checking', tone: 'accent' },
  ready_for_review: { mark: '◆', word: 'review', tone: 'good' },
  idle: { mark: '·', word: 'idle', tone: 'dim' },
  failed: { mark: '✗', word: 'failed', tone: 'bad' },
  unknown: { mark: '~', word: 'unknown', tone: 'dim' },
}

const NAME_COLUMNS = 28
const BRANCH_COLUMNS = 36
const MACHINE_COLUMNS = 24
/** Not there where everything is on this computer. */
const MACHINE_COLUMN = 4

/** The table of `skein ls`. */
export function workspaceTable(workspaces: readonly Workspace[], columns: number, now: number): Row[] {
  if (workspaces.length === 0) return [row(span('No workspaces. Begin with: skein run "…"', 'dim'))]
  const lines = workspaces.map((workspace) => cells(workspace, now))
  const widths = [0, 1, 2, 3, 4, 5, 6].map((column) => Math.max(...lines.map((line) => widthOfRow(line[column] ?? []))))
  return lines.map((line) => {
    const parts = line.slice(0, -1).flatMap((cell, column) => {
      if (column === MACHINE_COLUMN && widths[column] === 0) return []
      const filler = (widths[column] ?? 0) - widthOfRow(cell)
      return [...cell, span(' '.repeat(filler + 2))]
    })
    return fit([...parts, ...(line.at(-1) ?? [])], columns)
  })
}

function cells(workspace: Workspace, now: number): Row[] {
  const cost = workspace.sessions.reduce((sum, session) => sum + session.usage.cost, 0)
  const removed = workspace.state === 'removed' || workspace.state === 'removing'
  const { mark, word, tone } = removed
    ? { mark: '–', word: 'removed', tone: 'dim' as const }
    : STATUS[workspace.status.status]
  return [
    row(span(`${mark} ${word}`, tone)),
    fit(row(span(cleanLine(workspace.name), removed ? 'dim' : 'strong')), NAME_COLUMNS),
    fit(row(cleanLine(workspace.branch)), BRANCH_COLUMNS),
    diffCell(workspace.diff),
    fit(row(span(workspace.machine === 'local' ? '' : cleanLine(workspace.machine), 'code')), MACHINE_COLUMNS),
    row(cost === 0 ? '' : dollars(cost)),
    row(span(age(now - workspace.createdAt), 'dim')),
    row(span(cleanLine(workspace.status.because), 'dim')),
  ]
}

function diffCell(diff: Workspace['diff']): Row {
  if (!diff || diff.files === 0) return []
  if (diff.added + diff.deleted === 0) return row(span(count(diff.files, 'file'), 'dim'))
  return row(span(`+${diff.added}`, 'added'), ' ', span(`−${diff.deleted}`, 'removed'))
}

const FILE_MARK: Record<FileChange['status'], Row> = {
  added: row(span('A', 'added')),
  modified: row(span('M', 'warn')),
  deleted: row(span('D', 'removed')),
  renamed: row(span('R', 'hunk')),
  copied: row(span('C', 'hunk')),
  type_changed: row(span('T', 'warn')),
  unmerged: row(span('U', 'bad')),
}

/** A line for each changed file, capped, and one with the sum. */
export function fileRows(files: readonly FileChange[], limit = Number.POSITIVE_INFINITY): Row[] {
  const rows = files
    .slice(0, limit)
    .map((file) =>
      row(
        '  ',
        ...FILE_MARK[file.status],
        ' ',
        file.oldPath ? `${cleanLine(file.oldPath)} → ${cleanLine(file.path)}` : cleanLine(file.path),
        ...(file.binary ? [span('  binary', 'dim')] : []),
        ...(file.added > 0 ? [span(`  +${file.added}`, 'added')] : []),
        ...(file.deleted > 0 ? [span(`  −${file.deleted}`, 'removed')] : []),
        ...(file.newMode && file.oldMode && file.newMode !== file.oldMode
          ? [span(`  mode ${file.newMode}`, 'dim')]
          : []),
      ),
    )
  if (files.length > limit) rows.push(row(span(`  … ${count(files.length - limit, 'more file')}`, 'dim')))
  return rows
}

/** `3 files changed +10 −2`. */
export function sumOfChanges(files: readonly FileChange[]): Row {
  const added = files.reduce((sum, file) => sum + file.added, 0)
  const deleted = files.reduce((sum, file) => sum + file.deleted, 0)
  return row(
    span(`${count(files.length, 'file')} changed`, 'strong'),
    ...(added > 0 ? [span(` +${added}`, 'added')] : []),
    ...(deleted > 0 ? [span(` −${deleted}`, 'removed')] : []),
  )
}
