import { join } from 'node:path'
import { answersPing, claudeEnv, claudeExecutable, smallRepository, startModel, temporaryFolder } from '@skein/testkit'
import { type Benchmark, type Figure, median } from './figure.ts'
import { interleaved, timed } from './interleave.ts'
import { BenchSkein, execute } from './skein.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7)
const PROMPT = 'ping'

export const runOverhead: Benchmark = {
  name: 'run-overhead',
  about: '`skein run` against plain `claude -p`, the same prompt and the same scripted model',

  async measure(progress, signal) {
    await using folder = await temporaryFolder('bench-run', { grace: 30_000 })
    const repo = await smallRepository(join(folder.path, 'repo'))
    await using model = await startModel(answersPing)
    await using skein = new BenchSkein(folder.path, model)
    const run = () => timed(() => skein.run(['run', PROMPT, '--json'], repo))
    const env = claudeEnv(model, folder.path)

    progress('once each, so that nothing is done for the first time')
    await run()
    await execute(claudeExecutable(), ['-p', PROMPT], repo, env)

    progress(`${ROUNDS} rounds`)
    const times = await interleaved(
      ROUNDS,
      {
        cold: async () => {
          await skein.stop()
          return run()
        },
        warm: async () => {
          await skein.run(['ls', '--json'], repo)
          return run()
        },
        plain: () => timed(() => execute(claudeExecutable(), ['-p', PROMPT], repo, env)),
      },
      signal,
    )
    return figures(times)
  },
}

function figures(times: Record<'cold' | 'warm' | 'plain', number[]>): Figure[] {
  const base = { unit: 'ms', plain: median(times.plain), runs: ROUNDS } as const
  return [
    { what: 'skein run, server running', skein: median(times.warm), ...base, budget: { of: 'more', atMost: 250 } },
    {
      what: 'skein run, nothing running',
      skein: median(times.cold),
      ...base,
      note: 'starts the server and the runner as well, once',
    },
  ]
}
