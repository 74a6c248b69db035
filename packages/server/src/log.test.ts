import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@skein/testkit'
import { expect, it } from 'vitest'
import { openLog } from './log.ts'

it('a log that is full is put aside once, a new one begins, and no line between them is lost', async () => {
  await using folder = await temporaryFolder('log')
  const path = join(folder.path, 'server.log')
  const log = openLog(path, 1_000)
  for (let n = 0; n < 20; n++) log.logger.info({ n, text: 'x'.repeat(20) })
  log.close()
  const numbers = [`${path}.1`, path].flatMap((file) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).n),
  )
  expect(numbers).toEqual(Array.from({ length: 20 }, (_, n) => n))
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('a log goes on where the last process left it', async () => {
  await using folder = await temporaryFolder('log')
  const path = join(folder.path, 'server.log')
  writeFileSync(path, 'before\n')
  const log = openLog(path)
  log.logger.info('after')
  log.close()
  log.logger.info('never')
  expect(readFileSync(path, 'utf8')).toMatch(/^before\n.*"after".*\n$/)
})
