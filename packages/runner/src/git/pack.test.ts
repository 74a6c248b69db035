import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { commitAll, git, initRepository, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers, type GitHandlers } from './index.ts'

async function clones(folder: string, handlers: GitHandlers) {
  const home = join(folder, 'home')
  const there = join(folder, 'there.git')
  await initRepository(home)
  await writeFiles(home, { 'a.txt': 'a\n'.repeat(2000) })
  const first = await commitAll(home, 'first')
  await handlers['git.initialise']({ path: there })
  /** As the engine does it, file and all. */
  const carry = async (from: string, to: string, refs: Record<string, string>) => {
    const { commits: have } = await handlers['git.tips']({ repo: to, limit: 100 })
    const { pack, shallow } = await handlers['git.pack']({ repo: from, commits: Object.values(refs), have })
    await handlers['git.unpack']({ repo: to, shallow, refs, ...(pack ? { pack: pack.path } : {}) })
    return pack?.size ?? 0
  }
  return { home, there, first, carry }
}

describe('carrying commits', () => {
  it('makes one repository for all who ask for it at once', async () => {
    await using folder = await temporaryFolder('pack')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'there.git')
    await Promise.all(Array.from({ length: 8 }, () => handlers['git.initialise']({ path, defaultBranch: 'trunk' })))
    expect(await git(path, ['symbolic-ref', 'HEAD'])).toBe('refs/heads/trunk\n')
  })

  it('brings a commit with its history, then only what is new, and nothing when nothing is', async () => {
    await using folder = await temporaryFolder('pack')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { home, there, first, carry } = await clones(folder.path, handlers)
    expect(await carry(home, there, { 'refs/skein/base/w': first })).toBeGreaterThan(0)
    expect(await git(there, ['rev-parse', 'refs/skein/base/w'])).toContain(first)
    await writeFiles(home, { 'a.txt': `${'a\n'.repeat(2000)}b\n` })
    const second = await commitAll(home, 'second')
    const size = await carry(home, there, { 'refs/skein/base/v': second })
    expect(size).toBeGreaterThan(0)
    expect(size).toBeLessThan(600)
    expect(await git(there, ['log', '--format=%s', second])).toBe('second\nfirst\n')
    expect(await carry(home, there, { 'refs/skein/base/u': second })).toBe(0)
    expect(await git(there, ['rev-parse', 'refs/skein/base/u'])).toContain(second)
    await git(there, ['fsck', '--strict'])
  })

  it('goes on from a shallow clone, and says there where the history ends', async () => {
    await using folder = await temporaryFolder('pack')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { home, there, carry } = await clones(folder.path, handlers)
    await writeFiles(home, { 'a.txt': 'c\n' })
    const second = await commitAll(home, 'second')
    const shallow = join(folder.path, 'shallow')
    await git(folder.path, ['clone', '--quiet', '--depth=1', `file://${home}`, shallow])
    await carry(shallow, there, { 'refs/skein/base/w': second })
    expect(await git(there, ['log', '--format=%s', second])).toBe('second\n')
    expect(existsSync(join(there, 'shallow'))).toBe(true)
  })

  it('points no ref at a commit that is not whole', async () => {
    await using folder = await temporaryFolder('pack')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { home, there, first } = await clones(folder.path, handlers)
    const refs = { 'refs/skein/base/w': first }
    await expect(handlers['git.unpack']({ repo: there, shallow: [], refs })).rejects.toMatchObject({
      message: expect.stringContaining(`taking commits into ${there}`),
    })
    expect(await handlers['git.listRefs']({ repo: there, prefix: 'refs/skein/' })).toEqual([])
    await expect(handlers['git.pack']({ repo: home, commits: ['--all'], have: [] })).rejects.toMatchObject({
      code: 'invalid',
    })
  })
})
