import { expect, test } from 'vitest'
import { keyNames } from './key-names.ts'
import { matchesChord, matchKeys, type Press } from './match-keys.ts'

const press = (key: string, held: Partial<Press> = {}): Press => ({
  ...{ key, metaKey: false, ctrlKey: false, altKey: false, shiftKey: false },
  ...held,
})

test.each([
  ['j', press('j'), false, true],
  ['j', press('J', { shiftKey: true }), false, false],
  ['shift+j', press('J', { shiftKey: true }), false, true],
  ['j', press('j', { ctrlKey: true }), false, false],
  ['mod+k', press('k', { ctrlKey: true }), false, true],
  ['mod+k', press('k', { metaKey: true }), true, true],
  ['mod+k', press('k', { ctrlKey: true }), true, false],
  ['?', press('?', { shiftKey: true }), false, true],
  ['/', press('/'), false, true],
  ['mod+enter', press('Enter', { ctrlKey: true }), false, true],
  ['alt+n', press('˜', { altKey: true, code: 'KeyN' }), true, true],
  ['space', press(' '), false, true],
])('the chord %s is met by %o (Mac: %s): %s', (chord, pressed, mac, met) => {
  expect(matchesChord(chord, pressed, mac)).toBe(met)
})

test('a sequence is begun by its first key and done by its last', () => {
  expect(matchKeys('g i', [press('g')], false)).toBe('begun')
  expect(matchKeys('g i', [press('g'), press('i')], false)).toBe('done')
  expect(matchKeys('g i', [press('g'), press('x')], false)).toBe('no')
  expect(matchKeys('g i', [press('x'), press('g')], false)).toBe('begun')
  expect(matchKeys('j', [press('g'), press('j')], false)).toBe('done')
})

test('keys are named as the keyboard names them', () => {
  expect(keyNames('mod+shift+k', false)).toEqual(['Ctrl', '⇧', 'K'])
  expect(keyNames('mod+k', true)).toEqual(['⌘', 'K'])
  expect(keyNames('g i', false)).toEqual(['G', 'I'])
})
