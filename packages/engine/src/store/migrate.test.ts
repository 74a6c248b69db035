import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { migrate } from './migrate.ts'
import { openSqlite, type Sqlite } from './open.ts'

let store: Sqlite<{ a: { id: number } }>
beforeEach(async () => {
  store = await openSqlite(':memory:')
})
afterEach(() => store.close())

const table = (name: string): Migration => ({
  up: (db) => db.schema.createTable(name).addColumn('id', 'integer').execute(),
})
const tables = async () => (await store.db.introspection.getTables()).map(({ name }) => name).sort()

test('migrations are applied once each, by name', async () => {
  expect(await migrate(store.db, { '0002_b': table('b'), '0001_a': table('a') })).toEqual(['0001_a', '0002_b'])
  expect(await migrate(store.db, { '0001_a': table('a'), '0002_b': table('b') })).toEqual([])
  expect(await migrate(store.db, { '0001_a': table('a'), '0002_b': table('b'), '0003_c': table('c') })).toEqual([
    '0003_c',
  ])
  expect(await tables()).toEqual(['a', 'b', 'c'])
})

test('a store of a newer version is refused, by the names that are unknown', async () => {
  await migrate(store.db, { '0001_a': table('a'), '0009_future': table('future') })
  const older = migrate(store.db, { '0001_a': table('a') })
  await expect(older).rejects.toMatchObject({ code: 'conflict', details: { unknown: ['0009_future'] } })
  await expect(older).rejects.toThrow(/newer version.*0009_future/)
  expect(await tables()).toEqual(['a', 'future'])
})

test('a migration that fails leaves nothing of itself, nor of those before it', async () => {
  const broken: Migration = {
    async up(db) {
      await db.schema.createTable('half').addColumn('id', 'integer').execute()
      await sql`insert into nowhere values (1)`.execute(db)
    },
  }
  await expect(migrate(store.db, { '0001_a': table('a'), '0002_broken': broken })).rejects.toThrow('0002_broken')
  expect(await tables()).toEqual([])
  expect(await migrate(store.db, { '0001_a': table('a') })).toEqual(['0001_a'])
})
