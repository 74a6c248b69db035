import type { AgentEvent, Hunk, ToolContent, ToolKind } from '@skein/protocol'

/** One event of a written history, with the turn that it belongs to. */
export interface PastEvent {
  readonly event: AgentEvent
  readonly turnId?: string
  /** Milliseconds after the one before. */
  readonly after: number
}

interface Work {
  readonly name: string
  readonly title: string
  readonly kind: ToolKind
  readonly input: unknown
  readonly content: readonly ToolContent[]
  readonly failed?: boolean
}

/**
 * A long working day of one agent, as its events would be stored: prompts, thoughts, tools with their output and their edits,
 * task lists, and answers in Markdown. The same for the same number of events.
 */
export function* history(count: number): Generator<PastEvent> {
  let made = 0
  for (let turn = 1; made < count; turn++) {
    for (const past of turnOf(turn)) {
      if (made++ >= count) return
      yield past
    }
  }
}

/** As `history`, of whole turns only: no more events than `atMost`, and nothing is under way at its end. */
export function wholeHistory(atMost: number): PastEvent[] {
  const all: PastEvent[] = []
  for (let turn = 1; ; turn++) {
    const events = [...turnOf(turn)]
    if (all.length + events.length > atMost) return all
    all.push(...events)
  }
}

function* turnOf(turn: number): Generator<PastEvent> {
  const pick = <T>(from: readonly T[], salt = 0): T => {
    const chosen = from[(turn * 7 + salt * 13) % from.length]
    if (chosen === undefined) throw new Error('nothing to pick from')
    return chosen
  }
  const turnId = `t${turn}`
  const messageId = uuid(turn)
  const prompt = pick(PROMPTS)
  yield {
    event: { type: 'user_message', messageId, content: words(prompt), state: 'queued', origin: 'user' },
    after: 45_000,
  }
  yield { event: { type: 'user_message_update', messageId, state: 'sent' }, after: 40 }
  yield { event: { type: 'turn_started', origin: 'user', messageIds: [messageId] }, turnId, after: 300 }
  yield { event: { type: 'user_message_update', messageId, state: 'started' }, turnId, after: 5 }
  const model = 'claude-opus-5-5'
  const thought = words(pick(THOUGHTS))
  yield { event: { type: 'agent_thought', messageId: `${messageId}:0`, content: thought, model }, turnId, after: 2_100 }
  yield { event: said(`${messageId}:1`, pick(OPENINGS), model), turnId, after: 900 }
  if (turn % 4 === 0) yield { event: { type: 'plan', entries: tasks(turn) }, turnId, after: 200 }
  for (let step = 0; step < 2 + (turn % 4); step++) {
    const work = pick(WORK, step)
    const toolCallId = `tool-${turn}-${step}`
    const { name, title, kind, input: rawInput } = work
    yield {
      event: { type: 'tool_call', toolCallId, name, title, kind, status: 'in_progress', rawInput },
      turnId,
      after: 700,
    }
    const status = work.failed ? 'failed' : 'completed'
    yield {
      event: { type: 'tool_call_update', toolCallId, status, content: [...work.content] },
      turnId,
      after: 1_300,
    }
    if (step % 2 === 1)
      yield { event: said(`${messageId}:${step + 2}`, pick(REMARKS, step), model), turnId, after: 800 }
  }
  yield { event: said(`${messageId}:9`, pick(ANSWERS), model), turnId, after: 1_700 }
  yield { event: { type: 'usage_update', used: 21_000 + ((turn * 613) % 90_000), size: 200_000 }, turnId, after: 10 }
  yield {
    event: {
      type: 'turn_ended',
      stopReason: 'end_turn',
      durationMs: 14_000 + ((turn * 977) % 60_000),
      costDelta: 0.04,
    },
    turnId,
    after: 20,
  }
}

const words = (text: string) => [{ type: 'text' as const, text }]
const said = (messageId: string, text: string, model: string): AgentEvent => ({
  type: 'agent_message',
  messageId,
  content: words(text),
  model,
})

function uuid(turn: number): string {
  return `0a0a0a0a-0000-4000-8000-${turn.toString(16).padStart(12, '0')}`
}

function tasks(turn: number): Extract<AgentEvent, { type: 'plan' }>['entries'] {
  return TASKS.map((content, index) => ({
    content,
    priority: 'medium' as const,
    status:
      index < turn % 3 ? ('completed' as const) : index === turn % 3 ? ('in_progress' as const) : ('pending' as const),
  }))
}

const PROMPTS = [
  'The import of large statements times out. Find out why, and make it stream.',
  'Add a test for the case that a statement has two bookings with the same reference.',
  'Rename `Booking.amount` to `Booking.minorUnits` everywhere, and say in the changelog that it is the smallest unit of the currency.',
  'CI is red since the last merge:\n\n```\n✖ exchange › rounds half to even\n  expected 1245 to equal 1244\n```\n\nWhat happened?',
  'Why is `reconcile()` called twice for one upload? I would expect once.',
  'Make the error say which line of the file is wrong, and what was expected there.',
  'Review what you did so far. Is there anything that you would not merge?',
]

