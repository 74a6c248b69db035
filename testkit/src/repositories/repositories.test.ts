import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../temporary-folder.ts'
import { commitAll, git } from './git.ts'
import { largeRepository } from './large.ts'
import { changeNastyTree, nastyTree } from './nasty.ts'
import { bareRemote } from './remote.ts'
import { smallRepository } from './small.ts'
import { submoduleRepository } from './submodule.ts'

test('the same fixture has the same commit id everywhere', async () => {
  await using folder = await temporaryFolder('repositories')
  const [one, two] = await Promise.all(['one', 'two'].map((name) => smallRepository(join(folder.path, name))))
  const heads = await Promise.all([one, two].map((path) => git(path ?? '', ['rev-parse', 'HEAD'])))
  expect(heads[0]).toMatch(/^[0-9a-f]{40}\n$/)
  expect(heads[0]).toBe(heads[1])
  expect(await git(one ?? '', ['log', '--format=%an <%ae> %at'])).toBe('Ada Lovelace <ada@example.com> 1767268800\n')
})

test('git that fails says what it was asked and why it did not', async () => {
  await using folder = await temporaryFolder('repositories')
  await expect(git(folder.path, ['status'])).rejects.toThrow(/git status in .* failed with 128: .*not a git repository/)
})

test('the large repository is cloned from a cache, complete and clean, without a remote', async () => {
  await using folder = await temporaryFolder('repositories')
  const paths = await Promise.all(['a', 'b'].map((name) => largeRepository(join(folder.path, name), 700)))
  for (const path of paths) {
    expect((await git(path, ['ls-files'])).trim().split('\n')).toHaveLength(700)
    expect(await git(path, ['status', '--porcelain'])).toBe('')
    expect(await git(path, ['remote'])).toBe('')
  }
})

test('the project with a submodule has it checked out, and ignored files of both sorts', async () => {
  await using folder = await temporaryFolder('repositories')
  const { path, included, excluded, large } = await submoduleRepository(folder.path)
  expect(await git(path, ['status', '--porcelain'])).toBe('')
  expect(await git(path, ['submodule', 'status'])).toMatch(/^ [0-9a-f]{40} vendor\/palette/)
  expect(existsSync(join(path, 'vendor/palette/colours.json'))).toBe(true)
  const ignored = await git(path, ['ls-files', '--others', '--ignored', '--exclude-standard'])
  expect(ignored.trim().split('\n').sort()).toEqual([...included, ...excluded].sort())
  expect(await readFile(join(path, large.path), 'utf8')).toBe(large.pointer)
})

test('a bare remote can be pushed to and knows the branch', async () => {
  await using folder = await temporaryFolder('repositories')
  const path = await smallRepository(join(folder.path, 'work'))
  const remote = await bareRemote(path)
  expect(await git(path, ['status', '--branch', '--porcelain'])).toBe('## main...origin/main\n')
  await git(path, ['commit', '--quiet', '--allow-empty', '--message', 'more'])
  await git(path, ['push', '--quiet'])
  expect(await git(remote, ['rev-parse', 'main'])).toBe(await git(path, ['rev-parse', 'HEAD']))
  expect(await git(path, ['symbolic-ref', 'refs/remotes/origin/HEAD'])).toBe('refs/remotes/origin/main\n')
})

test('the changes of a nasty tree are those that it promises', async () => {
  await using folder = await temporaryFolder('repositories')
  const path = await nastyTree(join(folder.path, 'nasty'))
  expect(await git(path, ['status', '--porcelain'])).toBe('')
  expect(await readdir(path)).toContain('new\nline\tand tab.txt')

  const expected = await changeNastyTree(path)
  const before = (await git(path, ['rev-parse', 'HEAD'])).trim()
  await commitAll(path, 'All at once')
  const fields = (await git(path, ['diff', '-z', '--name-status', '--find-renames', before, 'HEAD']))
    .split('\0')
    .slice(0, -1)
  expect(sorted(parseNameStatus(fields))).toEqual(sorted(expected))
  const modes = await git(path, ['diff', '--summary', before, 'HEAD', '--', 'executable.sh'])
  expect(modes).toContain('mode change 100644 => 100755 executable.sh')
  const numbers = await git(path, ['diff', '--numstat', before, 'HEAD', '--', 'binary.bin'])
  expect(numbers).toBe('-\t-\tbinary.bin\n')
})

interface Change {
  status: string
  path: string
  from?: string
}

function parseNameStatus(fields: string[]): Change[] {
  const changes: Change[] = []
  while (fields.length > 0) {
    const status = fields.shift()?.[0] ?? ''
    const [first = '', second = ''] = fields.splice(0, status === 'R' ? 2 : 1)
    changes.push(status === 'R' ? { status, path: second, from: first } : { status, path: first })
  }
  return changes
}

function sorted<T extends { path: string }>(changes: T[]): T[] {
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}
