import { type Generated, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqlite, type Sqlite } from './open.ts'

interface Tables {
  t: { id: Generated<number>; value: unknown }
}

let store: Sqlite<Tables>
beforeEach(async () => {
  store = await openSqlite(':memory:')
  store.raw.exec('create table t (id integer primary key, value)')
})
afterEach(() => store.close())

const values = async () =>
  (await store.db.selectFrom('t').select('value').orderBy('id').execute()).map((row) => row.value)

describe('values', () => {
  test.each([
    ['an integer', 1_700_000_000_000, 1_700_000_000_000],
    ['a fraction', 0.125, 0.125],
    ['text of any script', 'é日🐦\u001b', 'é日🐦\u001b'],
    ['true', true, 1],
    ['false', false, 0],
    ['null', null, null],
    ['a blob', new Uint8Array([0, 255, 7]), new Uint8Array([0, 255, 7])],
    ['an object, as JSON', { a: [1, null] }, '{"a":[1,null]}'],
    ['an array, as JSON', ['x'], '["x"]'],
    ['a large integer', 2n ** 53n - 1n, Number.MAX_SAFE_INTEGER],
  ])('%s', async (_, written, read) => {
    await store.db.insertInto('t').values({ value: written }).execute()
    expect(await values()).toEqual([read])
  })

  test('text with a NUL is refused, since it would come back cut off; within JSON it is kept', async () => {
    await expect(store.db.insertInto('t').values({ value: 'a\0b' }).execute()).rejects.toMatchObject({
      code: 'invalid',
    })
    await store.db
      .insertInto('t')
      .values({ value: { text: 'a\0b' } })
      .execute()
    expect(JSON.parse(String((await values())[0]))).toEqual({ text: 'a\0b' })
  })

  test('a Date is refused, since times are Unix milliseconds', async () => {
    await expect(store.db.insertInto('t').values({ value: new Date() }).execute()).rejects.toThrow('Unix milliseconds')
  })
})

describe('results', () => {
  test('tell the id of an insert and the rows that were touched', async () => {
    const { insertId } = await store.db.insertInto('t').values({ value: 1 }).executeTakeFirstOrThrow()
    expect(insertId).toBe(1n)
    await store.db
      .insertInto('t')
      .values([{ value: 2 }, { value: 3 }])
      .execute()
    const { numUpdatedRows } = await store.db.updateTable('t').set({ value: 0 }).where('id', '>', 1).executeTakeFirst()
    expect(numUpdatedRows).toBe(2n)
    const { numDeletedRows } = await store.db.deleteFrom('t').executeTakeFirst()
    expect(numDeletedRows).toBe(3n)
  })

  test('come from `returning` as well', async () => {
    expect(await store.db.insertInto('t').values({ value: 'x' }).returningAll().execute()).toEqual([
      { id: 1, value: 'x' },
    ])
  })

  test('follow a change of the schema', async () => {
    const all = () => sql`select * from t`.execute(store.db)
    await store.db.insertInto('t').values({ value: 'x' }).execute()
    expect((await all()).rows).toEqual([{ id: 1, value: 'x' }])
    await sql`alter table t add column more text default 'y'`.execute(store.db)
    expect((await all()).rows).toEqual([{ id: 1, value: 'x', more: 'y' }])
  })

  test('stream in order, while the same query runs in between', async () => {
    for (let value = 0; value < 250; value++) await store.db.insertInto('t').values({ value }).execute()
    const streamed: unknown[] = []
    for await (const row of store.db.selectFrom('t').select('value').orderBy('id').stream(100)) {
      if (streamed.length === 50) store.raw.prepare('select "value" from "t" order by "id"').all()
      streamed.push(row.value)
    }
    expect(streamed).toEqual(Array.from({ length: 250 }, (_, value) => value))
    expect(await values()).toHaveLength(250)
  })

  test('of a broken constraint are an error of SQLite, not a refusal of the disk', async () => {
    await store.db
      .insertInto('t')
      .values({ id: 1 as never, value: 1 })
      .execute()
    const again = store.db
      .insertInto('t')
      .values({ id: 1 as never, value: 1 })
      .execute()
    await expect(again).rejects.toMatchObject({ errcode: 1555 })
  })
})

describe('transactions', () => {
  test('never interleave, however they wait', async () => {
    const order: string[] = []
    const transaction = (name: string) =>
      store.db.transaction().execute(async (tx) => {
        order.push(`${name} begins`)
        await tx.insertInto('t').values({ value: name }).execute()
        await new Promise((resolve) => setImmediate(resolve))
        await tx.insertInto('t').values({ value: name }).execute()
        order.push(`${name} ends`)
      })
    await Promise.all([transaction('a'), transaction('b'), transaction('c')])
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    expect(await values()).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
  })

  test('keep a query of others out until they end', async () => {
    let others: Promise<unknown[]> | undefined
    const failed = store.db.transaction().execute(async (tx) => {
      await tx.insertInto('t').values({ value: 'undone' }).execute()
      others = values()
      await new Promise((resolve) => setImmediate(resolve))
      throw new Error('changed my mind')
    })
    await expect(failed).rejects.toThrow('changed my mind')
    expect(await others).toEqual([])
  })

  test('can go back to a savepoint', async () => {
    const tx = await store.db.startTransaction().execute()
    await tx.insertInto('t').values({ value: 'kept' }).execute()
    const inner = await tx.savepoint('here').execute()
    await inner.insertInto('t').values({ value: 'undone' }).execute()
    await (await inner.rollbackToSavepoint('here').execute()).releaseSavepoint('here').execute()
    await tx.commit().execute()
    expect(await values()).toEqual(['kept'])
  })

  test('on a full disk reject with disk_full and leave the connection usable', async () => {
    store.raw.exec('pragma max_page_count = 20')
    const filling = store.db.transaction().execute(async (tx) => {
      for (let n = 0; n < 100; n++)
        await tx
          .insertInto('t')
          .values({ value: 'x'.repeat(4000) })
          .execute()
    })
    await expect(filling).rejects.toMatchObject({ code: 'disk_full' })
    expect(await values()).toEqual([])
    store.raw.exec('pragma max_page_count = 1000')
    await store.db.insertInto('t').values({ value: 'again' }).execute()
    expect(await values()).toEqual(['again'])
  })
})