const THOUGHTS = [
  'The reader keeps the whole file in memory before it parses the first line. I should look at how `parse` is called, and whether anything else needs all lines at once.',
  'Two bookings with one reference: the map is keyed by reference alone, so the second takes the place of the first. The key needs the date as well.',
  'Banker’s rounding is what the specification wants. Let me look at what changed in the helper since the last green build.',
]

const OPENINGS = [
  'I look at how the reader works first.',
  'Let me see where this comes from.',
  'I begin with the failing test, so that it fails for the right reason.',
  'I search for all places that use it.',
]

const REMARKS = [
  'That is the place. `readStatement` waits for the whole file, and the parser would take one line at a time.',
  'The test fails as it should. Now the change itself.',
  'Two callers rely on the old order, so I keep it for them.',
  'Green. I run the whole suite once more, since the rounding is used by the exports too.',
]

const TASKS = [
  'Find out where the time goes',
  'Read the statement line by line',
  'Keep the order of bookings that have the same date',
  'Test with a statement of 200,000 lines',
]

const ANSWERS = [
  'The import streams now.\n\n- **`src/statement/read.ts`** reads line by line; at most 64 KiB are in memory.\n- **`src/statement/parse.ts`** takes an `AsyncIterable<string>`. Its tests use the same lines as before.\n- A statement of 200,000 lines takes **1.9 s** instead of timing out after 30.\n\nI left the old signature of `readStatement` in place, since `export.ts` uses it.',
  "It was called twice because the upload is announced by two events, `stored` and `scanned`, and both lead to `reconcile`.\n\n```ts\nuploads.on('stored', (upload) => reconcile(upload))\nuploads.on('scanned', (upload) => reconcile(upload))\n```\n\nOnly a scanned upload may be reconciled, so I removed the first. The second line of defence, the unique key in `reconciliations`, was there already.",
  'Done: 14 files use `minorUnits` now. The JSON that leaves the service still says `amount`, because clients read it; that is the one place where the old name stays.\n\n| where | before | now |\n| --- | --- | --- |\n| `Booking` | `amount` | `minorUnits` |\n| `bookings` (table) | `amount` | `minor_units` |\n| API v1 | `amount` | `amount` |',
  'The rounding changed with the update of the decimal library: `toFixed` rounds half away from zero, and the specification wants half to even.\n\n1. `roundHalfEven` in `src/money/round.ts`, with a table of cases.\n2. `exchange` uses it. All 212 tests pass.',
  'The message is now:\n\n> Line 1,204: expected a date as `YYYY-MM-DD`, found `31.04.2026`.\n\nThe line counts from 1 and includes the header, as a person would count it in an editor.',
]

function output(lines: number, line: (n: number) => string): readonly ToolContent[] {
  const text = Array.from({ length: lines }, (_, n) => line(n + 1)).join('\n')
  return [{ type: 'content', content: { type: 'text', text } }]
}

const EDIT: Hunk = {
  ...{ oldStart: 41, oldLines: 7, newStart: 41, newLines: 9 },
  lines: [
    ' export async function* readStatement(file: FileHandle): AsyncGenerator<Line> {',
    "-  const text = await file.readFile('utf8')",
    "-  for (const [index, line] of text.split('\\n').entries()) {",
    '-    yield { number: index + 1, text: line }',
    '+  let number = 0',
    "+  for await (const text of file.readLines({ encoding: 'utf8' })) {",
    '+    number += 1',
    "+    if (text === '') continue",
    '+    yield { number, text }',
    '   }',
    ' }',
  ],
}

const edited = (path: string): Work => ({
  ...{ name: 'Edit', title: `Edit ${path}`, kind: 'edit', input: { file_path: path } },
  content: [{ type: 'diff', path, hunks: [EDIT] }],
})

const read = (path: string, lines: number): Work => ({
  ...{ name: 'Read', title: `Read ${path}`, kind: 'read', input: { file_path: path } },
  content: output(lines, (n) => `${String(n).padStart(5)}\texport const line${n} = parse(source, ${n})`),
})

const ran = (command: string, lines: number, failed = false): Work => ({
  ...{ name: 'Bash', title: command, kind: 'execute', input: { command, description: 'Run the tests' }, failed },
  content: output(lines, (n) =>
    failed && n === lines ? 'Exit code 1' : ` ✓ statement › booking ${n} keeps its order (${(n * 7) % 23} ms)`,
  ),
})

const WORK: readonly Work[] = [
  read('src/statement/read.ts', 84),
  {
    ...{ name: 'Grep', title: 'Search readStatement', kind: 'search', input: { pattern: 'readStatement' } },
    content: output(
      9,
      (n) => `src/statement/consumer-${n}.ts:${n * 14}:  for await (const line of readStatement(file)) {`,
    ),
  },
  edited('src/statement/read.ts'),
  ran('npm test -- statement', 24),
  edited('src/statement/formats/international-bank-account-statement-with-structured-remittance-information.ts'),
  ran('npm run types', 3, true),
  read('test/fixtures/statement-with-two-bookings-of-the-same-reference.csv', 40),
  edited('test/statement.test.ts'),
  ran('npm test', 38),
]
