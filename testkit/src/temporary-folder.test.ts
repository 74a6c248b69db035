import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFilesUnder, processesIn, processesUnder } from './processes.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { waitUntil } from './wait.ts'

test('a temporary folder goes with its scope', async () => {
  let path: string
  {
    await using folder = await temporaryFolder('goes')
    path = folder.path
    await (await open(join(path, 'file'), 'w')).close()
  }
  expect(existsSync(path)).toBe(false)
})

test.each([
  ['works in it', (path: string) => spawn('sleep', ['600'], { cwd: path })],
  ['names it in its environment', (path: string) => spawn('sleep', ['600'], { env: { ...process.env, PLACE: path } })],
  ['names it in its command line', (path: string) => spawn('tail', ['-F', join(path, 'log')], { stdio: 'ignore' })],
])('a process that %s and still runs is killed, and the scope fails with its name', async (_, start) => {
  const folder = await temporaryFolder('survivor', { grace: 50 })
  const child = start(folder.path)
  const ended = once(child, 'exit')
  await expect(folder[Symbol.asyncDispose]()).rejects.toThrow(
    new RegExp(`still ran and were killed:\\n.*${child.pid} `),
  )
  await ended
  expect(child.signalCode).toBe('SIGKILL')
  expect(existsSync(folder.path)).toBe(false)
  expect(await processesUnder(folder.path)).toEqual([])
})

test('a process that ends by itself in time is no failure', async () => {
  await using folder = await temporaryFolder('brief')
  spawn('sleep', ['0.2'], { cwd: folder.path })
})

test('processes are found by marker and by folder, with their open files', async () => {
  await using folder = await temporaryFolder('found')
  const log = join(folder.path, 'log')
  const child = spawn('sh', ['-c', `exec 3>'${log}'; exec sleep 600`], { cwd: folder.path })
  const ended = once(child, 'exit')
  const files = await waitUntil(async () => (await openFilesUnder(folder.path)).find((file) => file.path === log), {
    what: 'the log to be open',
  })
  expect(files.process.pid).toBe(child.pid)
  expect(await processesIn(folder.path)).toMatchObject([{ pid: child.pid, cwd: folder.path, command: 'sleep 600' }])
  child.kill('SIGKILL')
  await ended
  expect(await openFilesUnder(folder.path)).toEqual([])
  expect(await processesIn(folder.path)).toEqual([])
})

test('what is waited for comes back; what never comes fails with the reason and what is known', async () => {
  let looks = 0
  const look = () => {
    looks += 1
    if (looks < 3) throw new Error('not there yet')
    return `seen after ${looks}`
  }
  expect(await waitUntil(look, { what: 'three looks', every: 1 })).toBe('seen after 3')

  const never = waitUntil(() => Promise.reject(new Error('no such row')), {
    what: 'the row',
    timeout: 20,
    every: 5,
    explain: () => ({ rows: 0 }),
  })
  await expect(never).rejects.toThrow('waiting for the row: not within 20 ms: Error: no such row\n{\n  "rows": 0\n}')
  const stopped = waitUntil(() => false, { what: 'nothing', signal: AbortSignal.timeout(10) })
  await expect(stopped).rejects.toThrow(/timeout/i)
})
