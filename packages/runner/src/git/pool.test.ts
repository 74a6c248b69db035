import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, git, initRepository, temporaryFolder, waitUntil, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers, type GitHandlers } from './index.ts'

interface Fixture {
  repo: string
  base: string
  pool: string
  fill: (size: number, base?: string) => Promise<void>
  create: (name: string, base?: string) => Promise<{ fromPool: boolean; head: string }>
}

async function project(folder: string, handlers: GitHandlers): Promise<Fixture> {
  const repo = join(folder, 'project')
  await initRepository(repo)
  await writeFiles(repo, { 'a.txt': 'a\n', 'b.txt': 'b\n', '.gitignore': 'cache/\n' })
  const base = await commitAll(repo, 'first')
  const pool = join(folder, 'pool')
  return {
    repo,
    base,
    pool,
    fill: async (size, at = base) => {
      await handlers['git.poolFill']({ repo, pool, base: at, size })
      const isFull = async () => {
        const { ready, making } = await handlers['git.poolStatus']({ pool })
        return ready === size && making === 0 && (await readdir(pool)).every((name) => name.startsWith('ready-'))
      }
      await waitUntil(isFull, { what: `a pool of ${size}`, timeout: 40_000 })
    },
    create: (name, at = base) =>
      handlers['git.createWorkspace']({ repo, path: join(folder, 'ws', name), branch: name, base: at, pool }),
  }
}

describe('the warm pool', () => {
  it('gives a work tree that is made already, pointed at the base that is asked for', async () => {
    await using folder = await temporaryFolder('pool')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, base, fill, create } = await project(folder.path, handlers)
    await fill(1)
    await writeFiles(repo, { 'a.txt': 'newer\n', 'sub/c.txt': 'c\n' })
    await git(repo, ['rm', '--quiet', 'b.txt'])
    const newer = await commitAll(repo, 'second')

    expect(await create('one', newer)).toMatchObject({ fromPool: true, head: newer })
    const path = join(folder.path, 'ws/one')
    expect(await git(path, ['status', '--porcelain', '--branch'])).toBe('## one\n')
    expect((await readdir(path)).sort()).toEqual(['.git', '.gitignore', 'a.txt', 'sub'])
    expect(await create('two', base)).toMatchObject({ fromPool: false })
    expect(await git(repo, ['worktree', 'prune', '--verbose'])).toBe('')
    expect(await git(repo, ['worktree', 'list', '--porcelain'])).not.toContain('locked')
  })

  it('never gives one work tree to two', async () => {
    await using folder = await temporaryFolder('pool')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    await using others = createGitHandlers({ dir: join(folder.path, 'other state') })
    const { repo, base, pool, fill } = await project(folder.path, handlers)
    await fill(4)
    const names = Array.from({ length: 10 }, (_, n) => `w${n}`)
    const made = await Promise.all(
      names.map((name, n) =>
        (n % 2 === 0 ? handlers : others)['git.createWorkspace']({
          repo,
          path: join(folder.path, 'ws', name),
          branch: name,
          base,
          pool,
        }),
      ),
    )
    expect(made.filter(({ fromPool }) => fromPool)).toHaveLength(4)
    const gitDirs = await Promise.all(
      names.map((name) => git(join(folder.path, 'ws', name), ['rev-parse', '--git-dir'])),
    )
    expect(new Set(gitDirs).size).toBe(10)
    for (const name of names)
      expect(await git(join(folder.path, 'ws', name), ['status', '--porcelain', '--branch'])).toBe(`## ${name}\n`)
  })

  it('discards what is dirty, broken or made under other settings', async () => {
    await using folder = await temporaryFolder('pool')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, pool, fill, create } = await project(folder.path, handlers)
    const treeIn = async (name: string) => {
      const [tree] = (await readdir(join(pool, name))).filter((file) => file.startsWith('skein-pool'))
      return join(pool, name, tree ?? '')
    }
    await fill(4)
    const [changed = '', untracked = '', ignored = '', broken = ''] = await readdir(pool)
    await writeFiles(await treeIn(changed), { 'a.txt': 'dirty\n' })
    await writeFiles(await treeIn(untracked), { 'new.txt': 'new\n' })
    await writeFiles(await treeIn(ignored), { 'cache/x.txt': 'x\n' })
    await rm(join(await treeIn(broken), '.git'))
    expect(await create('one')).toMatchObject({ fromPool: false })
    expect((await readdir(join(folder.path, 'ws/one'))).sort()).toEqual(['.git', '.gitignore', 'a.txt', 'b.txt'])

    await fill(1)
    await git(repo, ['config', 'core.autocrlf', 'true'])
    expect(await create('two')).toMatchObject({ fromPool: false })
  })

  it('is brought to its size and to its base, emptied by 0, and leaves no record behind', async () => {
    await using folder = await temporaryFolder('pool')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, pool, fill } = await project(folder.path, handlers)
    await fill(2)
    await writeFiles(repo, { 'a.txt': 'newer\n' })
    const newer = await commitAll(repo, 'second')
    await handlers['git.poolFill']({ repo, pool, base: newer, size: 2 })
    const heads = async () => {
      const list = await git(repo, ['worktree', 'list', '--porcelain'])
      return list.match(/(?<=\/pool\/.*\nHEAD ).*/g) ?? []
    }
    await waitUntil(async () => (await heads()).join() === `${newer},${newer}`, { what: 'the pool at its new base' })
    await fill(0, newer)
    expect(await heads()).toEqual([])
  })

  it('is not listed among the workspaces', async () => {
    await using folder = await temporaryFolder('pool')
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { repo, fill, create } = await project(folder.path, handlers)
    await fill(1)
    await create('one')
    await fill(1)
    const list = await handlers['git.listWorkspaces']({ repo, under: folder.path })
    expect(list.map(({ branch, missing }) => ({ branch, missing }))).toEqual([{ branch: 'one', missing: false }])
    await rm(join(folder.path, 'ws/one'), { recursive: true })
    expect(await handlers['git.listWorkspaces']({ repo, under: join(folder.path, 'ws') })).toMatchObject([
      { branch: 'one', missing: true },
    ])
  })
})
