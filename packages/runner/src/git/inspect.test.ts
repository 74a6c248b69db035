import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, git, initRepository, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers } from './index.ts'
import { withoutCredentials } from './inspect.ts'

async function project(dir: string): Promise<{ repo: string; base: string }> {
  const repo = join(dir, 'project')
  await initRepository(repo)
  await writeFiles(repo, { 'a.txt': 'a\n', 'sub/b.txt': 'b\n' })
  return { repo, base: await commitAll(repo, 'first') }
}

describe('git.inspect', () => {
  it('tells the work tree from wherever in it one asks, and of a linked one its own root', async () => {
    await using folder = await temporaryFolder('inspect')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base } = await project(folder.path)
    await git(repo, ['remote', 'add', 'origin', 'https://token@example.com/x.git'])
    const expected = {
      kind: 'worktree',
      root: repo,
      commonDir: join(repo, '.git'),
      head: base,
      branch: 'main',
      empty: false,
      shallow: false,
      remotes: [{ name: 'origin', url: 'https://example.com/x.git' }],
      defaultBranch: 'main',
      gitVersion: expect.stringMatching(/^\d+\.\d+/),
    }
    expect(await handlers['git.inspect']({ path: repo })).toEqual(expected)
    expect(await handlers['git.inspect']({ path: join(repo, 'sub') })).toEqual(expected)
    const linked = join(folder.path, 'linked')
    await git(repo, ['worktree', 'add', '--quiet', '--detach', linked])
    expect(await handlers['git.inspect']({ path: join(linked, 'sub') })).toEqual({
      ...expected,
      root: linked,
      branch: null,
    })
  })

  it('tells bare, empty, shallow and no repositories apart', async () => {
    await using folder = await temporaryFolder('inspect')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo } = await project(folder.path)
    await writeFiles(repo, { 'a.txt': 'more\n' })
    await commitAll(repo, 'second')
    const at = (name: string) => join(folder.path, name)
    await git(folder.path, ['clone', '--quiet', '--bare', repo, at('bare')])
    await git(folder.path, ['clone', '--quiet', '--depth=1', `file://${repo}`, at('shallow')])
    await initRepository(at('empty'))
    await mkdir(at('plain'))
    const inspect = (name: string) => handlers['git.inspect']({ path: at(name) })
    expect(await inspect('bare')).toMatchObject({ kind: 'bare', root: at('bare'), branch: 'main', empty: false })
    expect(await inspect('shallow')).toMatchObject({ kind: 'worktree', shallow: true })
    expect(await inspect('empty')).toMatchObject({
      kind: 'worktree',
      empty: true,
      head: null,
      branch: 'main',
      defaultBranch: 'main',
    })
    expect(await inspect('plain')).toMatchObject({ kind: 'none', head: null })
    expect(await inspect('nowhere')).toMatchObject({ kind: 'none' })
    expect(await inspect('project/.git')).toMatchObject({
      kind: 'none',
      problem: expect.stringContaining('git folder'),
    })
  })

  it('takes the default branch from the remote, then from a name that is usual, then the current one', async () => {
    await using folder = await temporaryFolder('inspect')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo } = await project(folder.path)
    await git(repo, ['branch', '-m', 'main', 'trunk'])
    const clone = join(folder.path, 'clone')
    await git(folder.path, ['clone', '--quiet', repo, clone])
    await git(clone, ['switch', '--quiet', '-c', 'topic'])
    expect((await handlers['git.inspect']({ path: clone })).defaultBranch).toBe('trunk')
    expect((await handlers['git.inspect']({ path: repo })).defaultBranch).toBe('trunk')
    await git(repo, ['branch', 'master'])
    expect((await handlers['git.inspect']({ path: repo })).defaultBranch).toBe('master')
  })

  it('hides credentials in addresses and nothing else', () => {
    expect(withoutCredentials('https://user:secret@host/x')).toBe('https://host/x')
    expect(withoutCredentials('ssh://git:secret@host/x')).toBe('ssh://git@host/x')
    expect(withoutCredentials('git@host:team/x.git')).toBe('git@host:team/x.git')
    expect(withoutCredentials('/srv/a@b/x.git')).toBe('/srv/a@b/x.git')
  })
})

