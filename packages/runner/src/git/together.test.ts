import { expect, it } from 'vitest'
import { Together } from './together.ts'

it('shares one answer among those who ask before it is begun, and none with those who ask after', async () => {
  const together = new Together()
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  let runs = 0
  const work = async () => {
    const mine = ++runs
    if (mine === 1) begun.resolve()
    await go.promise
    return mine
  }
  const first = [together.run('a', work), together.run('a', work)]
  const other = together.run('b', async () => 'other')
  await begun.promise
  const late = [together.run('a', work), together.run('a', work)]
  expect(await other).toBe('other')
  expect(runs).toBe(1)
  go.resolve()
  expect(await Promise.all([...first, ...late])).toEqual([1, 1, 2, 2])
})

it('tells all who share it of a failure, and goes on', async () => {
  const together = new Together()
  const fail = () => Promise.reject(new Error('no disk'))
  const failed = await Promise.allSettled([together.run('a', fail), together.run('a', fail)])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await together.run('a', async () => 1)).toBe(1)
})

it('gives up work that nobody wants any more, and not before', async () => {
  const together = new Together()
  const [one, two] = [new AbortController(), new AbortController()]
  const begun = Promise.withResolvers<AbortSignal>()
  const work = (signal: AbortSignal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      begun.resolve(signal)
    })
  const asked = [together.run('a', work, one.signal), together.run('a', work, two.signal)]
  const outcomes = Promise.allSettled(asked)
  const signal = await begun.promise
  one.abort(new Error('left'))
  await expect(asked[0]).rejects.toThrow('left')
  expect(signal.aborted).toBe(false)
  two.abort(new Error('left too'))
  expect(signal.aborted).toBe(true)
  await outcomes
})
