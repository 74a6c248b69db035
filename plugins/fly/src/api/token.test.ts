import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@skein/testkit'
import { expect, test } from 'vitest'
import { authorization, findToken } from './token.ts'

test('match 1: without a token the error names FLY_API_TOKEN', async () => {
  await using folder = await temporaryFolder('fly-token')
  expect(() => findToken({ env: { HOME: folder.path } })).toThrow(/FLY_API_TOKEN is not set/)
})

test('match 2: a token that is given comes before the environment’s, and that before what flyctl left', async () => {
  await using folder = await temporaryFolder('fly-token')
  mkdirSync(join(folder.path, '.fly'))
  writeFileSync(join(folder.path, '.fly/config.yml'), 'access_token: fm2_flyctl\n')
  const env = { HOME: folder.path, FLY_API_TOKEN: 'fm2_environment' }
  expect(findToken({ token: 'fm2_given', env })).toBe('fm2_given')
  expect(findToken({ env })).toBe('fm2_environment')
  expect(findToken({ env: { HOME: folder.path } })).toBe('fm2_flyctl')
  expect(() => findToken({ tokenFile: join(folder.path, 'none'), env })).toThrow(/there is none in/)
})

test('match 3: macaroons go by the scheme FlyV1, all others by Bearer, whatever was copied along', () => {
  expect(authorization('FlyV1 fm2_abc,fm2_def')).toBe('FlyV1 fm2_abc,fm2_def')
  expect(authorization('Bearer FlyV1 fm1r_x')).toBe('FlyV1 fm1r_x')
  expect(authorization('oldertoken,fm1a_x')).toBe('FlyV1 oldertoken,fm1a_x')
  expect(authorization(' oldertoken ')).toBe('Bearer oldertoken')
})
