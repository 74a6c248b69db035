import { expect, test } from 'vitest'
import { changedLines, readToolInput } from './tool-input.ts'

const signs = (before: string, after: string) => changedLines(before, after).map(({ sign, text }) => sign + text)

test('a change shows the lines that stay at both ends, then what goes, then what comes', () => {
  expect(signs('a\nb\nc', 'a\nx\ny\nc')).toEqual([' a', '-b', '+x', '+y', ' c'])
  expect(signs('', 'a\n')).toEqual(['+a', '+'])
  expect(signs('a\na', 'a')).toEqual([' a', '-a'])
})

test('a command is shown as it is, and what comes with it beside it', () => {
  expect(readToolInput({ command: 'rm -rf x', description: 'clean', timeout: 5 })).toEqual({
    kind: 'command',
    command: 'rm -rf x',
    rest: [
      { name: 'description', text: 'clean' },
      { name: 'timeout', text: '5' },
    ],
  })
})

test('edits of one file are one change each', () => {
  const edit = { old_string: 'a', new_string: 'b' }
  expect(readToolInput({ file_path: '/x', edits: [edit, edit] })).toMatchObject({ kind: 'change', changes: [{}, {}] })
  expect(readToolInput({ file_path: '/x', ...edit, replace_all: true })).toMatchObject({
    kind: 'change',
    rest: [{ name: 'replace_all', text: 'true' }],
  })
})

test('what has no form of its own, or holds more than its form can show, is shown field by field', () => {
  expect(readToolInput({ url: 'https://x' })).toEqual({ kind: 'fields', fields: [{ name: 'url', text: 'https://x' }] })
  expect(readToolInput({ file_path: '/x', edits: [{ old_string: 'a', new_string: 'b', extra: 1 }] }).kind).toBe(
    'fields',
  )
  expect(readToolInput({ file_path: '/x', content: 'a', old_string: 'b' }).kind).toBe('fields')
  expect(readToolInput('text')).toEqual({ kind: 'fields', fields: [{ name: 'input', text: 'text' }] })
})
