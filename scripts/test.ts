import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canInstall, install, isInstalled, missing } from './requirements.ts'
import { addTallies, closingLine, type Tally, tallyOf } from './tally.ts'

/**
 * The whole test run: installs what the machine lacks where it may, then the checks, the bundles and the tests.
 * Arguments go to vitest and leave the checks out: `npm test -- engine`, `npm test -- --only engine -t 'a name'`.
 */

const root = join(import.meta.dirname, '..')

/** Kills at random moments for minutes. By itself, so that it is the kills and not the other tests that it is about. */
const ALONE = 'e2e/chaos/'

function main(args: string[]): number {
  provideRequirements()
  const filtered = args.length > 0
  const steps = filtered ? ['build:runner', 'build:web'] : ['lint', 'types', 'imports', 'build:runner', 'build:web']
  const checks = steps.map(runStep)
  const runs = filtered ? [args.filter((arg) => arg !== '--only')] : [['--exclude', `${ALONE}**`], [ALONE]]
  const tests = runs.map(runTests)
  const total = addTallies([...checks, ...tests.map(({ tally }) => tally)])
  const failedSteps = steps.filter((_, index) => checks[index]?.failed !== 0)
  if (failedSteps.length > 0) console.error(`\nFailed beside the tests: npm run ${failedSteps.join(', npm run ')}`)
  console.log(`\n${closingLine(total)}`)
  return total.failed > 0 ? 1 : Math.max(...tests.map(({ status }) => status))
}

function provideRequirements(): void {
  const packages = missing()
    .filter((requirement) => !isInstalled(requirement))
    .map(({ debian }) => debian)
  if (packages.length > 0 && canInstall()) {
    console.error(`Installing what the tests need: ${packages.join(' ')}`)
    try {
      install(packages)
    } catch (error) {
      console.error(`apt-get failed: ${error instanceof Error ? error.message : error}`)
    }
  }
  const still = missing()
  if (still.length === 0) return
  console.error('\nNOT TESTED in this run, for want of:')
  for (const { name, debian, for: what } of still) console.error(`  ${name} (Debian: ${debian}): ${what}`)
  console.error('')
  process.env.SKEIN_SKIP = still.map(({ name }) => name).join(',')
}

/** One check of the repository; it counts as one test. */
function runStep(script: string): Tally {
  const { status } = spawnSync('npm', ['run', '--silent', script], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 }
}

function runTests(args: string[]): { tally: Tally; status: number } {
  const folder = mkdtempSync(join(tmpdir(), 'skein-test-'))
  const report = join(folder, 'report.json')
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const { status } = spawnSync(
      process.execPath,
      [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args],
      {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        // Hundreds of processes run the same programs: each is compiled once.
        env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
      },
    )
    return { tally: tallyOf(readFileSync(report, 'utf8')), status: status ?? 1 }
  } catch (error) {
    console.error(`The tests ended without a report: ${error instanceof Error ? error.message : error}`)
    return { tally: { passed: 0, failed: 1, skipped: 0 }, status: 1 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = main(process.argv.slice(2))
