import * as z from 'zod'

/** How many passed, failed and were left out. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const VitestReport = z.object({
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
})

/** Counts vitest's JSON report. A file that failed without a failing test (it could not be loaded) counts as one failure. */
export function tallyOf(report: string): Tally {
  const { testResults } = VitestReport.parse(JSON.parse(report))
  return addTallies(
    testResults.map(({ status, assertionResults }) => {
      const count = (wanted: readonly string[]) =>
        assertionResults.filter((test) => wanted.includes(test.status)).length
      const failed = count(['failed'])
      return {
        passed: count(['passed']),
        failed: failed === 0 && status === 'failed' ? 1 : failed,
        skipped: count(['skipped', 'pending', 'todo', 'disabled']),
      }
    }),
  )
}

export function addTallies(tallies: readonly Tally[]): Tally {
  const sum = (of: keyof Tally) => tallies.reduce((total, tally) => total + tally[of], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
