import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { Batch, tableOf } from 'skein'

/** Chores for a repository, once a week. Usage, from cron: 0 6 * * 1 node weekly.ts /path/to/repository */
const CHORES = {
  dependencies:
    'Update dependencies within their major versions, run the tests, and undo each update that breaks them.',
  lint: 'Fix what the linter reports. Change nothing else.',
  documentation: 'Find statements in the documentation that are not true of the code any more, and correct them.',
}

const repository = resolve(process.argv[2] ?? '.')
const folder = join(process.env.SKEIN_HOME ?? join(homedir(), '.skein'), 'weekly')
mkdirSync(folder, { recursive: true, mode: 0o700 })
const week = Math.floor(Date.now() / (7 * 86_400_000))

const batch = new Batch(
  Object.entries(CHORES).map(([tag, prompt]) => ({ tag, prompt, repositories: repository, timeout: 30 * 60_000 })),
  {
    // Called twice in a week, it goes on with what the first call did not get to.
    record: join(folder, `${basename(repository)}-${week}.jsonl`),
    resume: true,
    concurrency: 1,
    budget: 10,
    keep: 'branch',
  },
)
const report = await batch.run()
console.log(tableOf(report))
for (const { tag, branch, files } of report.outcomes)
  if (files.length > 0) console.log(`${tag}: ${files.length} files on ${branch}`)
process.exitCode = report.ok ? 0 : 1
