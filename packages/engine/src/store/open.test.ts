import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SkeinError } from '@skein/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqlite } from './open.ts'

const run = promisify(execFile)
const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8)

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'skein-store-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

async function refusal(file: string): Promise<SkeinError> {
  const error = await openSqlite(file).then(
    async (store) => {
      await store.close()
      return undefined
    },
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(SkeinError)
  return error as SkeinError
}

/** A closed store with some rows, as bytes. */
async function storeBytes(file: string): Promise<Buffer> {
  const store = await openSqlite(file)
  store.raw.exec('create table t (id integer primary key, text text)')
  for (let id = 0; id < 500; id++) store.raw.prepare('insert into t values (?, ?)').run(id, 'x'.repeat(100))
  await store.close()
  return readFile(file)
}

describe('a new store', () => {
  test('is made with its folder, for its owner alone, its -wal and -shm too', async () => {
    const file = join(home, 'state', 'store.db')
    const store = await openSqlite(file)
    store.raw.exec('create table t (id integer primary key)')
    expect(await modeOf(join(home, 'state'))).toBe('700')
    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect(await modeOf(name), name).toBe('600')
    await store.close()
  })

  test('syncs each commit, checks foreign keys and waits for a lock', async () => {
    const store = await openSqlite(join(home, 'store.db'))
    const value = (name: string) => Object.values(store.raw.prepare(`pragma ${name}`).get() ?? {})[0]
    expect(value('journal_mode')).toBe('wal')
    expect(value('synchronous')).toBe(2)
    expect(value('foreign_keys')).toBe(1)
    expect(value('busy_timeout')).toBe(5000)
    await store.close()
  })

  test('in memory leaves no file', async () => {
    await using store = await openSqlite<{ t: { id: number } }>(':memory:')
    store.raw.exec('create table t (id integer primary key)')
    await store.db.insertInto('t').values({ id: 1 }).execute()
    expect(await store.db.selectFrom('t').selectAll().execute()).toEqual([{ id: 1 }])
  })

  test('prints no warning of SQLite being experimental', async () => {
    const script = `
      import { openSqlite } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)}
      const store = await openSqlite(${JSON.stringify(join(home, 'store.db'))})
      await store.close()
      process.emitWarning('still heard')`
    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', script])
    expect(stderr).toContain('still heard')
    expect(stderr).not.toContain('SQLite')
  })
})

describe('an existing store', () => {
  test('has what was written, and loses the modes of a careless copy', async () => {
    const file = join(home, 'store.db')
    await writeFile(file, await storeBytes(file), { mode: 0o644 })
    await run('chmod', ['644', file])
    const store = await openSqlite<{ t: { id: number } }>(file)
    expect(await store.db.selectFrom('t').selectAll().execute()).toHaveLength(500)
    expect(await modeOf(file)).toBe('600')
    await store.close()
  })

  test('is closed once, however often it is asked', async () => {
    const store = await openSqlite(join(home, 'store.db'))
    await Promise.all([store.close(), store.close()])
    await store.close()
    expect(store.raw.isOpen).toBe(false)
  })
})

describe('what cannot be a store is refused and left as it is', () => {
  test('a file of another kind', async () => {
    const file = join(home, 'store.db')
    await writeFile(file, 'dear diary, '.repeat(20))
    const error = await refusal(file)
    expect(error.code).toBe('conflict')
    expect(error.message).toContain(file)
    expect(error.message).toContain('not a Skein store')
    expect(await readFile(file, 'utf8')).toBe('dear diary, '.repeat(20))
  })

  test('a store that is cut off', async () => {
    const file = join(home, 'store.db')
    const whole = await storeBytes(file)
    await truncate(file, whole.length - 10_000)
    const error = await refusal(file)
    expect(error.message).toContain('cut off')
    expect(error.next).toContain('backup')
    expect(await readFile(file)).toEqual(whole.subarray(0, -10_000))
  })

  test('a store whose first page is damaged', async () => {
    const file = join(home, 'store.db')
    const damaged = await storeBytes(file)
    damaged.fill(0xa5, 100, 4096)
    await writeFile(file, damaged)
    const error = await refusal(file)
    expect(error.code).toBe('conflict')
    expect(error.message).toContain('damaged')
    expect(await readFile(file)).toEqual(damaged)
  })

  test('a -wal whose store is gone', async () => {
    const file = join(home, 'store.db')
    await writeFile(`${file}-wal`, 'pages of work')
    expect((await refusal(file)).message).toContain('-wal is still there')
    expect(await readFile(`${file}-wal`, 'utf8')).toBe('pages of work')
  })

  test('a folder that cannot be made', async () => {
    await writeFile(join(home, 'file'), '')
    const error = await refusal(join(home, 'file', 'store.db'))
    expect(error.message).toContain(`Opening the store ${join(home, 'file', 'store.db')}`)
    expect((await refusal(join(home, 'file', 'deeper', 'store.db'))).code).toBe('unavailable')
    expect((await refusal('/proc/none/store.db')).next).toContain('SKEIN_HOME')
  })
})

// A mount of our own, gone with the process; where the kernel does not allow one, there is no such disk to try.
const mounts = spawnSync('unshare', ['-rm', 'true']).status === 0

describe.skipIf(!mounts)('on a real disk that refuses', () => {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  const inMount = async (options: string, before: string, script: string) => {
    const disk = join(home, 'disk')
    await mkdir(disk)
    const shell = `mount -t tmpfs -o size=2m tmpfs "$0" && ${before} && ${options} && exec "$1" --input-type=module -e "$2" "$0"`
    const { stdout } = await run('unshare', ['-rm', 'sh', '-c', shell, disk, process.execPath, script])
    return JSON.parse(stdout) as Record<string, unknown>
  }

  test('a read-only home is told with what to do', async () => {
    const script = `
      import { openSqlite } from ${module('./open.ts')}
      const error = await openSqlite(process.argv[1] + '/store.db').catch((error) => error)
      console.log(JSON.stringify({ code: error.code, message: error.message, next: error.next }))`
    const told = await inMount('mount -o remount,ro "$0"', 'true', script)
    expect(told.code).toBe('unavailable')
    expect(told.message).toContain('read-only')
    expect(told.next).toContain('SKEIN_HOME')
  })

  test('a full disk rejects what it cannot keep and keeps what it acknowledged', async () => {
    const script = `
      import { readdirSync, rmSync, writeFileSync } from 'node:fs'
      import { openSqlite } from ${module('./open.ts')}
      import { GroupCommit } from ${module('./group-commit.ts')}
      const file = process.argv[1] + '/store.db'
      writeFileSync(process.argv[1] + '/ballast', Buffer.alloc(400_000))
      let store = await openSqlite(file)
      store.raw.exec('create table t (id integer primary key, half text, data blob)')
      const commits = new GroupCommit(store)
      const acknowledged = []
      const rejected = []
      let id = 0
      while (rejected.length === 0) {
        const batch = Array.from({ length: 5 }, () => {
          const mine = id++
          return commits.write((raw) => {
            raw.prepare('insert into t (id, half) values (?, ?)').run(mine, 'first')
            raw.prepare('update t set half = ?, data = ? where id = ?').run('second', Buffer.alloc(20_000), mine)
          }).then(() => acknowledged.push(mine), (error) => rejected.push({ id: mine, code: error.code }))
        })
        await Promise.all(batch)
      }
      rmSync(process.argv[1] + '/ballast')
      await commits.write((raw) => raw.prepare('insert into t (id, half) values (?, ?)').run(id, 'second'))
      acknowledged.push(id)
      await commits[Symbol.asyncDispose]()
      await store.close()
      store = await openSqlite(file)
      const rows = store.raw.prepare('select id, half from t order by id').all()
      await store.close()
      console.log(JSON.stringify({ acknowledged, rejected, kept: rows.map((row) => row.id), halves: rows.filter((row) => row.half !== 'second').length }))`
    const told = await inMount('true', 'true', script)
    expect(told.rejected).toHaveLength(5)
    for (const { code } of told.rejected as { code: string }[]) expect(code).toBe('disk_full')
    expect((told.acknowledged as number[]).length).toBeGreaterThan(5)
    expect(told.kept).toEqual(told.acknowledged)
    expect(told.halves).toBe(0)
  })
})
