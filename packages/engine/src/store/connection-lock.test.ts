import { expect, test } from 'vitest'
import { ConnectionLock } from './connection-lock.ts'

test('callers have their turn in the order in which they came', async () => {
  const lock = new ConnectionLock()
  const order: number[] = []
  await lock.acquire()
  const turns = [1, 2, 3].map(async (n) => {
    await lock.acquire()
    order.push(n)
    lock.release()
  })
  expect(order).toEqual([])
  lock.release()
  await Promise.all(turns)
  expect(order).toEqual([1, 2, 3])
})

test('who gives up waiting does not take a turn', async () => {
  const lock = new ConnectionLock()
  await lock.acquire()
  const controller = new AbortController()
  const impatient = lock.acquire(controller.signal)
  const patient = lock.acquire()
  controller.abort()
  await expect(impatient).rejects.toMatchObject({ code: 'cancelled' })
  lock.release()
  await patient
})

test('a turn that is never given back is told to who waits for it', async () => {
  const lock = new ConnectionLock({ patienceMs: 20 })
  await lock.acquire()
  await expect(lock.acquire()).rejects.toMatchObject({ code: 'timed_out' })
  lock.release()
  await lock.acquire()
})