describe('git.resolve', () => {
  it('prefers what the clone has, and does not touch the network for it', async () => {
    await using folder = await temporaryFolder('resolve')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base } = await project(folder.path)
    const clone = join(folder.path, 'clone')
    await git(repo, ['branch', 'feature/x'])
    await git(folder.path, ['clone', '--quiet', repo, clone])
    await git(clone, ['tag', 'v1'])
    await rm(repo, { recursive: true })
    const resolve = (ref: string) => handlers['git.resolve']({ repo: clone, ref })
    expect(await resolve('main')).toEqual({ commit: base, fetched: false, ref: 'refs/heads/main' })
    expect(await resolve('origin/feature/x')).toEqual({
      commit: base,
      fetched: false,
      ref: 'refs/remotes/origin/feature/x',
    })
    expect(await resolve('feature/x')).toEqual({ commit: base, fetched: false, ref: 'refs/remotes/origin/feature/x' })
    expect(await resolve('v1')).toEqual({ commit: base, fetched: false, ref: 'refs/tags/v1' })
    expect(await resolve('HEAD')).toEqual({ commit: base, fetched: false, ref: 'HEAD' })
    expect(await resolve(base.slice(0, 8))).toMatchObject({ commit: base, fetched: false })
  })

  it('else fetches that one ref, and nothing else of the clone changes', async () => {
    await using folder = await temporaryFolder('resolve')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo } = await project(folder.path)
    const clone = join(folder.path, 'clone')
    await git(folder.path, ['clone', '--quiet', '--depth=1', `file://${repo}`, clone])
    await git(repo, ['switch', '--quiet', '-c', 'later'])
    await writeFiles(repo, { 'a.txt': 'later\n' })
    const later = await commitAll(repo, 'later')
    await git(repo, ['branch', 'other'])
    await git(repo, ['tag', 'v2'])
    await git(repo, ['update-ref', 'refs/pull/7/head', later])
    const branches = () => git(clone, ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads', 'refs/tags'])
    const before = await branches()

    expect(await handlers['git.resolve']({ repo: clone, ref: 'later' })).toEqual({
      commit: later,
      fetched: true,
      ref: 'origin/later',
    })
    expect(await handlers['git.resolve']({ repo: clone, ref: 'later' })).toMatchObject({
      commit: later,
      fetched: false,
    })
    expect(await handlers['git.resolve']({ repo: clone, ref: 'refs/pull/7/head' })).toMatchObject({
      commit: later,
      fetched: true,
    })
    expect(await branches()).toBe(before)
    expect(await git(clone, ['for-each-ref', '--format=%(refname)', 'refs/remotes/origin/other'])).toBe('')
    expect(await git(clone, ['rev-parse', '--is-shallow-repository'])).toBe('true\n')
  })

  it('names what may have been meant when nobody has it, and refuses what is no name', async () => {
    await using folder = await temporaryFolder('resolve')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo } = await project(folder.path)
    await git(repo, ['branch', 'release/2026'])
    const clone = join(folder.path, 'clone')
    await git(folder.path, ['clone', '--quiet', repo, clone])
    const failure = (ref: string, at = clone) => handlers['git.resolve']({ repo: at, ref })
    await expect(failure('mian')).rejects.toMatchObject({ code: 'not_found', next: expect.stringContaining('main') })
    await expect(failure('2026', repo)).rejects.toMatchObject({ code: 'not_found', next: 'Did you mean release/2026?' })
    await expect(failure('--upload-pack=x')).rejects.toMatchObject({ code: 'invalid' })
    await expect(failure('a\nb')).rejects.toMatchObject({ code: 'invalid' })
    await rm(repo, { recursive: true })
    await expect(failure('gone')).rejects.toMatchObject({ code: expect.stringMatching(/unavailable|not_found/) })
  })
})

describe('a machine that lacks something', () => {
  it('is told that git is missing, and what to install', async () => {
    await using folder = await temporaryFolder('missing')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = process.env.PATH
    process.env.PATH = folder.path
    try {
      await expect(handlers['git.inspect']({ path: folder.path })).rejects.toMatchObject({
        code: 'missing',
        next: expect.stringContaining('Install git'),
      })
    } finally {
      process.env.PATH = path
    }
  })

  it('is told what a damaged or foreign repository wants', async () => {
    await using folder = await temporaryFolder('damaged')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo } = await project(folder.path)
    await writeFile(join(repo, '.git/config'), 'nonsense [')
    expect(await handlers['git.inspect']({ path: repo })).toMatchObject({
      kind: 'none',
      problem: expect.stringContaining('bad config'),
    })
    await expect(handlers['git.status']({ path: join(folder.path, 'nowhere') })).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})
