import { chmod, lstat, readdir, readFile, readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, git, initRepository, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { inBoth } from './ignored-files.ts'
import { createGitHandlers, type GitHandlers } from './index.ts'

async function project(
  folder: string,
  handlers: GitHandlers,
  files: Record<string, string>,
): Promise<{ from: string; to: string }> {
  const from = join(folder, 'project')
  await initRepository(from)
  await writeFiles(from, {
    'a.txt': 'a\n',
    '.gitignore': '.env*\nnode_modules/\n*.secret\nbuild/\n',
    '.worktreeinclude':
      '# what a workspace needs\n.env\nnode_modules/\nconfig/*.secret\n!config/not.secret\nuntracked.txt\n',
  })
  const base = await commitAll(from, 'first')
  const to = join(folder, 'ws')
  await handlers['git.createWorkspace']({ repo: from, path: to, branch: 'work', base })
  await writeFiles(from, files)
  return { from, to }
}

describe('git.includeFiles', () => {
  it('brings what git ignores and the patterns name: files, and folders whole with modes and relative links', async () => {
    await using folder = await temporaryFolder('include')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { from, to } = await project(folder.path, handlers, {
      '.env': 'KEY=1\n',
      '.env.local': 'not named\n',
      'packages/x/.env': 'KEY=2\n',
      'config/db.secret': 's\n',
      'config/not.secret': 'left out\n',
      'other.secret': 'not named\n',
      'untracked.txt': 'named, but not ignored\n',
      'node_modules/tool/cli.js': '#!/usr/bin/env node\n',
      'node_modules/tool/.env': 'inside\n',
    })
    await chmod(join(from, '.env'), 0o600)
    await chmod(join(from, 'node_modules/tool/cli.js'), 0o755)
    await symlink('../tool/cli.js', join(from, 'node_modules/.link'))
    await symlink('/etc', join(from, 'node_modules/way-out'))

    const { files, bytes, skipped } = await handlers['git.includeFiles']({ from, to })

    expect(files).toEqual(['.env', 'config/db.secret', 'node_modules/', 'packages/x/.env'])
    expect(skipped).toEqual([])
    expect(bytes).toBeGreaterThan(0)
    expect(await readFile(join(to, 'packages/x/.env'), 'utf8')).toBe('KEY=2\n')
    expect((await lstat(join(to, '.env'))).mode & 0o777).toBe(0o600)
    expect((await lstat(join(to, 'node_modules/tool/cli.js'))).mode & 0o777).toBe(0o755)
    expect(await readlink(join(to, 'node_modules/.link'))).toBe('../tool/cli.js')
    expect(await readlink(join(to, 'node_modules/way-out'))).toBe('/etc')
    expect(await git(to, ['status', '--porcelain'])).toBe('')
    expect(await readdir(to)).not.toContain('.skein-include')
  })

  it('leaves what is there, completes folders, and says what it skipped', async () => {
    await using folder = await temporaryFolder('include')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { from, to } = await project(folder.path, handlers, {
      '.env': 'from\n',
      'node_modules/a/x.js': 'x\n',
      'node_modules/b/y.js': 'y\n',
    })
    await writeFiles(to, { '.env': 'own\n', 'node_modules/a/x.js': 'own\n' })
    const { files, skipped } = await handlers['git.includeFiles']({ from, to })
    expect(files).toEqual(['node_modules/b'])
    expect(skipped.map(({ path }) => path)).toEqual(['.env', 'node_modules/a/x.js'])
    expect(await readFile(join(to, '.env'), 'utf8')).toBe('own\n')
    expect(await readFile(join(to, 'node_modules/b/y.js'), 'utf8')).toBe('y\n')
  })

  it('follows no link, neither where it reads nor where it writes', async () => {
    await using folder = await temporaryFolder('include')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { from, to } = await project(folder.path, handlers, { 'config/db.secret': 's\n' })
    const outside = join(folder.path, 'outside')
    await writeFiles(outside, { 'there.txt': 'there\n' })
    await symlink(outside, join(to, 'config'))
    await symlink(join(outside, 'there.txt'), join(from, '.env'))
    const { files, skipped } = await handlers['git.includeFiles']({ from, to })
    expect(files).toEqual(['.env'])
    expect((await lstat(join(to, '.env'))).isSymbolicLink()).toBe(true)
    expect(skipped).toEqual([{ path: 'config/db.secret', why: expect.stringContaining('config is a symbolic link') }])
    expect(await readdir(outside)).toEqual(['there.txt'])
  })

  it('takes patterns from the caller, does nothing without any, and never copies a workspace into itself', async () => {
    await using folder = await temporaryFolder('include')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { from } = await project(folder.path, handlers, { 'build/out.js': 'x\n' })
    const to = join(from, 'build/ws')
    await handlers['git.createWorkspace']({ repo: from, path: to, branch: 'inside', base: 'main' })
    expect(await handlers['git.includeFiles']({ from, to, patterns: [] })).toMatchObject({ files: [] })
    const { files, skipped } = await handlers['git.includeFiles']({ from, to, patterns: ['build/'] })
    expect({ files, skipped }).toEqual({
      files: [],
      skipped: [{ path: 'build/', why: 'the workspace itself is in it' }],
    })
  })

  it('meets in what two lists share, where a folder stands for its content', () => {
    expect(inBoth(['a/', 'b/c.txt', 'd.txt'], ['a/x.txt', 'b/', 'e.txt'])).toEqual(['a/x.txt', 'b/c.txt'])
    expect(inBoth(['a/'], ['a/'])).toEqual(['a/'])
    expect(inBoth(['ab/'], ['a/'])).toEqual([])
  })
})
