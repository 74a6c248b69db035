import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@skein/testkit'
import { expect, it } from 'vitest'
import { serverPaths } from './home.ts'
import { acquireServerLock, tryLock } from './lock.ts'

const LOCK_MODULE = fileURLToPath(new URL('lock.ts', import.meta.url))

/** A process that takes the lock and keeps it until it is killed. */
async function holder(path: string) {
  const code = `const { tryLock } = await import(${JSON.stringify(LOCK_MODULE)})
    console.log(await tryLock(process.argv[1]) ? 'held' : 'refused')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [said] = await once(child.stdout, 'data')
  return {
    said: String(said).trim(),
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

it('a lock has one holder, among connections of one process and among processes', async () => {
  await using folder = await temporaryFolder('lock')
  const path = join(folder.path, 'a.lock')
  const lock = await tryLock(path)
  expect(lock).toBeDefined()
  expect(await tryLock(path)).toBeUndefined()
  const other = await holder(path)
  expect(other.said).toBe('refused')
  await other.kill()
  lock?.release()
  const next = await tryLock(path)
  expect(next).toBeDefined()
  next?.release()
})

it('a lock is free at once when its holder was killed with kill -9, time after time', async () => {
  await using folder = await temporaryFolder('lock')
  const path = join(folder.path, 'a.lock')
  for (let round = 0; round < 5; round++) {
    const other = await holder(path)
    expect(other.said).toBe('held')
    expect(await tryLock(path)).toBeUndefined()
    await other.kill()
    const lock = await tryLock(path)
    expect(lock).toBeDefined()
    lock?.release()
  }
})

it('a second server is told which process is the first', async () => {
  await using folder = await temporaryFolder('lock')
  const paths = serverPaths(folder.path)
  const lock = await acquireServerLock(paths)
  writeFileSync(paths.info, JSON.stringify({ pid: 4711, version: '1.2.3', socket: paths.socket, startedAt: 1 }))
  await expect(acquireServerLock(paths)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('process 4711, version 1.2.3'),
    details: { lock: 'held', pid: 4711 },
  })
  lock.release()
})

it('a lock that cannot be taken for another reason says so', async () => {
  await using folder = await temporaryFolder('lock')
  const path = join(folder.path, 'a.lock')
  mkdirSync(path)
  await expect(tryLock(path)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(path) })
})
