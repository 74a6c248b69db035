import type { StopReason } from '@skein/protocol'

/** What a workspace of the pictures did. */
export interface PastWork {
  readonly name: string
  readonly project: string
  readonly minutesAgo: number
  readonly cost: number
  readonly files?: number
  readonly added?: number
  readonly deleted?: number
  readonly ended?: StopReason
  readonly error?: string
  /** A session of 10,000 events. */
  readonly long?: boolean
  readonly pinned?: boolean
  readonly archived?: boolean
  /** Nobody has looked at its last turn. */
  readonly unseen?: boolean
}

const HOUR = 60
const DAY = 24 * HOUR

const work = (
  project: string,
  name: string,
  minutesAgo: number,
  cost: number,
  more: Partial<PastWork> = {},
): PastWork => ({
  ...{ project, name, minutesAgo, cost },
  ...more,
})

const changed = (files: number, added: number, deleted: number) => ({ files, added, deleted })

export const PAST_WORK: readonly PastWork[] = [
  work('ledger', 'stream-large-statements', 12, 21.4, {
    ...changed(9, 412, 167),
    long: true,
    pinned: true,
    unseen: true,
  }),
  work('ledger', 'two-bookings-with-the-same-reference', 34, 1.12, { ...changed(3, 48, 6), unseen: true }),
  work(
    'ledger',
    'rename-amount-to-minor-units-in-every-package-and-in-the-database',
    2 * HOUR,
    8.9,
    changed(64, 1204, 988),
  ),
  work('ledger', 'round-half-to-even', 5 * HOUR, 0.64, changed(2, 31, 9)),
  work('ledger', 'why-is-reconcile-called-twice', 7 * HOUR, 0.38),
  work('ledger', 'import-camt-053-version-8', DAY, 12.05, changed(22, 1930, 41)),
  work('ledger', 'drop-the-old-csv-reader', DAY + 3 * HOUR, 2.2, changed(17, 12, 2210)),
  work('ledger', 'export-for-the-auditors', 2 * DAY, 3.4, {
    ended: 'error',
    error: 'The model is overloaded; tried 10 times.',
  }),
  work('ledger', 'errors-that-name-the-line', 3 * DAY, 0.9, changed(5, 120, 44)),
  work('ledger', 'property-tests-for-money', 4 * DAY, 1.71, changed(4, 260, 0)),
  work('atlas-tiles', 'vector-tiles-at-zoom-14', 25, 4.31, { ...changed(11, 540, 203), unseen: true }),
  work('atlas-tiles', 'label-placement-at-tile-edges', 55, 6.02, changed(7, 388, 91)),
  work('atlas-tiles', 'cache-tiles-by-content-hash', 3 * HOUR, 1.48, changed(6, 190, 75)),
  work('atlas-tiles', 'mercator-or-web-mercator', 9 * HOUR, 0.21),
  work('atlas-tiles', 'hillshading', DAY, 9.77, changed(14, 1022, 18)),
  work('atlas-tiles', 'a-tile-server-that-answers-304', 2 * DAY, 0.83, changed(3, 62, 11)),
  work('atlas-tiles', 'coastlines-at-high-tide', 5 * DAY, 2.94, { ended: 'cancelled' }),
  work('customer-portal', 'passkeys-instead-of-passwords', 48, 7.35, { ...changed(28, 1410, 322), pinned: true }),
  work('customer-portal', 'invoice-pdf-in-four-languages', 4 * HOUR, 3.1, changed(12, 640, 58)),
  work('customer-portal', 'a11y-of-the-date-picker', 6 * HOUR, 1.03, changed(4, 88, 70)),
  work('customer-portal', 'flaky-checkout-test', 8 * HOUR, 0.57, changed(1, 6, 14)),
  work('customer-portal', 'upgrade-react-router-and-remove-the-compatibility-layer', DAY, 5.6, changed(41, 702, 911)),
  work('customer-portal', 'csp-without-unsafe-inline', DAY + 6 * HOUR, 2.05, changed(9, 133, 97)),
  work('customer-portal', 'empty-states', 3 * DAY, 0.74, changed(8, 215, 20)),
  work('customer-portal', 'search-as-you-type', 4 * DAY, 3.9, { ended: 'max_turn_requests' }),
  work('customer-portal', 'keyboard-shortcuts', 6 * DAY, 1.36, changed(5, 144, 12)),
  work('customer-portal', 'who-may-see-an-invoice', 8 * DAY, 0.29),
  work('design-tokens', 'contrast-of-muted-text', 90, 0.42, changed(2, 18, 18)),
  work('design-tokens', 'tokens-for-dark-mode', 5 * HOUR, 1.9, changed(6, 301, 84)),
  work('design-tokens', 'base16-import', DAY, 2.61, changed(7, 420, 9)),
  work('design-tokens', 'generate-swift-and-kotlin', 2 * DAY, 4.05, changed(13, 980, 0)),
  work('design-tokens', 'spacing-scale', 9 * DAY, 0.31, changed(3, 40, 52)),
  work('infrastructure', 'terraform-modules-4-2', 18, 0),
  work('infrastructure', 'rotate-the-signing-keys', 40, 0),
  work('orbit', 'ground-tracks', 3 * HOUR, 1.22, changed(4, 210, 8)),
  work('orbit', 'eclipses', DAY, 2.8, changed(6, 340, 12)),
  work('orbit', 'tle-parser', 2 * DAY, 1.15, changed(3, 180, 0)),
  work('orbit', 'geostationary-or-not', 6 * DAY, 0.18),
  work('ledger', 'spike-columnar-storage', 12 * DAY, 14.2, { ...changed(31, 2400, 12), archived: true }),
  work('customer-portal', 'spike-server-components', 15 * DAY, 11.8, { ...changed(52, 1800, 640), archived: true }),
  work('atlas-tiles', 'spike-webgpu', 21 * DAY, 9.3, { ...changed(12, 1500, 3), archived: true }),
  work('design-tokens', 'old-palette', 30 * DAY, 0.9, { archived: true }),
  work('orbit', 'perturbations', 9 * DAY, 3.3, changed(8, 610, 44)),
  work('orbit', 'units-as-types', 11 * DAY, 1.7, changed(10, 330, 190)),
  work('ledger', 'changelog-from-commits', 10 * DAY, 0.5, changed(2, 90, 3)),
]

