import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  changeNastyTree,
  commitAll,
  git,
  initRepository,
  nastyTree,
  submoduleRepository,
  temporaryFolder,
  writeFiles,
} from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers } from './index.ts'

const REF = 'refs/skein/trash/one'

/** Everything a person would miss: files with modes, HEAD, branch, index entries with stages, the unfinished operation. */
async function stateOf(path: string): Promise<Record<string, unknown>> {
  const files: Record<string, string> = {}
  const visit = async (folder: Buffer) => {
    for (const item of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      const at = Buffer.concat([folder, Buffer.from('/'), item.name])
      const name = at.subarray(path.length).toString('latin1')
      if (/(^|\/)\.git(\/|$)/.test(name)) continue
      if (item.isSymbolicLink()) files[name] = `-> ${(await readlink(at, 'buffer')).toString('latin1')}`
      else if (item.isDirectory()) await visit(at)
      else files[name] = `${(await lstat(at)).mode & 0o111 ? 'x' : '-'} ${(await readFile(at)).toString('base64')}`
    }
  }
  await visit(Buffer.from(path))
  const quiet = (args: string[]) => git(path, args).catch(() => 'none')
  return {
    files,
    head: await quiet(['rev-parse', '--verify', 'HEAD']),
    branch: await quiet(['symbolic-ref', 'HEAD']),
    index: await git(path, ['ls-files', '--stage']),
    status: await git(path, ['status', '--porcelain=v2', '--untracked-files=all']),
    merge: await quiet(['rev-parse', '--verify', 'MERGE_HEAD']),
  }
}

async function project(dir: string): Promise<{ repo: string; base: string }> {
  const repo = join(dir, 'project')
  await initRepository(repo)
  await writeFiles(repo, { 'a.txt': 'a\n', 'b.txt': 'b\n', '.gitignore': 'ignored/\n' })
  return { repo, base: await commitAll(repo, 'first') }
}

