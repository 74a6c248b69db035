import { expect, test, vi } from 'vitest'
import { InputQueue } from './input-queue.ts'

function terminal() {
  const calls: { data: string; done: () => void; fail: (error: unknown) => void }[] = []
  const errors: unknown[] = []
  const queue = new InputQueue(
    (data) => new Promise<void>((done, fail) => calls.push({ data, done, fail })),
    (error) => errors.push(error),
  )
  return { calls, errors, queue }
}

test('what is typed while a call is under way goes with the next, in order', async () => {
  const { calls, queue } = terminal()
  for (const key of 'ls -l\r') queue.push(key)
  expect(calls.map((call) => call.data)).toEqual(['l'])
  calls[0]?.done()
  await vi.waitFor(() => expect(calls.map((call) => call.data)).toEqual(['l', 's -l\r']))
})

test('a large paste takes several calls and cuts no character in two', async () => {
  const { calls, queue } = terminal()
  const text = `${'x'.repeat(32 * 1024 - 1)}😀${'y'.repeat(10)}`
  queue.push(text)
  calls[0]?.done()
  await vi.waitFor(() => expect(calls).toHaveLength(2))
  expect(calls.map((call) => call.data).join('')).toBe(text)
  expect(calls[1]?.data.startsWith('😀')).toBe(true)
})

test('after a failure nothing that was typed before it is sent, and what is typed afterwards is', async () => {
  const { calls, errors, queue } = terminal()
  queue.push('rm -rf ')
  queue.push('build\r')
  calls[0]?.fail(new Error('gone'))
  await vi.waitFor(() => expect(errors).toHaveLength(1))
  queue.push('ls\r')
  await vi.waitFor(() => expect(calls.map((call) => call.data)).toEqual(['rm -rf ', 'ls\r']))
})
