import { appendFile, chmod, mkdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, git, initRepository, temporaryFolder, writeFiles } from '@skein/testkit'
import { expect, it } from 'vitest'
import { createContext } from './context.ts'
import { gitText } from './git.ts'
import { takeState } from './work-tree-state.ts'

/** What an agent may do to its work tree between two looks at it. */
const STEPS: Record<string, (at: string) => Promise<unknown>> = {
  'nothing at all': async () => {},
  'a new file': (at) => writeFile(join(at, 'new.txt'), 'new\n'),
  'many new files': (at) =>
    writeFiles(at, Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`many/${n}.txt`, `line ${n}\n`]))),
  'a new file of four letters': (at) => writeFile(join(at, 'same.txt'), 'aaaa\n'),
  'four others in it, at once': (at) => writeFile(join(at, 'same.txt'), 'bbbb\n'),
  'a tracked file changed': (at) => appendFile(join(at, 'a.txt'), 'more\n'),
  'a file removed': (at) => rm(join(at, 'new.txt')),
  'a folder renamed': (at) => rename(join(at, 'many'), join(at, 'few')),
  'the x bit': (at) => chmod(join(at, 'few/1.txt'), 0o755),
  'a file that became a link': async (at) => {
    await rm(join(at, 'few/2.txt'))
    await symlink('1.txt', join(at, 'few/2.txt'))
  },
  'a file that became a folder': async (at) => {
    await rm(join(at, 'few/3.txt'))
    await mkdir(join(at, 'few/3.txt'))
    await writeFile(join(at, 'few/3.txt/inside'), 'x')
  },
  'files that are ignored from now on': (at) => writeFile(join(at, '.gitignore'), 'few/\n'),
  'and are not again': (at) => writeFile(join(at, '.gitignore'), 'nothing\n'),
  'a file staged': (at) => git(at, ['add', 'few/4.txt']),
  'a file unstaged': (at) => git(at, ['reset', '--quiet']),
  'a commit': async (at) => {
    await commitAll(at, 'all of it')
  },
  'a change after it': (at) => appendFile(join(at, 'few/5.txt'), 'more\n'),
  'it taken back': (at) => git(at, ['reset', '--hard', '--quiet', 'HEAD~1']),
  'a repository inside, without a commit': (at) => initRepository(join(at, 'inner')),
  'its first commit': async (at) => {
    await writeFile(join(at, 'inner/x'), 'x')
    await commitAll(join(at, 'inner'), 'first')
  },
  'a stash': (at) => git(at, ['stash', '--include-untracked', '--quiet']),
}

it('is the state that a first look would find, whatever was done since the last', async () => {
  await using folder = await temporaryFolder('last-state')
  const at = join(folder.path, 'repo')
  await initRepository(at)
  await writeFiles(at, { 'a.txt': 'a\n', 'b/c.txt': 'c\n' })
  await commitAll(at, 'first')
  const looking = createContext({ dir: join(folder.path, 'looking') })
  let differed = 0
  let before = ''
  for (const [name, step] of Object.entries(STEPS)) {
    await step(at)
    const fresh = await takeState(createContext({ dir: join(folder.path, 'fresh') }), at)
    const { tree, env } = await takeState(looking, at)
    expect([name, tree]).toEqual([name, fresh.tree])
    // Every object of it is there.
    await gitText(['archive', '--format=tar', '--output=/dev/null', tree], { doing: 'reading it all', at, env })
    if (tree !== before) differed++
    before = tree
  }
  expect(differed).toBeGreaterThan(15)
})

it('reads no file again that looks as it did', async () => {
  await using folder = await temporaryFolder('last-state')
  const at = join(folder.path, 'repo')
  await initRepository(at)
  await writeFiles(at, { 'a.txt': 'a\n' })
  await commitAll(at, 'first')
  const context = createContext({ dir: join(folder.path, 'state') })
  await writeFiles(at, { 'old.txt': 'old\n' })
  await utimes(join(at, 'old.txt'), 1_700_000_000, 1_700_000_000)
  const first = await takeState(context, at)
  await writeFiles(at, { 'young.txt': 'young\n' })
  const { tree, env } = await takeState(context, at)
  const [own, before] = [env, first.env].map(({ GIT_OBJECT_DIRECTORY = '' }) => GIT_OBJECT_DIRECTORY)
  const blob = await gitText(['rev-parse', `${tree}:old.txt`], { doing: 'finding a file', at, env })
  const path = `${blob.slice(0, 2)}/${blob.slice(2)}`
  const [linked, hashed] = await Promise.all([own, before].map(async (dir) => (await stat(join(dir ?? '', path))).ino))
  expect(linked).toBe(hashed)
  const names = await gitText(['ls-tree', '--name-only', tree], { doing: 'listing the state', at, env })
  expect(names.split('\n')).toContain('young.txt')
})
