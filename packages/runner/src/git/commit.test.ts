import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, git, initRepository, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers } from './index.ts'

async function project(dir: string): Promise<{ repo: string; base: string }> {
  const repo = join(dir, 'project')
  await initRepository(repo)
  await writeFiles(repo, { 'a.txt': 'a\n', 'scripts/setup.sh': 'echo hi\n', '.gitignore': 'ignored\n' })
  return { repo, base: await commitAll(repo, 'first') }
}

describe('git.commit', () => {
  it('commits everything that is not ignored, with message and author as they are; null when there is nothing', async () => {
    await using folder = await temporaryFolder('commit')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo } = await project(folder.path)
    await writeFiles(repo, { 'a.txt': 'changed\n', 'new $(x).txt': 'new\n', ignored: 'x' })
    const message = 'subject "with" $(quotes)\n\n--body'
    const { commit } = await handlers['git.commit']({
      path: repo,
      message,
      author: { name: 'Grace', email: 'grace@example.com' },
    })
    expect(await git(repo, ['log', '-1', '--format=%H|%an|%ae|%B'])).toBe(
      `${commit}|Grace|grace@example.com|${message}\n\n`,
    )
    expect(await git(repo, ['show', '--name-only', '--format=', 'HEAD'])).toBe('a.txt\nnew $(x).txt\n')
    expect(await handlers['git.commit']({ path: repo, message })).toEqual({ commit: null })
  })

  it('runs hooks only when they are trusted, and then says what they said', async () => {
    await using folder = await temporaryFolder('commit')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo } = await project(folder.path)
    await writeFiles(repo, { '.git/hooks/pre-commit': '#!/bin/sh\necho "lint failed" >&2\nexit 1\n', 'b.txt': 'b\n' })
    await chmod(join(repo, '.git/hooks/pre-commit'), 0o755)
    await expect(handlers['git.commit']({ path: repo, message: 'm', hooks: true })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('lint failed'),
    })
    expect((await handlers['git.commit']({ path: repo, message: 'm' })).commit).toMatch(/^[0-9a-f]{40}$/)
  })
})

describe('git.publishBranch', () => {
  it("makes a branch of the work tree's state without touching the work tree, and does so once", async () => {
    await using folder = await temporaryFolder('publish')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base } = await project(folder.path)
    await writeFiles(repo, { 'new.txt': 'new\n' })
    const publish = { path: repo, branch: 'out', message: 'all of it' }
    const { commit } = await handlers['git.publishBranch'](publish)
    expect(await handlers['git.publishBranch'](publish)).toEqual({ commit })
    expect(await git(repo, ['rev-list', '--parents', '-1', 'out'])).toBe(`${commit} ${base}\n`)
    expect(await git(repo, ['show', 'out:new.txt'])).toBe('new\n')
    expect(await git(repo, ['status', '--porcelain', '--branch'])).toBe('## main\n?? new.txt\n')
  })

  it('moves a branch forward, and elsewhere only by force; one that is checked out never', async () => {
    await using folder = await temporaryFolder('publish')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base } = await project(folder.path)
    await git(repo, ['branch', 'behind'])
    await git(repo, ['switch', '--quiet', '-c', 'aside'])
    await git(repo, ['commit', '--quiet', '--allow-empty', '--message', 'aside'])
    await git(repo, ['switch', '--quiet', 'main'])
    await writeFiles(repo, { 'a.txt': 'changed\n' })
    const publish = (branch: string, force?: boolean) =>
      handlers['git.publishBranch']({ path: repo, branch, message: 'm', ...(force === undefined ? {} : { force }) })
    expect(await git(repo, ['rev-parse', `${(await publish('behind')).commit}^`])).toBe(`${base}\n`)
    await expect(publish('aside')).rejects.toMatchObject({ code: 'conflict' })
    expect(await git(repo, ['rev-parse', `${(await publish('aside', true)).commit}^`])).toBe(`${base}\n`)
    await expect(publish('main', true)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('checked out'),
    })
  })
})

describe('git.show and git.listFiles', () => {
  it('read a commit: content, absence, blobs and modes, odd names', async () => {
    await using folder = await temporaryFolder('show')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo } = await project(folder.path)
    await writeFiles(repo, {
      'new\nline.txt': 'odd\n',
      'scripts[1]/x.sh': 'x\n',
      'big.bin': Buffer.alloc(1024 * 1024 + 1),
    })
    await chmod(join(repo, 'scripts/setup.sh'), 0o755)
    const commit = await commitAll(repo, 'second')
    const show = async (file: string) => {
      const found = await handlers['git.show']({ repo, commit, file })
      return found && Buffer.from(found.base64, 'base64').toString()
    }
    expect(await show('a.txt')).toBe('a\n')
    expect(await show('new\nline.txt')).toBe('odd\n')
    expect(await show('nope.txt')).toBeNull()
    expect(await show('scripts')).toBeNull()
    await expect(show('big.bin')).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('1 MiB') })
    const list = await handlers['git.listFiles']({ repo, commit, paths: ['scripts', 'scripts[1]', 'nope'] })
    expect(list).toEqual([
      {
        path: 'scripts/setup.sh',
        blob: (await git(repo, ['rev-parse', 'HEAD:scripts/setup.sh'])).trim(),
        mode: '100755',
      },
      {
        path: 'scripts[1]/x.sh',
        blob: (await git(repo, ['rev-parse', 'HEAD:scripts[1]/x.sh'])).trim(),
        mode: '100644',
      },
    ])
    expect(await handlers['git.listFiles']({ repo, commit, paths: [] })).toEqual([])
  })
})
