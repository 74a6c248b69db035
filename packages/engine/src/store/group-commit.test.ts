import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { GroupCommit } from './group-commit.ts'
import { openSqlite, type Sqlite } from './open.ts'

interface Tables {
  t: { value: string }
}

let store: Sqlite<Tables>
beforeEach(async () => {
  store = await openSqlite(':memory:')
  store.raw.exec('create table t (value text unique)')
})
afterEach(() => store.close())

const insert = (value: string) => (raw: Sqlite<Tables>['raw']) => {
  raw.prepare('insert into t values (?)').run(value)
}
const values = () =>
  store.raw
    .prepare('select value from t order by rowid')
    .all()
    .map((row) => row.value)
const commitsOf = (exec: { mock: { calls: unknown[][] } }) => exec.mock.calls.filter(([sql]) => sql === 'commit').length

describe('writes', () => {
  test('of many callers share one commit, in the order of the calls', async () => {
    await using commits = new GroupCommit(store)
    const exec = vi.spyOn(store.raw, 'exec')
    const names = Array.from({ length: 200 }, (_, n) => `w${n}`)
    await Promise.all(names.map((name) => commits.write(insert(name))))
    expect(values()).toEqual(names)
    expect(commitsOf(exec)).toBe(1)
  })

  test('are split where more wait than one commit takes', async () => {
    await using commits = new GroupCommit(store, { maxWrites: 50, delayMs: 60_000 })
    const exec = vi.spyOn(store.raw, 'exec')
    await Promise.all(Array.from({ length: 150 }, (_, n) => commits.write(insert(`w${n}`))))
    expect(commitsOf(exec)).toBe(3)
  })

  test('answer what they returned', async () => {
    await using commits = new GroupCommit(store)
    const id = await commits.write((raw) => raw.prepare('insert into t values (?)').run('x').lastInsertRowid)
    expect(id).toBe(1)
  })

  test('resolve only after the commit', async () => {
    await using commits = new GroupCommit(store)
    const open = await commits.write(insert('x')).then(() => store.raw.isTransaction)
    expect(open).toBe(false)
    expect(values()).toEqual(['x'])
  })
})

describe('a write that fails', () => {
  test('rejects its caller alone and undoes itself alone', async () => {
    await using commits = new GroupCommit(store)
    const outcomes = await Promise.allSettled([
      commits.write(insert('a')),
      commits.write((raw) => {
        insert('half')(raw)
        throw new Error('no')
      }),
      commits.write(insert('a')),
      commits.write(insert('b')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { message: 'no' } })
    expect(outcomes[2]).toMatchObject({ reason: { errcode: 2067 } })
    expect(values()).toEqual(['a', 'b'])
  })

  test('for want of space rejects all of its commit, of which nothing stays', async () => {
    await using commits = new GroupCommit(store)
    await commits.write(insert('before'))
    store.raw.exec('pragma max_page_count = 10')
    const outcomes = await Promise.allSettled([
      commits.write(insert('small')),
      ...Array.from({ length: 20 }, (_, n) => commits.write(insert(`${n}${'x'.repeat(4000)}`))),
    ])
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'disk_full' } })
    expect(values()).toEqual(['before'])
    store.raw.exec('pragma max_page_count = 1000')
    await commits.write(insert('after'))
    expect(values()).toEqual(['before', 'after'])
  })
})

describe('beside Kysely', () => {
  test('a write waits for the transaction that is open and is not undone with it', async () => {
    await using commits = new GroupCommit(store, { delayMs: 0 })
    let write: Promise<void> | undefined
    const failed = store.db.transaction().execute(async (tx) => {
      await tx.insertInto('t').values({ value: 'undone' }).execute()
      write = commits.write(insert('journal'))
      await new Promise((resolve) => setTimeout(resolve, 30))
      expect(values()).toEqual(['undone'])
      throw new Error('rolled back')
    })
    await expect(failed).rejects.toThrow('rolled back')
    await write
    expect(values()).toEqual(['journal'])
  })

  test('queries, transactions and writes at once all take effect', async () => {
    await using commits = new GroupCommit(store, { delayMs: 0 })
    const work: Promise<unknown>[] = []
    for (let n = 0; n < 100; n++) {
      work.push(commits.write(insert(`w${n}`)))
      work.push(
        store.db
          .insertInto('t')
          .values({ value: `q${n}` })
          .execute(),
      )
      work.push(
        store.db.transaction().execute(async (tx) => {
          await tx
            .insertInto('t')
            .values({ value: `t${n}` })
            .execute()
        }),
      )
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(work)
    expect(values()).toHaveLength(300)
  })
})

describe('at the end', () => {
  test('flush commits what waits without the delay', async () => {
    await using commits = new GroupCommit(store, { delayMs: 60_000 })
    await commits.write(insert('first'))
    const second = commits.write(insert('second'))
    await commits.flush()
    expect(values()).toEqual(['first', 'second'])
    await second
  })

  test('flush resolves though a write fails', async () => {
    await using commits = new GroupCommit(store)
    const failing = expect(commits.write(() => JSON.parse('{'))).rejects.toThrow(SyntaxError)
    await commits.flush()
    await failing
  })

  test('disposal commits what waits and takes no more', async () => {
    const commits = new GroupCommit(store, { delayMs: 60_000 })
    await commits.write(insert('first'))
    const last = commits.write(insert('last'))
    await commits[Symbol.asyncDispose]()
    await last
    expect(values()).toEqual(['first', 'last'])
    await expect(commits.write(insert('late'))).rejects.toMatchObject({ code: 'cancelled' })
  })
})
