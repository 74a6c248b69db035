import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { commitAll, git, initRepository, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers } from './index.ts'

/** A repository whose work tree differs from its base. */
async function changedTree(folder: string): Promise<{ path: string; base: string }> {
  const path = join(folder, 'repo')
  await initRepository(path)
  await writeFiles(path, { 'src/a.txt': 'a\n', 'b.txt': 'b\n', '.gitignore': 'ignored*\n' })
  const base = await commitAll(path, 'base')
  await writeFiles(path, { 'b.txt': 'b, changed\n' })
  return { path, base }
}

describe('git.changes and git.diff between trees', () => {
  it('compare two kept states, one of them a snapshot, with context as asked for', async () => {
    await using folder = await temporaryFolder('trees')
    const tree = await changedTree(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const first = await handlers['git.snapshot']({ path: tree.path, ref: 'refs/skein/turns/a', message: 'first' })
    const seen = await handlers['git.changes'](tree)
    expect(first.tree).toBe(seen.tree)
    await writeFiles(tree.path, { 'later.txt': 'later\n' })
    const second = await handlers['git.changes'](tree)
    const between = await handlers['git.changes']({ path: tree.path, base: first.tree, tree: second.tree })
    expect(between).toMatchObject({ tree: second.tree, files: [{ path: 'later.txt', status: 'added' }] })
    const back = await handlers['git.diff']({ path: tree.path, base: second.tree, tree: first.tree, context: 0 })
    expect(back.patch).toContain('-later')
    expect(back.patch).not.toContain('b.txt')
    const ofFirst = await handlers['git.diff']({ ...tree, tree: first.tree, context: 0, paths: ['b.txt'] })
    expect(ofFirst.patch).toContain('@@ -1 +1 @@')
    await expect(handlers['git.changes']({ ...tree, tree: '0'.repeat(40) })).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('git.file', () => {
  it('reads from the work tree, the base and a tree, in parts, and nothing outside', async () => {
    await using folder = await temporaryFolder('file')
    const tree = await changedTree(folder.path)
    const large = Buffer.alloc(1_300_000, 'ab\xff', 'latin1')
    await writeFiles(tree.path, { 'large.bin': large })
    await writeFiles(folder.path, { 'outside.txt': 'secret\n' })
    await symlink('../outside.txt', join(tree.path, 'link'))
    await symlink('..', join(tree.path, 'up'))
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const whole = async (file: string, at: string) => {
      const parts: Buffer[] = []
      for (let offset = 0; ; ) {
        const part = await handlers['git.file']({ path: tree.path, file, at, offset })
        if (part === null) return null
        parts.push(Buffer.from(part.base64, 'base64'))
        offset += parts.at(-1)?.length ?? 0
        if (part.eof) return Buffer.concat(parts)
      }
    }
    const { tree: now } = await handlers['git.changes'](tree)
    expect((await whole('b.txt', tree.base))?.toString()).toBe('b\n')
    expect((await whole('b.txt', 'work'))?.toString()).toBe('b, changed\n')
    expect(await whole('none.txt', 'work')).toBeNull()
    expect((await whole('large.bin', 'work'))?.equals(large)).toBe(true)
    expect((await whole('large.bin', now))?.equals(large)).toBe(true)
    expect((await whole('link', 'work'))?.toString()).toBe('../outside.txt')
    expect(await whole('src', 'work')).toBeNull()
    for (const file of ['../outside.txt', '/etc/passwd', 'up/outside.txt', 'src/../b.txt', './b.txt', 'a\0b'])
      await expect(whole(file, 'work'), file).rejects.toMatchObject({ code: 'invalid' })
    await writeFiles(tree.path, { 'huge.bin': Buffer.alloc(21 * 1024 * 1024) })
    await expect(whole('huge.bin', 'work')).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('git.files', () => {
  it('finds tracked and untracked files, not ignored ones, the best first', async () => {
    await using folder = await temporaryFolder('files')
    const tree = await changedTree(folder.path)
    await writeFiles(tree.path, {
      'src/sessions/actor.ts': '',
      'src/actors.ts': '',
      'docs/a-c-t-or.md': '',
      'src/SessionActorTest.ts': '',
      'ignored.ts': '',
    })
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const find = async (query?: string, limit = 10) =>
      (await handlers['git.files']({ path: tree.path, limit, ...(query === undefined ? {} : { query }) })).paths
    expect((await find('actor')).slice(0, 2)).toEqual(['src/actors.ts', 'src/sessions/actor.ts'])
    expect(await find('sat')).toContain('src/SessionActorTest.ts')
    expect((await find('sess/actor'))[0]).toBe('src/sessions/actor.ts')
    expect(await find('ignored.ts')).toEqual([])
    expect(await find(undefined, 3)).toHaveLength(3)
  })

  it('answers within the time of a key stroke in a repository of 50,000 files', async () => {
    await using folder = await temporaryFolder('files')
    const path = join(folder.path, 'repo')
    await initRepository(path)
    const names = Array.from({ length: 50_000 }, (_, n) => `packages/p${n % 97}/src/feature-${n % 13}/module-${n}.ts`)
    const blob = (await git(path, ['hash-object', '-w', '/dev/null'])).trim()
    const index = Readable.from(names.map((name) => `100644 ${blob}\t${name}\n`).join(''))
    await git(path, ['update-index', '--index-info'], { input: index })
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    await handlers['git.files']({ path, limit: 50 })
    const began = performance.now()
    const { paths } = await handlers['git.files']({ path, query: 'mod4999', limit: 50 })
    console.log(`50,000 names ranked in ${Math.round(performance.now() - began)} ms`)
    expect(paths[0]).toContain('module-4999.ts')
  })
})

describe('git.branches', () => {
  it('lists what is checked out, then the default branch, then the rest, ours last', async () => {
    await using folder = await temporaryFolder('branches')
    const tree = await changedTree(folder.path)
    await git(tree.path, ['branch', 'skein/mine'])
    await git(tree.path, ['branch', 'older', tree.base])
    await git(tree.path, ['checkout', '-q', '-b', 'feature'])
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { branches, head } = await handlers['git.branches']({ repo: tree.path })
    expect(head).toBe('feature')
    expect(branches[0]).toBe('feature')
    expect(branches.at(-1)).toBe('skein/mine')
    expect(branches).toContain('older')
  })
})
