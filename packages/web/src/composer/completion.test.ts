import { expect, test } from 'vitest'
import { complete, matchingCommands, triggerAt } from './completion.ts'

test.each([
  ['/', 'command', ''],
  ['/rev', 'command', 'rev'],
  ['look at @', 'file', ''],
  ['look at @src/a', 'file', 'src/a'],
  ['(@a', 'file', 'a'],
  ['one\n@b', 'file', 'b'],
])('%j is completed as a %s', (text, kind, query) => {
  expect(triggerAt(text, text.length)).toMatchObject({ kind, query })
})

test.each(['', 'a /rev', '/usr/bin', 'mail me@example', '@a b', '/review now'])('%j is not completed', (text) => {
  expect(triggerAt(text, text.length)).toBeUndefined()
})

test('completing replaces what was typed and leaves the caret after one space', () => {
  const text = 'see @sr please'
  const trigger = triggerAt(text, 7)
  expect(trigger && complete(text, trigger, 'src/main.ts')).toEqual({ text: 'see @src/main.ts please', caret: 17 })
  const end = triggerAt('/re', 3)
  expect(end && complete('/re', end, 'review')).toEqual({ text: '/review ', caret: 8 })
})

test('commands that begin with the query come first', () => {
  const names = (query: string) =>
    matchingCommands([{ name: 'preview' }, { name: 'review' }, { name: 'clear' }], query).map(({ name }) => name)
  expect(names('re')).toEqual(['review', 'preview'])
  expect(names('view')).toEqual(['preview', 'review'])
  expect(names('')).toEqual(['clear', 'preview', 'review'])
})
