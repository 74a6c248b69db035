import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { openSqlite } from './open.ts'

const KILLS = 10

let home: string
let child: ChildProcess | undefined
afterEach(async () => {
  child?.kill('SIGKILL')
  await rm(home, { recursive: true, force: true })
})

/** A process that writes rows through both doors and says which were acknowledged. */
function writer(file: string, round: number): string {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  return `
    import { writeSync } from 'node:fs'
    import { openSqlite } from ${module('./open.ts')}
    import { GroupCommit } from ${module('./group-commit.ts')}
    import { migrate } from ${module('./migrate.ts')}
    const store = await openSqlite(${JSON.stringify(file)})
    await migrate(store.db, {
      '0001': { up: (db) => db.schema.createTable('t').addColumn('id', 'text', (c) => c.primaryKey()).addColumn('pair', 'integer').execute() },
    })
    const commits = new GroupCommit(store)
    const acknowledge = (id) => writeSync(1, id + '\\n')
    const journal = async (n) => {
      for (let i = 0; ; i++) {
        const id = '${round}:journal:' + n + ':' + i
        await commits.write((raw) => raw.prepare('insert into t values (?, 0), (?, 0)').run(id, id + '/2'))
        acknowledge(id)
      }
    }
    const query = async (n) => {
      for (let i = 0; ; i++) {
        const id = '${round}:query:' + n + ':' + i
        await store.db.transaction().execute(async (tx) => {
          await tx.insertInto('t').values({ id, pair: 1 }).execute()
          await tx.insertInto('t').values({ id: id + '/2', pair: 1 }).execute()
        })
        acknowledge(id)
      }
    }
    for (let n = 0; n < 8; n++) journal(n)
    for (let n = 0; n < 2; n++) query(n)`
}

test('nothing that was acknowledged is lost when the process is killed, and nothing is half there', async () => {
  home = await mkdtemp(join(tmpdir(), 'skein-kill-'))
  const file = join(home, 'store.db')
  const acknowledged: string[] = []
  for (let round = 0; round < KILLS; round++) {
    const process_ = spawn(process.execPath, ['--input-type=module', '-e', writer(file, round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = process_
    const enough = 1 + Math.floor(Math.random() * 150)
    let heard = 0
    for await (const line of createInterface({ input: process_.stdout })) {
      acknowledged.push(line)
      if (++heard === enough) process_.kill('SIGKILL')
    }
    if (process_.exitCode === null && process_.signalCode === null) await once(process_, 'exit')
    expect(process_.signalCode, 'the writer lived until it was killed').toBe('SIGKILL')
  }
  await using store = await openSqlite<{ t: { id: string } }>(file)
  const there = new Set((await store.db.selectFrom('t').select('id').execute()).map(({ id }) => id))
  expect(acknowledged.length).toBeGreaterThanOrEqual(KILLS)
  expect(acknowledged.filter((id) => !there.has(id))).toEqual([])
  const halves = [...there].filter((id) => !id.endsWith('/2') && !there.has(`${id}/2`))
  expect(halves).toEqual([])
  expect(store.raw.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
}, 180_000)