describe('git.snapshot and git.restore', () => {
  it('bring a nasty tree back: staged, unstaged and untracked, modes, links, and names of any bytes', async () => {
    await using folder = await temporaryFolder('snapshot')
    const repo = await nastyTree(join(folder.path, 'nasty'))
    const base = (await git(repo, ['rev-parse', 'HEAD'])).trim()
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    await writeFiles(path, { 'committed.txt': 'only on this branch\n' })
    await commitAll(path, 'unpushed')
    await changeNastyTree(path)
    await git(path, ['add', 'binary.bin', 'renamed to.txt', 'executable.sh'])
    await git(path, ['rm', '--quiet', '--cached', 'no-newline-at-end.txt'])
    await writeFiles(path, { 'binary.bin': 'staged, then changed again', 'named.txt': 'name only\n' })
    await git(path, ['add', '--intent-to-add', 'named.txt'])
    await writeFile(Buffer.concat([Buffer.from(`${path}/`), Buffer.from('käse\n.txt', 'latin1')]), 'x')
    await symlink('../outside', join(path, 'new link'))
    const before = await stateOf(path)

    const taken = await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    expect(await stateOf(path)).toEqual(before)
    expect(taken).toMatchObject({ branch: 'work', dirty: true, head: String(before.head).trim() })
    await handlers['git.removeWorkspace']({
      repo,
      path,
      branch: 'work',
      deleteBranch: true,
      snapshotRef: REF,
      trash: join(folder.path, 'trash'),
    })
    expect(await git(repo, ['branch', '--list', 'work'])).toBe('')

    const restore = { repo, path, ref: REF, branch: 'work' }
    expect(await handlers['git.restore'](restore)).toEqual({ head: taken.head, branch: 'work' })
    expect(await stateOf(path)).toEqual(before)
    expect(await handlers['git.restore'](restore)).toEqual({ head: taken.head, branch: 'work' })
    expect(await handlers['git.listRefs']({ repo, prefix: 'refs/skein/trash/' })).toMatchObject([
      { ref: REF, commit: taken.commit },
    ])
  })

  it('bring back a merge with conflicts, which can then be finished', async () => {
    await using folder = await temporaryFolder('snapshot')
    const { repo, base } = await project(folder.path)
    await git(repo, ['switch', '--quiet', '-c', 'other'])
    await writeFiles(repo, { 'a.txt': 'theirs\n', 'c.txt': 'c\n' })
    await commitAll(repo, 'theirs')
    await git(repo, ['switch', '--quiet', 'main'])
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    await writeFiles(path, { 'a.txt': 'ours\n' })
    await commitAll(path, 'ours')
    await git(path, ['-c', 'user.name=a', '-c', 'user.email=a@b', 'merge', 'other']).catch(() => {})
    const before = await stateOf(path)
    expect(before.index).toContain(' 2\ta.txt')

    await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    await handlers['git.removeWorkspace']({
      repo,
      path,
      branch: 'work',
      deleteBranch: true,
      snapshotRef: REF,
      trash: join(folder.path, 'trash'),
    })
    await handlers['git.restore']({ repo, path, ref: REF, branch: 'work' })

    expect(await stateOf(path)).toEqual(before)
    await writeFiles(path, { 'a.txt': 'both\n' })
    await git(path, ['add', 'a.txt'])
    await git(path, ['commit', '--quiet', '--no-edit'])
    expect((await git(path, ['rev-list', '--parents', '-1', 'HEAD'])).trim().split(' ')).toHaveLength(3)
  })

  it('bring back a rebase that stopped, with the branch where it was', async () => {
    await using folder = await temporaryFolder('snapshot')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    await writeFiles(path, { 'a.txt': 'mine\n' })
    await commitAll(path, 'mine')
    await writeFiles(repo, { 'a.txt': 'main\n' })
    await commitAll(repo, 'main')
    await git(path, ['rebase', 'main']).catch(() => {})
    const before = await stateOf(path)
    expect(before.branch).toBe('none')

    await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    await handlers['git.removeWorkspace']({
      repo,
      path,
      branch: 'work',
      deleteBranch: true,
      snapshotRef: REF,
      trash: join(folder.path, 'trash'),
    })
    await handlers['git.restore']({ repo, path, ref: REF, branch: 'work' })

    expect(await stateOf(path)).toEqual(before)
    expect(await handlers['git.status']({ path })).toMatchObject({ inProgress: 'rebase', branch: null })
    await git(path, ['rebase', '--abort'])
    expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('mine\n')
    expect(await git(path, ['symbolic-ref', 'HEAD'])).toBe('refs/heads/work\n')
  })

  it('work before the first commit', async () => {
    await using folder = await temporaryFolder('snapshot')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    await git(path, ['switch', '--quiet', '--orphan', 'fresh'])
    await writeFiles(path, { 'staged.txt': 'staged\n', 'loose.txt': 'loose\n' })
    await git(path, ['add', 'staged.txt'])
    const before = await stateOf(path)
    const taken = await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    expect(taken.head).toMatch(/^0+$/)
    await handlers['git.removeWorkspace']({
      repo,
      path,
      deleteBranch: false,
      snapshotRef: REF,
      trash: join(folder.path, 'trash'),
    })
    await handlers['git.restore']({ repo, path, ref: REF, branch: 'fresh' })
    expect(await stateOf(path)).toEqual(before)
  })

  it('keep repositories inside the work tree whole, commits that nothing else has included', async () => {
    await using folder = await temporaryFolder('snapshot')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    const inner = join(path, 'tools/inner')
    await initRepository(inner)
    await writeFiles(inner, { 'run.sh': '#!/bin/sh\n', 'crlf.txt': 'a\r\n' })
    await chmod(join(inner, 'run.sh'), 0o755)
    const commit = await commitAll(inner, 'inner')
    await writeFiles(inner, { 'loose.txt': 'loose\n' })
    await initRepository(join(path, 'unborn'))
    await writeFiles(path, { 'unborn/file.txt': 'no commit yet\n' })
    const before = await stateOf(path)

    await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    await handlers['git.removeWorkspace']({
      repo,
      path,
      branch: 'work',
      deleteBranch: true,
      snapshotRef: REF,
      trash: join(folder.path, 'trash'),
    })
    await handlers['git.restore']({ repo, path, ref: REF, branch: 'work' })

    expect(await stateOf(path)).toEqual(before)
    expect((await git(inner, ['rev-parse', 'HEAD'])).trim()).toBe(commit)
    expect(await git(inner, ['status', '--porcelain'])).toBe('?? loose.txt\n')
    expect(await git(join(path, 'unborn'), ['status', '--porcelain'])).toBe('?? file.txt\n')
  })

  it('keep what was done inside a submodule', async () => {
    await using folder = await temporaryFolder('snapshot')
    const { path: repo } = await submoduleRepository(folder.path)
    const base = (await git(repo, ['rev-parse', 'HEAD'])).trim()
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    const inner = join(path, 'vendor/palette')
    await writeFiles(inner, { 'colours.json': '{}\n' })
    const commit = await commitAll(inner, 'unpushed in the submodule')
    await commitAll(path, 'moves the submodule')
    const trash = join(folder.path, 'trash')
    const remove = { repo, path, branch: 'work', deleteBranch: false, trash }

    await expect(handlers['git.removeWorkspace'](remove)).rejects.toMatchObject({ code: 'needs_confirmation' })
    await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    await handlers['git.removeWorkspace']({ ...remove, snapshotRef: REF })
    await handlers['git.restore']({ repo, path, ref: REF, branch: 'work' })

    expect((await git(inner, ['rev-parse', 'HEAD'])).trim()).toBe(commit)
    expect(await git(inner, ['status', '--porcelain'])).toBe('')
  })

  it('leaves HEAD, index and branches alone while taking a snapshot, and leaves ignored files out', async () => {
    await using folder = await temporaryFolder('snapshot')
    const { repo } = await project(folder.path)
    await writeFiles(repo, { 'a.txt': 'changed\n', 'ignored/big.bin': 'x' })
    const bytes = () => readFile(join(repo, '.git/index'))
    const before = await bytes()
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { commit, dirty } = await handlers['git.snapshot']({ path: repo, ref: REF, message: 'kept\n\nfor later' })
    expect(dirty).toBe(true)
    expect((await bytes()).equals(before)).toBe(true)
    expect(await git(repo, ['ls-tree', '-r', '--name-only', commit])).toBe('.gitignore\na.txt\nb.txt\n')
    await git(repo, ['checkout', '--quiet', '--', 'a.txt'])
    expect(await handlers['git.snapshot']({ path: repo, ref: REF, message: 'again' })).toMatchObject({ dirty: false })
    await handlers['git.deleteRef']({ repo, ref: REF })
    await handlers['git.deleteRef']({ repo, ref: REF })
    expect(await handlers['git.listRefs']({ repo, prefix: 'refs/skein/' })).toEqual([])
  })

  it('make a fork: the same state on another branch at another path', async () => {
    await using folder = await temporaryFolder('snapshot')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    await writeFiles(path, { 'a.txt': 'dirty\n' })
    await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    const fork = join(folder.path, 'fork')
    await handlers['git.restore']({ repo, path: fork, ref: REF, branch: 'fork' })
    expect(await git(fork, ['status', '--porcelain', '--branch'])).toBe('## fork\n M a.txt\n')
  })

  it('refuse to restore onto a branch that has moved, or a path that is taken', async () => {
    await using folder = await temporaryFolder('snapshot')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    await handlers['git.snapshot']({ path: repo, ref: REF, message: 'kept' })
    await git(repo, ['switch', '--quiet', '-c', 'work'])
    await writeFiles(repo, { 'a.txt': 'moved on\n' })
    await commitAll(repo, 'moved on')
    await git(repo, ['switch', '--quiet', 'main'])
    const path = join(folder.path, 'ws')
    await expect(handlers['git.restore']({ repo, path, ref: REF, branch: 'work' })).rejects.toMatchObject({
      code: 'conflict',
      next: expect.stringContaining('git branch -m work'),
    })
    await mkdir(path)
    await writeFiles(path, { 'mine.txt': 'mine\n' })
    await expect(handlers['git.restore']({ repo, path, ref: REF, branch: 'free' })).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(handlers['git.restore']({ repo, path, ref: 'refs/skein/none', branch: 'free' })).rejects.toMatchObject(
      { code: 'not_found' },
    )
    expect((await git(repo, ['rev-parse', 'main'])).trim()).toBe(base)
    expect(await readdir(folder.path).then((names) => names.sort())).toEqual(['project', 'state', 'ws'])
  })
})
