import { expect, test } from 'vitest'
import { linkTarget } from './link-target.ts'

test.each([
  ['https://example.org/a?b#c', { kind: 'web', url: 'https://example.org/a?b#c' }],
  ['http://localhost:5173/login?next=/', { kind: 'port', port: 5173, path: '/login?next=/' }],
  ['http://127.0.0.1:3000', { kind: 'port', port: 3000, path: '/' }],
  ['http://0.0.0.0:8080/', { kind: 'port', port: 8080, path: '/' }],
  ['http://[::1]:8080/', { kind: 'port', port: 8080, path: '/' }],
  ['javascript:alert(1)', undefined],
  ['file:///etc/passwd', undefined],
  ['vscode://x', undefined],
  ['not a link', undefined],
])('%s', (uri, target) => {
  expect(linkTarget(uri)).toEqual(target)
})
