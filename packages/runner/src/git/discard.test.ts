import { readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, git, initRepository, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers, type GitHandlers } from './index.ts'

const lines = (...changed: [number, string][]) => {
  const all = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`)
  for (const [number, text] of changed) all[number - 1] = text
  return `${all.join('\n')}\n`
}

/** A repository with a base, and a work tree that differs from it in every way that can be discarded. */
async function changedTree(folder: string): Promise<{ path: string; base: string }> {
  const path = join(folder, 'repo')
  await initRepository(path)
  await writeFiles(path, { 'src/a.txt': lines(), 'gone.txt': 'was here\n', 'b.txt': 'b\n', '.gitignore': 'ignored*\n' })
  const base = await commitAll(path, 'base')
  await writeFiles(path, { 'b.txt': 'b, committed\n' })
  await commitAll(path, 'the agent commits')
  await writeFiles(path, { 'src/a.txt': lines([3, 'THREE'], [25, 'TWENTY-FIVE']), 'new/file.txt': 'new\n' })
  await unlink(join(path, 'gone.txt'))
  return { path, base }
}

const status = async (path: string) => (await git(path, ['status', '--porcelain', '-uall'])).split('\n').filter(Boolean)

/** The patch of a file with only those of its hunks that hold a text. */
async function hunksOf(handlers: GitHandlers, params: { path: string; base: string }, file: string, text: string) {
  const { patch } = await handlers['git.diff']({ ...params, paths: [file] })
  const [head = '', ...hunks] = patch.split(/^(?=@@ )/m)
  return head + hunks.filter((hunk) => hunk.includes(text)).join('')
}

describe('git.discard and git.undiscard', () => {
  it('take one hunk out and bring it back beside what happened since', async () => {
    await using folder = await temporaryFolder('discard')
    const tree = await changedTree(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const patch = await hunksOf(handlers, tree, 'src/a.txt', 'THREE')
    const ref = 'refs/skein/discard/w/one'
    const { paths } = await handlers['git.discard']({ ...tree, ref, patch })
    expect(paths).toEqual(['src/a.txt'])
    expect(await readFile(join(tree.path, 'src/a.txt'), 'utf8')).toBe(lines([25, 'TWENTY-FIVE']))
    // Asked again, it finds that done.
    await handlers['git.discard']({ ...tree, ref, patch })
    await writeFiles(tree.path, { 'src/a.txt': lines([25, 'twenty-five']) })
    await handlers['git.undiscard']({ path: tree.path, ref })
    expect(await readFile(join(tree.path, 'src/a.txt'), 'utf8')).toBe(lines([3, 'THREE'], [25, 'twenty-five']))
    await handlers['git.undiscard']({ path: tree.path, ref })
    expect(await readFile(join(tree.path, 'src/a.txt'), 'utf8')).toBe(lines([3, 'THREE'], [25, 'twenty-five']))
  })

  it('take whole files back to the base: changed, committed, new, deleted, staged ones, and bring all of them back', async () => {
    await using folder = await temporaryFolder('discard')
    const tree = await changedTree(folder.path)
    await git(tree.path, ['add', 'src/a.txt', 'new'])
    const before = await status(tree.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const ref = 'refs/skein/discard/w/all'
    await handlers['git.discard']({ ...tree, ref, paths: ['src', 'new/file.txt', 'gone.txt', 'b.txt'] })
    expect(await git(tree.path, ['diff', tree.base])).toBe('')
    // What the agent had committed is undone in the work tree; what was staged is not staged any more.
    expect(await status(tree.path)).toEqual([' M b.txt'])
    await handlers['git.undiscard']({ path: tree.path, ref })
    expect(await readFile(join(tree.path, 'new/file.txt'), 'utf8')).toBe('new\n')
    expect(await readFile(join(tree.path, 'b.txt'), 'utf8')).toBe('b, committed\n')
    expect((await status(tree.path)).map((line) => line.slice(3)).sort()).toEqual(
      before.map((line) => line.slice(3)).sort(),
    )
  })

  it('refuse hunks that do not fit and files in the way, and have changed nothing', async () => {
    await using folder = await temporaryFolder('discard')
    const tree = await changedTree(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const patch = await hunksOf(handlers, tree, 'src/a.txt', 'THREE')
    await writeFiles(tree.path, { 'src/a.txt': lines([2, 'two'], [3, 'Three?'], [4, 'four']) })
    const before = await readFile(join(tree.path, 'src/a.txt'), 'utf8')
    await expect(
      handlers['git.discard']({ ...tree, ref: 'refs/skein/discard/w/x', patch, paths: ['new'] }),
    ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('do not fit') })
    expect(await readFile(join(tree.path, 'src/a.txt'), 'utf8')).toBe(before)
    expect(await readFile(join(tree.path, 'new/file.txt'), 'utf8')).toBe('new\n')
    await expect(
      handlers['git.undiscard']({ path: tree.path, ref: 'refs/skein/discard/w/none' }),
    ).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('git.stage and git.commit of what is staged', () => {
  it('stage and unstage files and hunks, and commit only those', async () => {
    await using folder = await temporaryFolder('stage')
    const tree = await changedTree(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const patch = await hunksOf(handlers, tree, 'src/a.txt', 'TWENTY')
    expect(await handlers['git.stage']({ ...tree, patch, paths: ['gone.txt', 'new/file.txt'] })).toMatchObject({
      staged: 3,
      unstaged: 1,
      untracked: 0,
    })
    // Once more is no more.
    await handlers['git.stage']({ ...tree, patch })
    expect(await handlers['git.stage']({ ...tree, paths: ['gone.txt'], unstage: true })).toMatchObject({ staged: 2 })
    const { commit } = await handlers['git.commit']({ path: tree.path, message: 'part', staged: true })
    expect(await git(tree.path, ['show', `${commit}:src/a.txt`])).toBe(lines([25, 'TWENTY-FIVE']))
    expect(await status(tree.path)).toEqual([' D gone.txt', ' M src/a.txt'])
    expect(await handlers['git.commit']({ path: tree.path, message: 'nothing', staged: true })).toEqual({
      commit: null,
    })
    await expect(
      handlers['git.stage']({ ...tree, patch: patch.replaceAll('line 2', 'row 2'), paths: ['gone.txt'] }),
    ).rejects.toMatchObject({ code: 'conflict' })
    expect(await status(tree.path)).toEqual([' D gone.txt', ' M src/a.txt'])
  })
})
