import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { killAt, lineIn, pathExists, randomKills, seededRandom, when } from './kill.ts'
import { temporaryFolder } from './temporary-folder.ts'

function sleeper(cwd?: string): ChildProcess {
  return spawn('sleep', ['600'], { stdio: 'ignore', ...(cwd === undefined ? {} : { cwd }) })
}

test('a process is killed when its point is reached, and not before', async () => {
  await using folder = await temporaryFolder('kill')
  const journal = join(folder.path, 'journal')
  const child = sleeper()
  const killed = killAt(child, lineIn(journal, /^step/, 2))
  await writeFile(journal, 'step 1\nother\n')
  await killAt(sleeper(), pathExists(journal))
  expect(child.signalCode).toBe(null)
  await appendFile(journal, 'step 2\n')
  await killed
  expect(child.signalCode).toBe('SIGKILL')
})

test('a point that is not reached fails with its name', async () => {
  const child = sleeper()
  const waiting = killAt(
    child,
    when('a row in the store', () => false),
    { timeout: 30 },
  )
  await expect(waiting).rejects.toThrow('waiting for a row in the store: not within 30 ms')
  expect(child.signalCode).toBe(null)
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('random kills hit living targets until the count is full, each time after the victim was replaced', async () => {
  let child = sleeper()
  const killed = await randomKills({
    targets: () => (child.pid === undefined ? [] : [child.pid]),
    count: 4,
    between: [1, 10],
    afterKill: () => {
      child = sleeper()
    },
  })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(new Set(killed).size).toBe(4)
  expect(killed).not.toContain(child.pid)
})

test('the same seed gives the same numbers, spread over the unit interval', () => {
  const [one, two] = [seededRandom(7), seededRandom(7)]
  const numbers = Array.from({ length: 1000 }, one)
  expect(Array.from({ length: 1000 }, two)).toEqual(numbers)
  expect(Math.min(...numbers)).toBeLessThan(0.01)
  expect(Math.max(...numbers)).toBeGreaterThan(0.99)
  expect(Math.max(...numbers)).toBeLessThan(1)
})
