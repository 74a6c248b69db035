import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Vault } from './vault.ts'

const run = promisify(execFile)

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'skein-vault-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

describe('a sealed secret', () => {
  test('opens with the same context, in a later process too', async () => {
    const sealed = (await Vault.open(home)).seal('sk-ant-päss\0word', 'session:1')
    expect(sealed).not.toContain('word')
    expect((await Vault.open(home)).open(sealed, 'session:1')).toBe('sk-ant-päss\0word')
  })

  test('is sealed differently each time', async () => {
    const vault = await Vault.open(home)
    expect(vault.seal('same', 'c')).not.toBe(vault.seal('same', 'c'))
    expect(vault.open(vault.seal('', 'c'), 'c')).toBe('')
  })

  test('does not open for another context, nor changed by one bit', async () => {
    const vault = await Vault.open(home)
    const sealed = vault.seal('secret', 'session:1')
    expect(() => vault.open(sealed, 'session:2')).toThrow(/session:2.*changed or belongs elsewhere/)
    const [version, key, iv, body = ''] = sealed.split('.')
    const bytes = Buffer.from(body, 'base64url')
    for (const index of [0, bytes.length - 1]) {
      const forged = Buffer.from(bytes)
      forged[index] = (forged[index] ?? 0) ^ 1
      const text = [version, key, iv, forged.toString('base64url')].join('.')
      expect(() => vault.open(text, 'session:1')).toThrow(expect.objectContaining({ code: 'conflict' }))
    }
    expect(() => vault.open([version, key, iv, body.slice(0, 8)].join('.'), 'session:1')).toThrow(
      expect.objectContaining({ code: 'conflict' }),
    )
  })

  test.each(['', 'plain text', 'v1.a.b', 'v2.a.b.c', 'v1.a.b.c.d'])('is not %j', async (text) => {
    const vault = await Vault.open(home)
    expect(() => vault.open(text, 'c')).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})

describe('the key', () => {
  test('is for its owner alone, also after a careless copy', async () => {
    await Vault.open(home)
    const file = join(home, 'secret.key')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await chmod(file, 0o644)
    await Vault.open(home)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(home)).toEqual(['secret.key'])
  })

  test('is the same one for processes that make it at once', async () => {
    const script = `
      import { Vault } from ${JSON.stringify(new URL('./vault.ts', import.meta.url).href)}
      console.log((await Vault.open(${JSON.stringify(home)})).seal('hello', 'c'))`
    const processes = Array.from({ length: 6 }, () => run(process.execPath, ['--input-type=module', '-e', script]))
    const sealed = (await Promise.all(processes)).map(({ stdout }) => stdout.trim())
    const vault = await Vault.open(home)
    expect(sealed.map((text) => vault.open(text, 'c'))).toEqual(Array(6).fill('hello'))
  })

  test('that was replaced is told as the reason, with both keys named', async () => {
    const sealed = (await Vault.open(home)).seal('secret', 'session:1')
    await rm(join(home, 'secret.key'))
    const later = await Vault.open(home)
    expect(() => later.open(sealed, 'session:1')).toThrow(/another key than the one in .*secret\.key/)
    expect(() => later.open(sealed, 'session:1')).toThrow(expect.objectContaining({ code: 'missing' }))
  })

  test('that is gone is not made anew where the store needs it', async () => {
    await expect(Vault.open(home, { create: false })).rejects.toMatchObject({ code: 'missing' })
    expect(await readdir(home)).toEqual([])
  })

  test('that is damaged is refused and left as it is', async () => {
    const file = join(home, 'secret.key')
    await writeFile(file, 'skein-key-1 short\n')
    await expect(Vault.open(home)).rejects.toMatchObject({ code: 'conflict' })
    expect(await readFile(file, 'utf8')).toBe('skein-key-1 short\n')
  })
})
