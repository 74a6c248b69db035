/** One measured figure, beside the plain alternative of the same run and the budget that it shall keep. */
export interface Figure {
  readonly what: string
  readonly unit: 'ms' | 'MB' | '%' | 'lines/s' | 'processes'
  /** The median of `runs` runs. */
  readonly skein: number
  readonly plain?: number
  readonly runs: number
  readonly budget?: Budget
  /** Whatever a reader must know to judge the figure. */
  readonly note?: string
}

export interface Budget {
  /** `ratio`: of Skein to plain; `more`: Skein less plain; `value`: Skein alone. */
  readonly of: 'ratio' | 'more' | 'value'
  readonly atMost: number
}

export interface Benchmark {
  readonly name: string
  readonly about: string
  measure(progress: (message: string) => void, signal: AbortSignal): Promise<Figure[]>
}

/** What a budget is held against. */
export function judged({ skein, plain, budget }: Figure): number | undefined {
  if (budget === undefined) return undefined
  if (budget.of === 'value') return skein
  if (plain === undefined) return undefined
  return budget.of === 'ratio' ? skein / plain : skein - plain
}

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** The smallest value that at least `percent` of all values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
}

/** A table of figures for a terminal. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { what, skein, plain, unit, budget } = figure
    const value = judged(figure)
    const ratio = plain === undefined ? '' : `${shown(skein / plain)} ×`
    const met = value === undefined || budget === undefined ? '' : value <= budget.atMost ? 'met' : 'MISSED'
    return [
      what,
      `${shown(skein)} ${unit}`,
      plain === undefined ? '' : `${shown(plain)} ${unit}`,
      ratio,
      limit(figure),
      met,
    ]
  })
  const all = [['', 'Skein', 'plain', 'ratio', 'budget', ''], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = all.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  const notes = figures.flatMap(({ what, note }) => (note === undefined ? [] : [`  ${what}: ${note}`]))
  return [...lines, ...(notes.length === 0 ? [] : ['', ...notes])].map((line) => line.trimEnd()).join('\n')
}

function limit({ budget, unit }: Figure): string {
  if (budget === undefined) return ''
  if (budget.of === 'ratio') return `≤ ${budget.atMost} ×`
  return budget.of === 'more' ? `≤ ${budget.atMost} ${unit} more` : `≤ ${budget.atMost} ${unit}`
}

function shown(value: number): string {
  if (Number.isInteger(value)) return String(value)
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
  return value.toFixed(digits)
}
