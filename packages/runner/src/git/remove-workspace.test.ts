import { chmod, mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, git, initRepository, temporaryFolder, waitUntil, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers, type GitHandlers } from './index.ts'

interface Fixture {
  repo: string
  base: string
  path: string
  remove: (more?: Partial<Parameters<GitHandlers['git.removeWorkspace']>[0]>) => Promise<{ removed: boolean }>
}

async function workspace(folder: string, handlers: GitHandlers): Promise<Fixture> {
  const repo = join(folder, 'project')
  await initRepository(repo)
  await writeFiles(repo, { 'a.txt': 'a\n', '.gitignore': 'cache/\n' })
  const base = await commitAll(repo, 'first')
  const path = join(folder, 'ws')
  await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
  const remove: Fixture['remove'] = (more = {}) =>
    handlers['git.removeWorkspace']({
      repo,
      path,
      branch: 'work',
      deleteBranch: true,
      trash: join(folder, 'trash'),
      ...more,
    })
  return { repo, base, path, remove }
}

const REF = 'refs/skein/trash/x'

describe('git.removeWorkspace', () => {
  it('takes away folder, record and branch, frees the space behind, and is done when asked again', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, path, remove } = await workspace(folder.path, handlers)
    await writeFiles(path, { 'cache/deep/file.bin': 'x' })
    await chmod(join(path, 'cache/deep'), 0o555)

    expect(await remove()).toEqual({ removed: true })
    expect(await readdir(folder.path)).not.toContain('ws')
    expect(await git(repo, ['worktree', 'list', '--porcelain'])).not.toContain(path)
    expect(await git(repo, ['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/main\n')
    expect(await readdir(join(repo, '.git'))).not.toContain('worktrees')
    expect(await remove()).toEqual({ removed: false })
    await waitUntil(async () => (await readdir(join(folder.path, 'trash'))).length === 0, {
      what: 'the trash to be empty',
    })
  })

  it('refuses while it holds what no ref has, names it, and goes on with a snapshot that covers it', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, path, remove } = await workspace(folder.path, handlers)
    await writeFiles(path, { 'a.txt': 'changed\n', 'new.txt': 'new\n' })
    await expect(remove()).rejects.toMatchObject({
      code: 'needs_confirmation',
      details: { lost: ['1 uncommitted change', '1 untracked file'] },
    })
    await expect(remove({ snapshotRef: REF })).rejects.toMatchObject({ code: 'needs_confirmation' })
    await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    await writeFiles(path, { 'new.txt': 'changed after the snapshot\n' })
    await expect(remove({ snapshotRef: REF })).rejects.toMatchObject({ next: expect.stringContaining('again') })
    await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    await git(path, ['add', 'new.txt'])
    await expect(remove({ snapshotRef: REF })).rejects.toMatchObject({ code: 'needs_confirmation' })
    await handlers['git.snapshot']({ path, ref: REF, message: 'kept' })
    expect(await remove({ snapshotRef: REF })).toEqual({ removed: true })
    expect(await git(repo, ['show', `${REF}:new.txt`])).toBe('changed after the snapshot\n')
  })

  it('refuses to lose commits with the branch, not those that a branch keeps, and obeys force', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, path, remove } = await workspace(folder.path, handlers)
    await writeFiles(path, { 'a.txt': 'changed\n' })
    const commit = await commitAll(path, 'work')
    await expect(remove()).rejects.toMatchObject({ details: { lost: ['1 commit that nothing else has'] } })
    expect(await remove({ deleteBranch: false })).toEqual({ removed: true })
    expect((await git(repo, ['rev-parse', 'work'])).trim()).toBe(commit)

    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base, existing: true })
    await git(path, ['switch', '--quiet', '--detach'])
    await git(path, ['commit', '--quiet', '--allow-empty', '--message', 'on no branch'])
    await expect(remove({ deleteBranch: false })).rejects.toMatchObject({ code: 'needs_confirmation' })
    expect(await remove({ force: true })).toEqual({ removed: true })
    expect(await git(repo, ['branch', '--list', 'work'])).toBe('')
  })

  it('takes nothing but a work tree of that repository: no link, no folder, not the checkout itself', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, path, remove } = await workspace(folder.path, handlers)
    await symlink(path, join(folder.path, 'link'))
    await mkdir(join(folder.path, 'plain'))
    for (const name of ['link', 'plain', 'project']) {
      await expect(remove({ path: join(folder.path, name), force: true })).rejects.toMatchObject({ code: 'conflict' })
    }
    expect((await readdir(folder.path)).sort()).toEqual(['link', 'plain', 'project', 'state', 'ws'])
    expect(await git(repo, ['status', '--porcelain'])).toBe('')
  })

  it('deletes nothing through a link inside the work tree', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { path, remove } = await workspace(folder.path, handlers)
    await writeFiles(join(folder.path, 'precious'), { 'file.txt': 'precious\n' })
    await symlink(join(folder.path, 'precious'), join(path, 'way-out'))
    await remove({ force: true })
    await waitUntil(async () => (await readdir(join(folder.path, 'trash'))).length === 0, {
      what: 'the trash to be empty',
    })
    expect(await readdir(join(folder.path, 'precious'))).toEqual(['file.txt'])
  })

  it('respects a lock of somebody else, and goes past it by force', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, path, remove } = await workspace(folder.path, handlers)
    await git(repo, ['worktree', 'lock', '--reason', 'on a stick', path])
    await expect(remove()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('on a stick') })
    expect(await remove({ force: true })).toEqual({ removed: true })
    expect(await git(repo, ['worktree', 'list', '--porcelain'])).not.toContain('ws')
  })

  it('finishes a removal that was begun, and one whose folder or pointer somebody deleted', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, path, remove } = await workspace(folder.path, handlers)
    await rm(path, { recursive: true })
    await remove()
    expect(await git(repo, ['worktree', 'list', '--porcelain'])).not.toContain('ws')
    expect(await git(repo, ['branch', '--list', 'work'])).toBe('')

    await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
    await rm(join(path, '.git'))
    await writeFiles(path, { 'new.txt': 'unsaved\n' })
    await expect(remove()).rejects.toMatchObject({ code: 'needs_confirmation' })
    await rm(join(path, 'new.txt'))
    expect(await remove()).toEqual({ removed: true })
  })

  it('follows no pointer that was changed: other verbs refuse, and removal puts it right', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, path, remove } = await workspace(folder.path, handlers)
    const evil = join(folder.path, 'evil')
    const ran = join(folder.path, 'ran')
    await initRepository(evil)
    await git(evil, ['config', 'filter.x.clean', `touch '${ran}'; cat`])
    await writeFiles(path, { '.git': `gitdir: ${evil}/.git\n`, '.gitattributes': '* filter=x\n' })
    const verbs = [
      handlers['git.status']({ path, base }),
      handlers['git.changes']({ path, base }),
      handlers['git.snapshot']({ path, ref: REF, message: 'm' }),
      handlers['git.commit']({ path, message: 'm' }),
      handlers['git.applyTo']({ path, base, target: repo }),
    ]
    for (const answer of await Promise.allSettled(verbs)) {
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { code: 'conflict', next: expect.stringContaining('gitdir: ') },
      })
    }
    await rm(join(path, '.git'))
    await expect(handlers['git.status']({ path })).rejects.toMatchObject({ code: 'conflict' })
    await writeFiles(path, { '.git': `gitdir: ${evil}/.git\n` })
    await expect(remove()).rejects.toMatchObject({ code: 'needs_confirmation' })
    expect(await remove({ force: true })).toEqual({ removed: true })
    expect(await readdir(folder.path)).not.toContain('ran')
  })

  it('sweeps what an earlier process left in the trash, and nothing else there', async () => {
    await using folder = await temporaryFolder('remove')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { remove } = await workspace(folder.path, handlers)
    const left = '.skein-trash-123e4567-e89b-42d3-a456-426614174000'
    await writeFiles(join(folder.path, 'trash'), { [`${left}/file.txt`]: 'x', 'not-ours.txt': 'x' })
    await remove()
    await waitUntil(async () => (await readdir(join(folder.path, 'trash'))).join() === 'not-ours.txt', {
      what: 'the sweep',
    })
  })
})