const READER = `import type { FileHandle } from 'node:fs/promises'

/** One line of a statement, counted from 1 and with its header, as an editor counts. */
export interface Line {
  readonly number: number
  readonly text: string
}

export async function* readStatement(file: FileHandle): AsyncGenerator<Line> {
  const text = await file.readFile('utf8')
  for (const [index, line] of text.split('\\n').entries()) {
    yield { number: index + 1, text: line }
  }
}
`

const FORMAT = 'src/statement/formats/international-bank-account-statement-with-structured-remittance-information.ts'

/** What the project \`ledger\` has beside its program. */
export const LEDGER_FILES: Record<string, string> = {
  'skein.json': `${JSON.stringify(
    {
      checks: {
        test: { run: 'node --test --test-reporter=spec' },
        types: 'node --check src/cli.js',
      },
    },
    null,
    2,
  )}\n`,
  'src/statement/read.ts': READER,
  [FORMAT]:
    "import { readStatement } from '../read.ts'\n\nexport const NAME = 'camt.053'\n\nexport const read = readStatement\n",
  'src/statement/order.ts':
    'export function byDate(a: { date: string }, b: { date: string }): number {\n  return a.date < b.date ? -1 : 1\n}\n',
  'CHANGELOG.md': '# Changes\n\n## Unreleased\n\n- Statements of eleven banks.\n',
}

/** What \`stream-large-statements\` made of it. */
export const CHANGED_FILES: Record<string, string> = {
  'src/statement/read.ts': READER.replace(
    / {2}const text = [\s\S]*\n {2}\}\n\}\n$/,
    `  let number = 0
  for await (const text of file.readLines({ encoding: 'utf8' })) {
    number += 1
    if (text === '') continue
    yield { number, text }
  }
}
`,
  ),
  [FORMAT]: `import { readStatement } from '../read.ts'

export const NAME = 'camt.053'

/** Bookings of one day keep the order in which the bank wrote them. */
export async function* read(file: FileHandle): AsyncGenerator<Booking> {
  for await (const line of readStatement(file)) {
    const booking = parseBooking(line)
    if (booking !== undefined) yield booking
  }
}
`,
  'src/statement/order.ts':
    'export function byDate(a: { date: string }, b: { date: string }): number {\n  return a.date.localeCompare(b.date)\n}\n',
  'src/statement/parse-booking.ts': `import type { Line } from './read.ts'

const DATE = /^\\d{4}-\\d{2}-\\d{2}$/

export interface Booking {
  readonly date: string
  readonly reference: string
  readonly minorUnits: number
}

/** @throws \`StatementError\` that names the line, counted as an editor counts. */
export function parseBooking({ number, text }: Line): Booking | undefined {
  const [date = '', reference = '', amount = ''] = text.split(';')
  if (date === 'date') return undefined
  if (!DATE.test(date)) throw new StatementError(number, 'a date as YYYY-MM-DD', date)
  return { date, reference, minorUnits: Math.round(Number(amount) * 100) }
}
`,
  'test/fixtures/statement-with-two-bookings-of-the-same-reference.csv':
    'date;reference;amount\n2026-11-02;RF18 5390 0754 7034;1204.50\n2026-11-03;RF18 5390 0754 7034;1204.50\n',
  'CHANGELOG.md':
    '# Changes\n\n## Unreleased\n\n- Statements of eleven banks.\n- Statements are read line by line: one of 200,000 lines takes 1.9 s instead of timing out.\n',
}
