import { expect, it, vi } from 'vitest'

it('ends what it was given in the opposite order, all of it, and says what failed', async () => {
  vi.stubGlobal('AsyncDisposableStack', undefined)
  const { AsyncDisposableStack } = await import('./async-disposable-stack.ts')
  const ended: string[] = []
  const stack = new AsyncDisposableStack()
  stack.defer(() => void ended.push('first'))
  stack.use({ [Symbol.asyncDispose]: async () => void ended.push('second') })
  stack.adopt('third', (name) => {
    ended.push(name)
    throw new Error('third fails')
  })
  expect(stack.use(undefined)).toBeUndefined()
  const moved = stack.move()
  expect(stack.disposed).toBe(true)
  expect(() => stack.defer(() => {})).toThrow(ReferenceError)
  await stack.disposeAsync()
  expect(ended).toEqual([])
  await expect(moved.disposeAsync()).rejects.toThrow('third fails')
  await moved[Symbol.asyncDispose]()
  expect(ended).toEqual(['third', 'second', 'first'])
  vi.unstubAllGlobals()
})
