import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepDraft, readDraft, writeDraft } from './drafts.ts'

const kept = new Map<string, string>()

beforeEach(() => {
  kept.clear()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  })
})
afterEach(() => vi.unstubAllGlobals())

test('a draft is read back at once, and the browser keeps its text a moment later', () => {
  writeDraft('a', { text: 'half a thou' })
  writeDraft('a', { text: 'half a thought' })
  expect(readDraft('a').text).toBe('half a thought')
  expect(kept.size).toBe(0)
  keepDraft('a')
  expect([...kept.values()]).toEqual(['half a thought'])
})

test('a draft that was sent leaves nothing behind', () => {
  writeDraft('b', { text: 'x' })
  keepDraft('b')
  writeDraft('b', { text: '', images: [] })
  keepDraft('b')
  expect(kept.size).toBe(0)
})

test('what the browser kept is there after a reload', () => {
  kept.set('skein.prompt.c', 'from before')
  expect(readDraft('c')).toEqual({ text: 'from before', images: [] })
})

test('a storage that refuses does not lose the draft', () => {
  vi.stubGlobal('localStorage', {
    getItem: () => null,
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError')
    },
  })
  writeDraft('d', { text: 'kept by the page' })
  keepDraft('d')
  expect(readDraft('d').text).toBe('kept by the page')
})
