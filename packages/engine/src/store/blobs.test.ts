import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Blobs } from './blobs.ts'

let home: string
let blobs: Blobs
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'skein-blobs-'))
  blobs = new Blobs(home)
})
afterEach(() => rm(home, { recursive: true, force: true }))

const pathOf = (sha256: string) => join(home, 'blobs', sha256.slice(0, 2), sha256)

test('bytes come back as they were put, as a buffer or as base64', async () => {
  const content = randomBytes(100_000)
  const put = await blobs.put(content)
  expect(put).toEqual({ sha256: createHash('sha256').update(content).digest('hex'), bytes: 100_000 })
  expect(await blobs.put(content.toString('base64'))).toEqual(put)
  expect(await blobs.get(put.sha256)).toEqual(content)
  expect(await blobs.has(put.sha256)).toBe(true)
})

test('the same bytes at once are one file, for its owner alone', async () => {
  const content = Buffer.from('the same')
  const [first] = await Promise.all(Array.from({ length: 20 }, () => blobs.put(content)))
  const file = pathOf(first?.sha256 ?? '')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(join(home, 'blobs', 'incoming'))).toEqual([])
})

test('what is not there is not_found, and what is no hash is invalid', async () => {
  await expect(blobs.get('0'.repeat(64))).rejects.toMatchObject({ code: 'not_found' })
  expect(await blobs.has('0'.repeat(64))).toBe(false)
  await expect(blobs.get('../../secret.key')).rejects.toMatchObject({ code: 'invalid' })
})

test('a file that was changed is told and not handed out', async () => {
  const { sha256 } = await blobs.put(Buffer.from('picture'))
  await writeFile(pathOf(sha256), 'forged!')
  await expect(blobs.get(sha256)).rejects.toMatchObject({ code: 'conflict' })
})

test('what a killed process left half-written is removed, what is being written is not', async () => {
  const incoming = join(home, 'blobs', 'incoming')
  await mkdir(incoming, { recursive: true })
  await writeFile(join(incoming, 'old'), 'x')
  await utimes(join(incoming, 'old'), new Date(0), new Date(0))
  await writeFile(join(incoming, 'fresh'), 'x')
  await blobs.put(Buffer.from('next'))
  expect(await readdir(incoming)).toEqual(['fresh'])
})
