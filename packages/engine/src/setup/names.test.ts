import { expect, test } from 'vitest'
import { branchFor, nameFrom, randomName } from './names.ts'

test('a random name is adjective, noun and four hex digits, decided by the randomness alone', () => {
  expect(randomName(() => 0)).toBe('amber-acorn-0000')
  expect(randomName((below) => below - 1)).toMatch(/^[a-z]+-[a-z]+-ffff$/)
  expect(randomName((below) => Math.floor(below / 2))).toBe(randomName((below) => Math.floor(below / 2)))
})

test('every random name is a valid name, and all words are different', () => {
  const seen = new Set<string>()
  for (let n = 0; n < 64; n++) {
    const name = randomName((below) => (below > 64 ? 0xabc : n % below))
    expect(nameFrom(name)).toBe(name)
    seen.add(name)
  }
  expect(seen.size).toBe(64)
})

test.each([
  ['fix-login', 'fix-login'],
  ['Fix the LOGIN bug!', 'fix-the-login-bug'],
  ['  --a__b..c/d  ', 'a-b-c-d'],
  ['Größe ändern', 'große-andern'.replace('ß', '-')],
  ['../../etc/passwd', 'etc-passwd'],
  ['v1.2.lock', 'v1-2-lock'],
  [`${'long '.repeat(30)}`, 'long-long-long-long-long-long-long-long-long-lon'],
])('%j is named %s', (input, name) => {
  expect(nameFrom(input)).toBe(name)
})

test.each(['', '   ', '---', '日本語', '🐦'])('%j cannot be a name', (input) => {
  expect(() => nameFrom(input)).toThrow(expect.objectContaining({ code: 'invalid' }))
})

test('a workspace works on a branch of its name', () => {
  expect(branchFor('fix-login')).toBe('skein/fix-login')
})
