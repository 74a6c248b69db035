import { expect, test } from 'vitest'
import { previewPath } from './preview-path.ts'

test.each([
  ['', '/'],
  ['/users?page=2#top', '/users?page=2#top'],
  ['users', '/users'],
  ['  /a b ', '/a b'],
  ['http://localhost:5173/login', '/login'],
  ['http://127.0.0.1:5173', '/'],
  ['https://example.org/', undefined],
  ['//example.org/', undefined],
  ['javascript:alert(1)', undefined],
  ['/\\example.org', undefined],
])('what is typed as %j leads to %j', (typed, path) => {
  expect(previewPath(typed)).toBe(path)
})
