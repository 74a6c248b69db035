import { expect, it } from 'vitest'
import { editorLink } from './editor-links.ts'

const file = { root: '/home/ana/work tree', path: 'src/a#b.ts' }

it.each([
  ['vscode', 'local', 12, 'vscode://file/home/ana/work%20tree/src/a%23b.ts:12'],
  ['cursor', 'local', undefined, 'cursor://file/home/ana/work%20tree/src/a%23b.ts'],
  ['zed', 'local', 3, 'zed://file/home/ana/work%20tree/src/a%23b.ts:3'],
  [
    'vscode',
    'ssh:build.example',
    1,
    'vscode://vscode-remote/ssh-remote+build.example/home/ana/work%20tree/src/a%23b.ts:1',
  ],
  ['cursor', 'ssh:ana@box', 1, 'cursor://vscode-remote/ssh-remote+ana%40box/home/ana/work%20tree/src/a%23b.ts:1'],
  ['zed', 'ssh:ana@box', 1, 'zed://ssh/ana@box/home/ana/work%20tree/src/a%23b.ts:1'],
  ['zed', 'docker:abc', 1, undefined],
] as const)('%s opens a file on %s', (editor, machine, line, url) => {
  expect(editorLink(editor, { ...file, machine, ...(line === undefined ? {} : { line }) })).toBe(url)
})
