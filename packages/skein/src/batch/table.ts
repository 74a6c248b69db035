import type { BatchReport, RequestOutcome } from './outcome.ts'

/** A batch's results as a table of plain text, a line for each request. */
export function tableOf({ outcomes, counts, costUsd }: BatchReport): string {
  const rows = outcomes.map((outcome) => [
    outcome.status.replace('_', ' '),
    outcome.tag ?? outcome.id,
    outcome.workspace ?? '',
    outcome.files.length === 0 ? '' : `${outcome.files.length} changed`,
    money(outcome.costUsd),
    firstLine(outcome),
  ])
  const all = [['outcome', 'request', 'workspace', 'files', 'cost', ''], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const sums = Object.entries(counts).flatMap(([status, count]) =>
    count === 0 ? [] : [`${count} ${status.replace('_', ' ')}`],
  )
  return [...lines, '', [...sums, money(costUsd)].join(', ')].join('\n')
}

function firstLine({ error, text }: RequestOutcome): string {
  return (error?.message ?? text).trim().split('\n')[0]?.slice(0, 100) ?? ''
}

function money(amount: number): string {
  return `$${amount.toFixed(2)}`
}
