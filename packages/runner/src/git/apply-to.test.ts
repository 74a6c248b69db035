import { chmod, lstat, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { changeNastyTree, commitAll, git, initRepository, nastyTree, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers, type GitHandlers } from './index.ts'

const lines = (...changed: [number, string][]) =>
  Array.from({ length: 30 }, (_, n) => `${new Map(changed).get(n) ?? `line ${n}`}\n`).join('')

async function project(folder: string, handlers: GitHandlers): Promise<{ repo: string; base: string; path: string }> {
  const repo = join(folder, 'project')
  await initRepository(repo)
  await writeFiles(repo, { 'a.txt': lines(), 'b.txt': 'b\n', 'gone.txt': 'gone\n', '.gitignore': 'local/\n*.log\n' })
  const base = await commitAll(repo, 'first')
  const path = join(folder, 'ws')
  await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
  return { repo, base, path }
}

/** All files with content, and the index as it is on disk. */
async function stateOf(repo: string): Promise<unknown> {
  const names = (await readdir(repo, { recursive: true, withFileTypes: true })).filter(
    (item) => !item.isDirectory() && !/\.git(\/|$)/.test(item.parentPath),
  )
  const files = await Promise.all(
    names.map(async ({ parentPath, name }) => [
      join(parentPath, name),
      await readFile(join(parentPath, name), 'base64'),
    ]),
  )
  return {
    files: files.filter(([name]) => !name?.includes('/.git')).sort(),
    index: await readFile(join(repo, '.git/index'), 'base64'),
    head: await git(repo, ['rev-parse', 'HEAD']),
  }
}

describe('git.applyTo', () => {
  it('merges into a checkout that has moved on and has changes of its own, and leaves its index alone', async () => {
    await using folder = await temporaryFolder('apply')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, path } = await project(folder.path, handlers)
    await writeFiles(path, { 'a.txt': lines([2, 'by the agent']), 'new/file.sh': '#!/bin/sh\n' })
    await chmod(join(path, 'new/file.sh'), 0o755)
    await git(path, ['rm', '--quiet', 'gone.txt'])
    await commitAll(path, 'committed by the agent')
    await symlink('a.txt', join(path, 'link'))
    await writeFiles(repo, { 'a.txt': lines([15, 'committed by the user']) })
    await commitAll(repo, 'second')
    await writeFiles(repo, {
      'a.txt': lines([15, 'committed by the user'], [28, 'not yet committed']),
      'b.txt': 'staged\n',
    })
    await git(repo, ['add', 'b.txt'])
    const index = await readFile(join(repo, '.git/index'))

    expect(await handlers['git.applyTo']({ path, base, target: repo, check: true })).toEqual({
      applied: false,
      conflicts: [],
      files: 4,
    })
    expect(await readFile(join(repo, 'a.txt'), 'utf8')).not.toContain('agent')
    expect(await handlers['git.applyTo']({ path, base, target: repo })).toEqual({
      applied: true,
      conflicts: [],
      files: 4,
    })

    expect((await readFile(join(repo, '.git/index'))).equals(index)).toBe(true)
    expect(await readFile(join(repo, 'a.txt'), 'utf8')).toBe(
      lines([2, 'by the agent'], [15, 'committed by the user'], [28, 'not yet committed']),
    )
    expect(await git(repo, ['status', '--porcelain', '--untracked-files=all'])).toBe(
      ' M a.txt\nM  b.txt\n D gone.txt\n?? link\n?? new/file.sh\n',
    )
    expect((await lstat(join(repo, 'new/file.sh'))).mode & 0o100).toBe(0o100)
    expect(await handlers['git.applyTo']({ path, base, target: repo })).toEqual({
      applied: true,
      conflicts: [],
      files: 0,
    })
  })

  it('changes nothing at all when one file conflicts, and names it', async () => {
    await using folder = await temporaryFolder('apply')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, path } = await project(folder.path, handlers)
    await writeFiles(path, { 'a.txt': lines([2, 'by the agent']), 'b.txt': 'by the agent\n', 'new.txt': 'new\n' })
    await writeFiles(repo, { 'b.txt': 'by the user\n' })
    const before = await stateOf(repo)
    const answer = await handlers['git.applyTo']({ path, base, target: repo })
    expect(answer).toMatchObject({
      applied: false,
      conflicts: ['b.txt'],
      files: 0,
      message: expect.stringContaining('CONFLICT'),
    })
    expect(await stateOf(repo)).toEqual(before)
  })

  it('writes over no file of the target, be it untracked or ignored', async () => {
    await using folder = await temporaryFolder('apply')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, path } = await project(folder.path, handlers)
    await writeFiles(path, { 'notes.txt': 'of the agent\n', 'build.log': 'log\n' })
    await git(path, ['add', '--force', 'build.log'])
    await git(path, ['commit', '--quiet', '--message', 'a log'])
    await writeFiles(repo, { 'build.log': 'of the user\n' })
    const before = await stateOf(repo)
    expect(await handlers['git.applyTo']({ path, base, target: repo })).toMatchObject({
      applied: false,
      conflicts: ['build.log'],
    })
    expect(await stateOf(repo)).toEqual(before)
    await writeFiles(repo, { 'notes.txt': 'of the user\n' })
    expect(await handlers['git.applyTo']({ path, base, target: repo })).toMatchObject({
      applied: false,
      conflicts: ['notes.txt'],
    })
  })

  it('brings a nasty tree over, into another clone too', async () => {
    await using folder = await temporaryFolder('apply')
    const repo = await nastyTree(join(folder.path, 'nasty'))
    const base = (await git(repo, ['rev-parse', 'HEAD'])).trim()
    const clone = join(folder.path, 'clone')
    await git(folder.path, ['clone', '--quiet', repo, clone])
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    await changeNastyTree(path)
    const { tree } = await handlers['git.changes']({ path, base })
    for (const target of [repo, clone]) {
      expect(await handlers['git.applyTo']({ path, base, target })).toMatchObject({ applied: true, conflicts: [] })
      expect((await handlers['git.changes']({ path: target, base })).tree).toBe(tree)
    }
  })

  it('takes neither the place of an ignored folder, nor makes a folder of an ignored file', async () => {
    await using folder = await temporaryFolder('apply')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, path } = await project(folder.path, handlers)
    await writeFiles(path, { 'a.txt': lines([2, 'by the agent']), 'z/new.txt': 'new\n', y: 'a file\n' })
    await writeFiles(repo, {
      '.git/info/exclude': 'z\ny/\n',
      z: 'an ignored file\n',
      'y/precious.txt': 'in an ignored folder\n',
    })
    await git(path, ['add', '--force', 'z/new.txt', 'y'])
    const before = await stateOf(repo)
    const answer = await handlers['git.applyTo']({ path, base, target: repo })
    expect(answer).toMatchObject({ applied: false, conflicts: ['y/precious.txt', 'z'] })
    expect(await stateOf(repo)).toEqual(before)
  })

  it('puts everything back when writing fails half way', async () => {
    await using folder = await temporaryFolder('apply')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, path } = await project(folder.path, handlers)
    await writeFiles(path, {
      'a.txt': lines([2, 'by the agent']),
      'b.txt': 'by the agent\n',
      'a/new/file.txt': 'new\n',
    })
    await git(repo, ['config', 'filter.broken.smudge', 'false'])
    await git(repo, ['config', 'filter.broken.required', 'true'])
    await git(repo, ['config', 'filter.broken.clean', 'cat'])
    await writeFiles(repo, { '.git/info/attributes': 'b.txt filter=broken\n' })
    const before = await stateOf(repo)
    await expect(handlers['git.applyTo']({ path, base, target: repo })).rejects.toThrow(/smudge filter broken failed/)
    await writeFiles(repo, { '.git/info/attributes': '' })
    expect(await stateOf(repo)).toEqual(before)
  })
})
