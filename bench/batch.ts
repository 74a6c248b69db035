import { spawn } from 'node:child_process'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { answersPing, smallRepository, startModel, temporaryFolder } from '@skein/testkit'
import type { Benchmark, Figure } from './figure.ts'
import { BenchSkein } from './skein.ts'

const PROMPTS = Number(process.env.BENCH_PROMPTS ?? 200)
const REPOSITORIES = 20
const CONCURRENCY = 20
const AGENT_SECONDS = Number(process.env.BENCH_AGENT_SECONDS ?? 30)
const LAUNCHER = join(import.meta.dirname, '..', 'skein')

export const batch: Benchmark = {
  name: 'batch',
  about: `${PROMPTS} prompts of ${AGENT_SECONDS} s each over ${REPOSITORIES} repositories, ${CONCURRENCY} at once`,

  async measure(progress, signal) {
    await using folder = await temporaryFolder('bench-batch', { grace: 60_000 })
    const names = Array.from({ length: REPOSITORIES }, (_, n) => `r${n}`)
    for (const name of names) await smallRepository(join(folder.path, name))
    const rows = Array.from({ length: PROMPTS }, (_, n) => `${names[n % REPOSITORIES]},write file-${n}.txt`)
    await writeFile(join(folder.path, 'batch.csv'), `repo,prompt\n${rows.join('\n')}\n`)
    const bin = join(folder.path, 'bin')
    await mkdir(bin)
    await copyFile(join(import.meta.dirname, 'cheap-agent.pl'), join(bin, 'claude'))
    await using model = await startModel(answersPing)
    await using skein = new BenchSkein(folder.path, model)
    skein.env.PATH = `${bin}:${skein.env.PATH}`
    await skein.run(['ls'], folder.path)

    progress('the batch')
    const { milliseconds, memory } = await timedBatch(skein, folder.path, signal)
    const server = await serverPid(skein)
    const ideal = Math.ceil(PROMPTS / CONCURRENCY) * AGENT_SECONDS * 1000
    return figures(milliseconds, ideal, memory, server === undefined ? undefined : await residentMegabytes(server))
  },
}

function figures(milliseconds: number, ideal: number, memory: readonly number[], server: number | undefined): Figure[] {
  const early = memory[Math.floor(memory.length / 4)] ?? 0
  return [
    {
      what: 'makespan',
      unit: 'ms',
      skein: milliseconds,
      plain: ideal,
      runs: 1,
      budget: { of: 'ratio', atMost: 1.15 },
      note: 'plain: the agents’ own time, so many at once',
    },
    {
      what: 'memory of the command, at its end',
      unit: 'MB',
      skein: memory.at(-1) ?? 0,
      plain: early,
      runs: 1,
      budget: { of: 'ratio', atMost: 1.25 },
      note: 'plain: after a quarter of the batch',
    },
    ...(server === undefined
      ? []
      : [{ what: 'memory of the server, after it', unit: 'MB', skein: server, runs: 1 } as const]),
  ]
}

/** Runs the batch, and looks at its memory twice a second. */
async function timedBatch(skein: BenchSkein, folder: string, signal: AbortSignal) {
  const started = performance.now()
  const seconds = ['--env', `CHEAP_AGENT_SECONDS=${AGENT_SECONDS}`]
  const args = ['batch', 'batch.csv', '--concurrency', String(CONCURRENCY), '--json', ...seconds]
  const child = spawn(LAUNCHER, args, { cwd: folder, env: skein.env, stdio: ['ignore', 'ignore', 'inherit'], signal })
  const memory: number[] = []
  const looking = setInterval(() => {
    residentMegabytes(child.pid ?? 0).then(
      (now) => memory.push(now),
      () => undefined,
    )
  }, 500)
  const code = await new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  clearInterval(looking)
  if (code !== 0) throw new Error(`the batch ended with ${code}`)
  return { milliseconds: performance.now() - started, memory }
}

async function serverPid(skein: BenchSkein): Promise<number | undefined> {
  const record = await readFile(join(skein.home, 'server.json'), 'utf8').catch(() => undefined)
  return record === undefined ? undefined : (JSON.parse(record) as { pid: number }).pid
}

async function residentMegabytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}
