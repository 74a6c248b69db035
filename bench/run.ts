import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { batch } from './batch.ts'
import { type Benchmark, type Figure, judged, table } from './figure.ts'
import { idleSessions } from './idle-sessions.ts'
import { journal } from './journal.ts'
import { machineFacts } from './machine.ts'
import { runOverhead } from './run-overhead.ts'
import { ssh } from './ssh.ts'
import { web } from './web.ts'
import { workspace } from './workspace.ts'

/**
 * `npm run bench -- [NAME…] [--save]`: measures, and prints each figure beside the plain alternative and its budget. No figure
 * makes it fail. `--save` writes `bench/results.json`.
 */
const benchmarks: readonly Benchmark[] = [workspace, runOverhead, journal, idleSessions, web, ssh, batch]

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { save: { type: 'boolean' } } })
  const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name))
  if (unknown.length > 0) {
    const known = benchmarks.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')
    throw new Error(`no benchmark is named ${unknown.join(', ')}; there are:\n${known}`)
  }
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('interrupted')))
  const machine = await machineFacts()
  for (const [what, fact] of Object.entries(machine)) console.log(`${what.padEnd(12)} ${fact}`)

  const results: Record<string, Figure[]> = {}
  for (const benchmark of benchmarks) {
    if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue
    console.log(`\n${benchmark.name}: ${benchmark.about}`)
    const figures = await benchmark.measure((message) => console.error(`  … ${message}`), stop.signal)
    console.log(table(figures))
    results[benchmark.name] = figures
  }
  if (!values.save) return
  const file = join(import.meta.dirname, 'results.json')
  const judgedResults = Object.fromEntries(
    Object.entries(results).map(([name, figures]) => [
      name,
      figures.map((figure) => ({ ...figure, judged: judged(figure) })),
    ]),
  )
  await writeFile(
    file,
    `${JSON.stringify({ at: new Date().toISOString(), machine, results: judgedResults }, null, 2)}\n`,
  )
  console.log(`\nSaved in ${file}`)
}

await main(process.argv.slice(2))
