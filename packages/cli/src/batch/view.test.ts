import type { BatchEvent, RequestOutcome } from 'skein'
import { describe, expect, it } from 'vitest'
import { plainPalette } from '../render/palette.ts'
import { paint, widthOfRow } from '../render/row.ts'
import { outcomeRow, progressRows, reportRows, type UnderWay } from './rows.ts'
import { BatchView } from './view.ts'

const underWay = (count: number): UnderWay[] =>
  Array.from({ length: count }, (_, index) => ({
    label: `request ${index} with a long name that goes on and on`,
    workspace: `swift-heron-${index}`,
    doing: 'Bash npm test -- --everything',
    startedAt: 0,
    costUsd: 0.5,
  }))

const progress = (count: number) => ({
  total: 200,
  ended: 50,
  failed: 2,
  underWay: underWay(count),
  costUsd: 12,
  budget: 20,
  startedAt: 0,
  parkedUntil: undefined,
  stopping: undefined,
})

const outcome = (more: Partial<RequestOutcome>): RequestOutcome => ({
  index: 0,
  id: 'id',
  status: 'succeeded',
  text: 'Done.',
  attempts: 1,
  costUsd: 0.25,
  inputTokens: 0,
  outputTokens: 0,
  files: [],
  artifacts: [],
  ...more,
})

const text = (rows: ReturnType<typeof reportRows>) => rows.map((line) => paint(line, plainPalette)).join('\n')

describe('what is under way', () => {
  it('never takes more rows than the terminal has, also with 200 requests', () => {
    for (const rows of [4, 10, 24, 60]) {
      const shown = progressRows(progress(200), rows, 60_000)
      expect(shown.length).toBeLessThanOrEqual(rows - 1)
      expect(text(shown)).toContain('50/200')
      expect(text(shown)).toMatch(/and \d+ more/)
    }
    expect(progressRows(progress(3), 24, 60_000)).toHaveLength(4)
  })
})

/** A terminal that counts what is written to it. */
function terminalOf(columns: number, rows: number) {
  let written = ''
  const write = (part: string) => {
    written += part
    return true
  }
  const stdout = { write } as unknown as NodeJS.WriteStream
  const terminal = {
    stdin: process.stdin,
    stdout,
    stderr: stdout,
    interactive: false,
    columns: () => columns,
    rows: () => rows,
  }
  return {
    terminal: { ...terminal, palette: plainPalette, errorPalette: plainPalette },
    take: () => {
      const taken = written
      written = ''
      return taken
    },
  }
}

describe('the live table', () => {
  const requests = Array.from({ length: 200 }, (_, index) => ({ id: `r${index}`, tag: `request ${index}` }))
  const started = (index: number): BatchEvent => ({
    type: 'started',
    index,
    id: `r${index}`,
    attempt: 1,
    followed: false,
  })
  const frame = () => new Promise((resolve) => setTimeout(resolve, 150))

  it('draws many events as one picture, only lines that changed, and never clears the screen', async () => {
    const { terminal, take } = terminalOf(60, 24)
    using view = new BatchView(terminal, requests, undefined)
    for (let index = 0; index < 20; index++) view.accept(started(index))
    await frame()
    const first = take()
    expect(first.match(/request \d+/g)?.length).toBe(20)
    for (let n = 0; n < 100; n++)
      view.accept({ type: 'progress', index: 3, id: 'r3', doing: `step ${n}`, costUsd: 0, workspaceId: 'w' })
    await frame()
    const second = take()
    expect(second).toContain('step 99')
    expect(second).not.toContain('step 42')
    expect(second.match(/request \d+/g)?.length).toBeLessThanOrEqual(20)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own
    expect(first + second).not.toMatch(/\x1b\[2J|\x1bc/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own
    for (const line of (first + second).replace(/\x1b\[[\d;?]*[A-Za-z]/g, '').split(/[\r\n]+/))
      expect(widthOfRow([{ text: line }])).toBeLessThan(60)
  })
})

describe('the report', () => {
  const report = (outcomes: RequestOutcome[]) => {
    const counts = { succeeded: 0, failed: 0, unknown: 0, cancelled: 0, timed_out: 0, not_started: 0 }
    for (const { status } of outcomes) counts[status]++
    return { batchId: 'b', outcomes, counts, costUsd: 1, durationMs: 65_000, ok: false }
  }

  it('tells what failed, how to look at it, and what can be done next', () => {
    const failed = outcome({
      id: 'b',
      tag: 'second',
      status: 'failed',
      workspaceId: 'w-1',
      workspace: 'swift-heron',
      left: 'workspace',
      error: { class: 'model', code: 'model', message: 'no such model', next: 'Choose another.' },
    })
    const said = text(
      reportRows(report([outcome({}), failed]), { resume: 'skein batch x --resume', patches: undefined }),
    )
    expect(said).toContain('✗ second  no such model')
    expect(said).toContain('Choose another.')
    expect(said).toContain('skein logs swift-heron')
    expect(said).toContain('1 succeeded, 1 failed, $1.00, 1m 05s')
    expect(said).toContain('skein batch x --resume --retry-failed')
  })

  it('shows what agents say without their control characters', () => {
    const line = paint(outcomeRow(outcome({ tag: 'a\x1b[2J', text: '\x1b]0;title\x07two\nlines' })), plainPalette)
    expect(line).not.toContain('\x1b')
    expect(line).not.toContain('\n')
  })
})
