import { readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Batch, junitOf, tableOf } from 'skein'

/** One prompt over all repositories of a folder. Usage: node migrate.ts FOLDER "PROMPT" */
const [folder = '.', prompt = 'Migrate this package to ES modules, and run its tests.'] = process.argv.slice(2)
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map(({ name }) => name)

const batch = new Batch(
  names.map((name) => ({ tag: name, prompt, repositories: resolve(folder, name) })),
  {
    // Killed in the middle, the next call goes on where this one was.
    record: join(folder, '.migration.jsonl'),
    resume: true,
    concurrency: 8,
    budget: 50,
    // Each repository gets a branch with the changes as a commit.
    keep: 'branch',
  },
)
process.once('SIGINT', () => batch.drain())
for await (const event of batch) {
  if (event.type === 'ended')
    console.log(`${event.outcome.status.padEnd(10)} ${event.outcome.tag} ${event.outcome.branch}`)
  if (event.type === 'retrying') console.log(`again      ${names[event.index]}: ${event.failure.message}`)
  if (event.type === 'parked') console.log(`waiting until ${new Date(event.until).toISOString()}: ${event.because}`)
}
const report = await batch.run()
writeFileSync(join(folder, 'migration.xml'), junitOf(report, 'migration'))
console.log(`\n${tableOf(report)}`)
process.exitCode = report.ok ? 0 : 1
