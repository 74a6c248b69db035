import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, git, initRepository, submoduleRepository, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers } from './index.ts'

async function project(dir: string): Promise<{ repo: string; base: string }> {
  const repo = join(dir, 'project')
  await initRepository(repo)
  await writeFiles(repo, { 'README.md': '# project\n', 'src/index.ts': 'export {}\n', '.gitignore': 'dist/\n' })
  return { repo, base: await commitAll(repo, 'first') }
}

/** Everything of the user's that a workspace must leave alone. */
async function fingerprint(repo: string): Promise<{ refs: string } & Record<string, string>> {
  const hash = async (file: string) =>
    createHash('sha256')
      .update(await readFile(join(repo, '.git', file)).catch(() => ''))
      .digest('hex')
  return {
    index: await hash('index'),
    head: await hash('HEAD'),
    config: await hash('config'),
    stash: await git(repo, ['stash', 'list']),
    refs: await git(repo, ['for-each-ref', '--format=%(refname) %(objectname)']),
    files: await git(repo, ['status', '--porcelain']),
    reflog: await hash('logs/HEAD'),
  }
}

describe('git.createWorkspace', () => {
  it('makes a work tree on a new branch at the base, and the same call again answers what is there', async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const params = { repo, path: join(folder.path, 'ws/one'), branch: 'skein/one', base }

    expect(await handlers['git.createWorkspace'](params)).toEqual({ head: base, fromPool: false, existed: false })
    expect(await handlers['git.createWorkspace'](params)).toEqual({ head: base, fromPool: false, existed: true })

    expect(await git(params.path, ['symbolic-ref', 'HEAD'])).toBe('refs/heads/skein/one\n')
    expect(await git(params.path, ['status', '--porcelain'])).toBe('')
    expect(await readFile(join(params.path, 'src/index.ts'), 'utf8')).toBe('export {}\n')
    expect(await readdir(join(folder.path, 'ws'))).toEqual(['one'])
    expect(await git(repo, ['worktree', 'list', '--porcelain'])).not.toContain('locked')
  })

  it("leaves the user's checkout, index, stashes, HEAD, config and branches byte for byte, but for the new branch", async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    await writeFiles(repo, { 'README.md': 'to be stashed\n' })
    await git(repo, ['stash'])
    await writeFiles(repo, { 'src/index.ts': 'staged\n', 'untracked.txt': 'new\n' })
    await git(repo, ['add', 'src/index.ts'])
    await writeFiles(repo, { 'src/index.ts': 'staged, then changed\n' })
    await git(repo, ['config', 'branch.autoSetupMerge', 'always'])
    const before = await fingerprint(repo)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')

    await handlers['git.createWorkspace']({ repo, path, branch: 'skein/x', base })
    await writeFiles(path, { 'src/index.ts': 'by the agent\n', 'more.txt': 'more\n' })
    const { tree } = await handlers['git.changes']({ path, base })
    await handlers['git.diff']({ path, base, tree })
    await handlers['git.status']({ path, base })
    const { refs, ...rest } = await fingerprint(repo)

    expect({ ...rest, refs: refs.replace(`refs/heads/skein/x ${base}\n`, '') }).toEqual(before)
  })

  it('makes twenty work trees at once on one repository', async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const names = Array.from({ length: 20 }, (_, index) => `w${index}`)

    const made = await Promise.all(
      names.map((name) =>
        handlers['git.createWorkspace']({ repo, path: join(folder.path, 'ws', name), branch: `skein/${name}`, base }),
      ),
    )

    expect(made.every(({ head, existed }) => head === base && !existed)).toBe(true)
    const list = await handlers['git.listWorkspaces']({ repo, under: folder.path })
    expect(list.map(({ branch }) => branch).sort()).toEqual(names.map((name) => `skein/${name}`).sort())
    for (const name of names) expect(await git(join(folder.path, 'ws', name), ['status', '--porcelain'])).toBe('')
  })

  it('answers the same call from two sides at once with one work tree', async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const params = { repo, path: join(folder.path, 'ws'), branch: 'b', base }
    const both = await Promise.all([handlers['git.createWorkspace'](params), handlers['git.createWorkspace'](params)])
    expect(both.map(({ existed }) => existed).sort()).toEqual([false, true])
  })

  it('works beside another process that holds a lock for a while', async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    await mkdir(join(repo, '.git/refs/heads/skein'), { recursive: true })
    const lock = join(repo, '.git/refs/heads/skein/x.lock')
    await writeFile(lock, '')
    const making = handlers['git.createWorkspace']({ repo, path: join(folder.path, 'ws'), branch: 'skein/x', base })
    setTimeout(() => void rm(lock, { force: true }), 700)
    expect((await making).head).toBe(base)
  })

  it('refuses a branch that exists and a path that is taken, and says what to do', async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    await git(repo, ['branch', 'taken'])
    await writeFiles(join(folder.path, 'foreign'), { 'file.txt': 'mine\n' })
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const create = (path: string, branch: string, more = {}) =>
      handlers['git.createWorkspace']({ repo, path: join(folder.path, path), branch, base, ...more })

    await expect(create('a', 'taken')).rejects.toMatchObject({
      code: 'conflict',
      next: expect.stringContaining('another name'),
    })
    await expect(create('foreign', 'b')).rejects.toMatchObject({ code: 'conflict' })
    await expect(create('c', 'taken/below')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('taken'),
    })
    await expect(create('d', 'main', { existing: true })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(repo),
    })
    await expect(create('e', 'nope', { existing: true })).rejects.toMatchObject({ code: 'not_found' })
    await expect(create('f', '--force')).rejects.toMatchObject({ code: 'invalid' })
    await expect(
      handlers['git.createWorkspace']({ repo, path: join(folder.path, 'g'), branch: 'g', base: 'f'.repeat(40) }),
    ).rejects.toMatchObject({ code: 'not_found' })
    expect((await create('h', 'taken', { existing: true })).head).toBe(base)
    expect((await readdir(folder.path)).sort()).toEqual(['foreign', 'h', 'project', 'state'])
    expect(await git(repo, ['branch', '--list', 'b', 'g', '--format=%(refname)'])).toBe('')
  })

  it('makes the work tree of an existing branch again whose folder somebody deleted', async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const params = { repo, path: join(folder.path, 'ws'), branch: 'b', base }
    await handlers['git.createWorkspace'](params)
    await rm(params.path, { recursive: true })
    expect(await handlers['git.createWorkspace']({ ...params, existing: true })).toMatchObject({ existed: false })
    expect(await git(params.path, ['status', '--porcelain', '--branch'])).toBe('## b\n')
  })

  it('reaches the path through a linked folder, and a bare repository', async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    await mkdir(join(folder.path, 'real'))
    await symlink(join(folder.path, 'real'), join(folder.path, 'link'))
    const bare = join(folder.path, 'bare.git')
    await git(folder.path, ['clone', '--quiet', '--bare', repo, bare])
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    for (const [name, from] of [
      ['a', repo],
      ['b', bare],
    ] as const) {
      const params = { repo: from, path: join(folder.path, 'link', name), branch: name, base }
      expect(await handlers['git.createWorkspace'](params)).toMatchObject({ existed: false })
      expect(await handlers['git.createWorkspace'](params)).toMatchObject({ existed: true })
      expect(await git(join(folder.path, 'real', name), ['status', '--porcelain'])).toBe('')
    }
  })

  it('runs no hook of the repository, unless it is trusted; then post-checkout, as git does', async () => {
    await using folder = await temporaryFolder('create')
    const { repo, base } = await project(folder.path)
    const ran = join(folder.path, 'ran')
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
      await writeFiles(join(repo, '.git/hooks'), { [hook]: `#!/bin/sh\necho ${hook} >> '${ran}'\n` })
      await git(repo, ['update-index', '-q', '--refresh'])
    }
    for (const hook of await readdir(join(repo, '.git/hooks'))) await chmod(join(repo, '.git/hooks', hook), 0o755)
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    await handlers['git.createWorkspace']({ repo, path: join(folder.path, 'a'), branch: 'a', base })
    expect(await readFile(ran, 'utf8').catch(() => '')).toBe('')
    await handlers['git.createWorkspace']({ repo, path: join(folder.path, 'b'), branch: 'b', base, hooks: true })
    expect(await readFile(ran, 'utf8')).toBe('post-checkout\n')
  })

  it('checks out submodules from what the clone has, without the network', async () => {
    await using folder = await temporaryFolder('create')
    const { path: repo, palette } = await submoduleRepository(folder.path)
    await rm(palette, { recursive: true })
    const base = (await git(repo, ['rev-parse', 'HEAD'])).trim()
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'b', base })
    expect(await readFile(join(path, 'vendor/palette/colours.json'), 'utf8')).toContain('ink')
    expect(await git(path, ['status', '--porcelain', 'vendor'])).toBe('')
    expect(await git(join(path, 'vendor/palette'), ['remote', 'get-url', 'origin'])).toBe(`${palette}\n`)
  })

  it('does not fail on submodules that the clone never fetched', async () => {
    await using folder = await temporaryFolder('create')
    const { path } = await submoduleRepository(folder.path)
    const repo = join(folder.path, 'clone')
    await git(folder.path, ['clone', '--quiet', path, repo])
    const base = (await git(repo, ['rev-parse', 'HEAD'])).trim()
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const ws = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path: ws, branch: 'b', base })
    expect(await readdir(join(ws, 'vendor/palette'))).toEqual([])
  })

  it("keeps the checkout's sparse patterns", async () => {
    await using folder = await temporaryFolder('create')
    const { repo } = await project(folder.path)
    await writeFiles(repo, { 'a/1.txt': '1\n', 'b/2.txt': '2\n' })
    const base = await commitAll(repo, 'two folders')
    await git(repo, ['sparse-checkout', 'set', 'a'])
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'b', base })
    expect((await readdir(path)).sort()).toEqual(['.git', '.gitignore', 'README.md', 'a'])
    expect(await git(path, ['status', '--porcelain'])).toBe('')
  })
})
