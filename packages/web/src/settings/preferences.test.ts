import { beforeAll, expect, test, vi } from 'vitest'
import type { DEFAULT_PREFERENCES, readPreferences } from './preferences.ts'

let subject: { readPreferences: typeof readPreferences; DEFAULT_PREFERENCES: typeof DEFAULT_PREFERENCES }
beforeAll(async () => {
  // The store listens to other tabs; there is none here.
  vi.stubGlobal('addEventListener', () => undefined)
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
  subject = await import('./preferences.ts')
})

test('nothing stored, and nonsense, are the defaults', () => {
  for (const text of [null, '', 'null', '[]', '{"terminal": 3}', '{broken'])
    expect(subject.readPreferences(text)).toEqual(subject.DEFAULT_PREFERENCES)
})

test('what is stored is kept, and a wrong part costs only itself', () => {
  const read = subject.readPreferences('{"terminal":{"fontSize":16},"notices":{"sound":"loud"},"editor":"zed"}')
  expect(read.terminal).toEqual({ ...subject.DEFAULT_PREFERENCES.terminal, fontSize: 16 })
  expect(read.notices).toEqual(subject.DEFAULT_PREFERENCES.notices)
  expect(read.editor).toBe('zed')
})
