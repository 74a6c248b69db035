import type { BatchFailure, BatchReport, RequestOutcome, RequestStatus } from 'skein'
import { cleanLine } from '../render/clean.ts'
import { count, dollars, duration } from '../render/figures.ts'
import type { Tone } from '../render/palette.ts'
import { fit, type Row, row, span, widthOfRow } from '../render/row.ts'

const STATUS: Record<RequestStatus, { mark: string; word: string; tone: Tone }> = {
  succeeded: { mark: '✓', word: 'succeeded', tone: 'good' },
  failed: { mark: '✗', word: 'failed', tone: 'bad' },
  unknown: { mark: '~', word: 'unknown', tone: 'warn' },
  cancelled: { mark: '–', word: 'cancelled', tone: 'dim' },
  timed_out: { mark: '✗', word: 'timed out', tone: 'bad' },
  not_started: { mark: '·', word: 'not started', tone: 'dim' },
}

const LABEL_COLUMNS = 32

/** What a person knows a request by. */
export function labelOf({ id, tag }: { id: string; tag?: string | undefined }): string {
  return cleanLine(tag ?? id)
}

/** One request that has ended. */
export function outcomeRow(outcome: RequestOutcome): Row {
  const { mark, word, tone } = STATUS[outcome.status]
  const { startedAt, endedAt, costUsd, files, attempts } = outcome
  const facts = [
    ...(outcome.status === 'succeeded' ? [] : [word]),
    ...(files.length === 0 ? [] : [count(files.length, 'file')]),
    ...(startedAt === undefined || endedAt === undefined ? [] : [duration(endedAt - startedAt)]),
    ...(costUsd === 0 ? [] : [dollars(costUsd)]),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
  ]
  return row(
    span(`${mark} `, tone),
    span(labelOf(outcome), 'strong'),
    span(`  ${facts.join(', ')}`, 'dim'),
    ...(outcome.workspace === undefined || outcome.left !== 'workspace'
      ? []
      : [span(`  ${cleanLine(outcome.workspace)}`, 'code')]),
    `  ${firstLineOf(outcome)}`,
  )
}

function firstLineOf({ error, text }: RequestOutcome): string {
  return cleanLine((error?.message ?? text).trim().split('\n')[0] ?? '')
}

/** One that is under way. */
export interface UnderWay {
  label: string
  workspace: string
  doing: string
  startedAt: number
  costUsd: number
}

/** The moving region: those under way, as many as fit, and how far it all is. */
export function progressRows(state: Progress, rows: number, now: number): Row[] {
  const room = Math.max(0, rows - 3)
  const shown = state.underWay.slice(0, room)
  const label = Math.min(LABEL_COLUMNS, Math.max(0, ...shown.map((one) => widthOfRow(row(one.label)))))
  const costs = Math.max(0, ...shown.map(({ costUsd }) => (costUsd === 0 ? 0 : dollars(costUsd).length)))
  const lines = shown.map(({ label: name, workspace, doing, startedAt, costUsd }) =>
    row(
      span('▸ ', 'accent'),
      ...padded(row(span(name, 'strong')), label),
      span(`  ${duration(now - startedAt).padStart(6)}`, 'dim'),
      ...(costs === 0 ? [] : [span(`  ${(costUsd === 0 ? '' : dollars(costUsd)).padStart(costs)}`, 'dim')]),
      span(`  ${cleanLine(workspace)}`, 'code'),
      `  ${cleanLine(doing)}`,
    ),
  )
  const hidden = state.underWay.length - shown.length
  return [...lines, ...(hidden > 0 ? [row(span(`  and ${hidden} more`, 'dim'))] : []), footer(state, now)]
}

/** How far a batch is. */
export interface Progress {
  total: number
  ended: number
  failed: number
  underWay: readonly UnderWay[]
  costUsd: number
  budget: number | undefined
  startedAt: number
  parkedUntil: number | undefined
  stopping: string | undefined
}

const BAR = 20

