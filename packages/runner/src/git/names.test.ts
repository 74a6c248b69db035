import { git } from '@skein/testkit'
import { expect, it } from 'vitest'
import { bytesOf, nameOf } from './file-names.ts'
import { checkBranch, isRefName } from './names.ts'

it('takes the same names for refs as git does', async () => {
  const names = [
    'a',
    'a/b',
    'a//b',
    '/a',
    'a/',
    'a.',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a..b',
    'a@{b',
    '@',
    'a b',
    'a~b',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    'a\tb',
    'a\x7f',
    'ünï🧵',
    '-a',
    'a-',
    'HEAD',
    'a@b',
    '{',
  ]
  const verdicts = await Promise.all(
    names.map((name) =>
      git('/', ['check-ref-format', `refs/heads/${name}`]).then(
        () => true,
        () => false,
      ),
    ),
  )
  expect(names.map((name) => isRefName(`refs/heads/${name}`))).toEqual(verdicts)
})

it('refuses branches that could be taken for options or for HEAD', () => {
  for (const name of ['-a', '--force', 'HEAD', '', 'a..b'])
    expect(() => checkBranch(name)).toThrow(/cannot be the name/)
  expect(() => checkBranch('skein/läuft-🧵')).not.toThrow()
})

it('carries file names of any bytes through text and back', () => {
  const all = Buffer.from(Array.from({ length: 255 }, (_, n) => n + 1))
  for (const bytes of [
    all,
    Buffer.from('plain.txt'),
    Buffer.from('"quoted"'),
    Buffer.from('käse', 'latin1'),
    Buffer.from('🧶 \n'),
  ]) {
    expect(bytesOf(nameOf(bytes)).equals(bytes)).toBe(true)
  }
  expect(nameOf(Buffer.from('back\\slash "x".txt'))).toBe('back\\slash "x".txt')
})
