import type { MachineSetting } from '@skein/protocol'
import { expect, test } from 'vitest'
import { fieldProblem, fieldValues, nameProblem, settingsOf } from './setting-values.ts'

const SETTINGS: MachineSetting[] = [
  { name: 'image', type: 'text', about: 'What it is made from.', required: true },
  { name: 'cpus', type: 'number', about: 'How many.', default: 2 },
  { name: 'privileged', type: 'flag', about: 'Whether.', default: true },
  { name: 'allow', type: 'list', about: 'Hosts.', default: ['a.org', 'b.org'] },
]

test('fields begin with what is usual, and with what a known machine has', () => {
  expect(fieldValues(SETTINGS)).toEqual({ image: '', cpus: '2', privileged: true, allow: 'a.org\nb.org' })
  expect(fieldValues(SETTINGS, { cpus: 8, privileged: false })).toMatchObject({ cpus: '8', privileged: false })
})

test('what was typed comes back as the types that the kind wants, and what was left empty not at all', () => {
  const fields = { image: ' node:24 ', cpus: '4', privileged: false, allow: 'x.org\n\n y.org ' }
  expect(settingsOf(SETTINGS, fields)).toEqual({
    image: 'node:24',
    cpus: 4,
    privileged: false,
    allow: ['x.org', 'y.org'],
  })
  expect(settingsOf(SETTINGS, { image: '', cpus: ' ', allow: '' })).toEqual({})
})

test('a flag that nobody decided stays undecided', () => {
  const reuse: MachineSetting = { name: 'reuse', type: 'flag', about: 'Whether.' }
  expect(settingsOf([reuse], fieldValues([reuse]))).toEqual({})
  expect(settingsOf([reuse], fieldValues([reuse], { reuse: false }))).toEqual({ reuse: false })
  expect(settingsOf([reuse], { reuse: 'true' })).toEqual({ reuse: true })
})

test('a field says what is wrong with it', () => {
  const [image, cpus] = SETTINGS
  expect(image && fieldProblem(image, ' ')).toBe('This is needed.')
  expect(cpus && fieldProblem(cpus, 'two')).toBe('This is to be a number.')
  expect(cpus && fieldProblem(cpus, '')).toBeUndefined()
  expect(['', '-x', 'a b', 'build-box', 'me@host'].map(nameProblem).map(Boolean)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
})
