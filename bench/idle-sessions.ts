import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { answersPing, processesUnder, smallRepository, startModel, temporaryFolder } from '@skein/testkit'
import type { Benchmark } from './figure.ts'
import { BenchSkein } from './skein.ts'

const SESSIONS = 100
const EVENTS_EACH = Number(process.env.BENCH_EVENTS ?? 10_000)
const SETTLE_MS = 5_000

export const idleSessions: Benchmark = {
  name: 'idle-sessions',
  about: `memory of the server with ${SESSIONS} idle sessions of ${EVENTS_EACH.toLocaleString('en')} events each`,

  async measure(progress) {
    await using folder = await temporaryFolder('bench-idle', { grace: 30_000 })
    const repo = await smallRepository(join(folder.path, 'repo'))
    await using model = await startModel(answersPing)
    await using skein = new BenchSkein(folder.path, model)

    progress('one real session')
    await skein.run(['run', 'ping', '--keep', '--json'], repo)
    await skein.stop()
    progress(`${SESSIONS} like it, with ${EVENTS_EACH.toLocaleString('en')} events each`)
    multiply(join(skein.home, 'store.db'))

    await skein.run(['ls', '--json'], repo)
    const server = await serverPid(skein)
    const listed = await residentMegabytes(server)
    const [first = ''] = sessionNames()
    await skein.run(['logs', first, '--json'], repo)
    await sleep(SETTLE_MS)
    const agents = (await processesUnder(skein.home)).filter(({ command }) =>
      /claude/.test(command.split(' ')[0] ?? ''),
    )
    const budget = { of: 'value', atMost: 150 } as const
    return [
      { what: 'server, all listed', unit: 'MB', skein: listed, runs: 1, budget },
      {
        what: 'server, after one whole transcript',
        unit: 'MB',
        skein: await residentMegabytes(server),
        runs: 1,
        budget,
      },
      { what: 'agent processes', unit: 'processes', skein: agents.length, runs: 1, budget: { of: 'value', atMost: 0 } },
    ]
  },
}

async function serverPid(skein: BenchSkein): Promise<number> {
  return (JSON.parse(await readFile(join(skein.home, 'server.json'), 'utf8')) as { pid: number }).pid
}

async function residentMegabytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

function sessionNames(): string[] {
  return Array.from({ length: SESSIONS }, (_, n) => `copy-${n}`)
}

/** Makes the store's one workspace, with its session and events, into many, and each session's events into many more. */
function multiply(file: string): void {
  using store = new DatabaseSync(file)
  const one = (table: string) => store.prepare(`select * from ${table}`).get() as Record<string, string | number | null>
  const workspace = one('workspaces')
  const session = one('sessions')
  const steps = store.prepare('select * from steps').all() as Record<string, string | number | null>[]
  const events = store.prepare('select * from events order by seq').all() as { seq: number; envelope: string }[]
  store.exec('pragma synchronous = off')
  for (const [n, name] of sessionNames().entries()) {
    store.exec('begin')
    const workspaceId = `${workspace.id}-${n}`
    const sessionId = `${session.id}-${n}`
    insert(store, 'workspaces', { ...workspace, id: workspaceId, name, branch: `skein/${name}`, port: 20_000 + 10 * n })
    for (const step of steps) insert(store, 'steps', { ...step, workspace_id: workspaceId })
    // Sealed secrets belong to the one session that they were given to.
    const copy = { ...session, secrets_sealed: null, seq: EVENTS_EACH }
    insert(store, 'sessions', { ...copy, id: sessionId, workspace_id: workspaceId })
    const add = store.prepare(insertion('events', Object.keys(events[0] ?? {})))
    for (let seq = 1; seq <= EVENTS_EACH; seq++) {
      const event = events[(seq - 1) % events.length]
      if (event === undefined) throw new Error('the real session has no events')
      const envelope = JSON.stringify({ ...JSON.parse(event.envelope), sessionId, seq })
      add.run(...Object.values({ ...event, session_id: sessionId, seq, offset: seq, envelope }))
    }
    store.exec('commit')
  }
}

function insert(store: DatabaseSync, table: string, row: Record<string, string | number | null>): void {
  store.prepare(insertion(table, Object.keys(row))).run(...Object.values(row))
}

function insertion(table: string, columns: readonly string[]): string {
  const names = columns.map((column) => `"${column}"`).join(', ')
  return `insert into ${table} (${names}) values (${columns.map(() => '?').join(', ')})`
}