function footer(
  { total, ended, failed, costUsd, budget, startedAt, parkedUntil, stopping }: Progress,
  now: number,
): Row {
  const filled = total === 0 ? BAR : Math.round((ended / total) * BAR)
  return row(
    span('━'.repeat(filled), 'good'),
    span('─'.repeat(BAR - filled), 'dim'),
    span(` ${ended}/${total}`, 'strong'),
    ...(failed === 0 ? [] : [span(`  ${failed} failed`, 'bad')]),
    span(
      `  ${dollars(costUsd)}${budget === undefined ? '' : ` of ${dollars(budget)}`}  ${duration(now - startedAt)}`,
      'dim',
    ),
    ...(parkedUntil === undefined ? [] : [span(`  waits ${duration(parkedUntil - now)}`, 'warn')]),
    ...(stopping === undefined ? [] : [span(`  ${stopping}`, 'warn')]),
  )
}

export function retryRow(name: string, failure: BatchFailure, at: number, now: number): Row {
  const when = at <= now ? 'at once' : `in ${duration(at - now)}`
  return row(span('↻ ', 'warn'), span(name, 'strong'), span(`  again ${when}: `, 'dim'), cleanLine(failure.message))
}

/** The end: what did not succeed and how to look at it, the sums, and what can be done next. */
export function reportRows(
  report: BatchReport,
  { resume, patches }: { resume: string; patches: string | undefined },
): Row[] {
  const { outcomes, counts, costUsd, durationMs, stopped } = report
  const bad = outcomes.filter(({ status }) => status !== 'succeeded' && status !== 'not_started')
  const sums = (Object.keys(STATUS) as RequestStatus[]).flatMap((status) =>
    counts[status] === 0
      ? []
      : [span(`${counts[status]} ${STATUS[status].word}`, STATUS[status].tone), span(', ', 'dim')],
  )
  return [
    ...(bad.length === 0 ? [] : [row(''), ...bad.flatMap(badRows)]),
    row(''),
    row(...sums, span(`${dollars(costUsd)}, ${duration(durationMs)}`, 'dim')),
    ...(stopped ? [row(span('! ', 'warn'), `It ended early: ${cleanLine(stopped.message)}.`)] : []),
    ...nextRows(report, resume),
    ...(patches === undefined ? [] : [row(span(`Patches are in ${patches}`, 'dim'))]),
  ]
}

function badRows(outcome: RequestOutcome): Row[] {
  const { mark, tone } = STATUS[outcome.status]
  const { error, workspace, workspaceId, left } = outcome
  const next = error?.next
  return [
    row(
      span(`${mark} `, tone),
      span(labelOf(outcome), 'strong'),
      `  ${cleanLine(error?.message ?? STATUS[outcome.status].word)}`,
    ),
    ...(next === undefined ? [] : [row(span(`  ${cleanLine(next)}`, 'dim'))]),
    ...(workspaceId === undefined
      ? []
      : [
          row(
            span('  Look at it: ', 'dim'),
            span(`skein logs ${left === 'workspace' ? workspace : workspaceId}`, 'code'),
          ),
        ]),
  ]
}

function nextRows({ counts, stopped }: BatchReport, resume: string): Row[] {
  const say = (what: string, command: string) => row(span(what, 'dim'), span(command, 'code'))
  if (stopped?.because === 'budget') return [say('To go on, for more: ', `${resume} --budget USD`)]
  if (counts.not_started + counts.cancelled > 0) return [say('To go on: ', resume)]
  if (counts.failed + counts.timed_out > 0) return [say('To run again what failed: ', `${resume} --retry-failed`)]
  return []
}

/** What `--dry-run` shows of one request. */
export function planRow(index: number, facts: { label: string; where: string; prompt: string }, columns: number): Row {
  const line = row(
    span(`${String(index + 1).padStart(4)}  `, 'dim'),
    span(facts.label, 'strong'),
    span(`  ${cleanLine(facts.where)}`, 'code'),
    `  ${cleanLine(facts.prompt.trim().split('\n')[0] ?? '')}`,
  )
  return Number.isFinite(columns) ? fit(line, columns) : line
}

function padded(cell: Row, columns: number): Row {
  const fitted = fit(cell, columns)
  return [...fitted, span(' '.repeat(Math.max(0, columns - widthOfRow(fitted))))]
}
