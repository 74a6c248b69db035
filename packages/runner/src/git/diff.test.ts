import { chmod, readdir, readFile, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { changeNastyTree, commitAll, git, initRepository, nastyTree, temporaryFolder, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createGitHandlers, type GitHandlers } from './index.ts'

async function wholeDiff(
  handlers: GitHandlers,
  params: Parameters<GitHandlers['git.diff']>[0],
): Promise<{ patch: string; parts: number; tree: string }> {
  let patch = ''
  let tree = params.tree
  for (let parts = 1; ; parts++) {
    const part = await handlers['git.diff']({
      ...params,
      ...(tree === undefined ? {} : { tree }),
      offset: patch.length,
    })
    expect(Buffer.byteLength(part.patch)).toBeLessThanOrEqual(512 * 1024)
    // What crosses a JSON stream must come back as it was.
    patch += JSON.parse(JSON.stringify(part.patch))
    tree = part.tree
    if (part.eof) return { patch, parts, tree }
  }
}

/** Applies the patch to a fresh checkout of the base; resolves to the tree that comes out. */
async function treeAfter(repo: string, base: string, patch: string, dir: string): Promise<string> {
  await git(repo, ['worktree', 'add', '--quiet', '--detach', dir, base])
  await writeFile(`${dir}.patch`, patch)
  await git(dir, ['apply', '--binary', '--whitespace=nowarn', '--index', `${dir}.patch`])
  return (await git(dir, ['write-tree'])).trim()
}

const files = async (dir: string): Promise<string[]> => (await readdir(dir, { recursive: true })).sort()

describe('git.changes and git.diff', () => {
  it('tell every kind of change in a nasty tree, in a patch that git apply takes', async () => {
    await using folder = await temporaryFolder('diff')
    const repo = await nastyTree(join(folder.path, 'nasty'))
    const base = (await git(repo, ['rev-parse', 'HEAD'])).trim()
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const path = join(folder.path, 'ws')
    await handlers['git.createWorkspace']({ repo, path, branch: 'b', base })
    const expected = await changeNastyTree(path)

    const changes = await handlers['git.changes']({ path, base })
    const { patch, tree } = await wholeDiff(handlers, { path, base, tree: changes.tree })

    const letters = {
      added: 'A',
      modified: 'M',
      deleted: 'D',
      renamed: 'R',
      type_changed: 'T',
      copied: 'C',
      unmerged: 'U',
    }
    const found = changes.files.map((file) => ({
      status: letters[file.status],
      path: file.path,
      ...(file.oldPath === undefined ? {} : { from: file.oldPath }),
    }))
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)
    expect(found.sort(byPath)).toEqual([...expected].sort(byPath))
    expect(changes.files.find((file) => file.path === 'binary.bin')).toMatchObject({ binary: true, added: 0 })
    expect(changes.files.find((file) => file.path === 'executable.sh')).toMatchObject({
      oldMode: '100644',
      newMode: '100755',
    })
    expect(changes.files.find((file) => file.path === 'crlf.txt')).toMatchObject({
      added: 1,
      deleted: 0,
      binary: false,
    })
    expect(patch).toContain('diff --git a/ünïcödé – 日本語 🧶.txt')
    expect(tree).toBe(changes.tree)
    expect(await treeAfter(repo, base, patch, join(folder.path, 'check'))).toBe(tree)
  })

  it('leave no object in the repository', async () => {
    await using folder = await temporaryFolder('diff')
    const repo = join(folder.path, 'repo')
    await initRepository(repo)
    await writeFiles(repo, { 'a.txt': 'a\n' })
    const base = await commitAll(repo, 'first')
    await writeFiles(repo, { 'a.txt': 'b\n', 'new.txt': 'new\n' })
    const before = await files(join(repo, '.git'))
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { patch } = await wholeDiff(handlers, { path: repo, base })
    expect(patch).toContain('+new')
    expect(await files(join(repo, '.git'))).toEqual(before)
  })

  it('tell committed, staged, unstaged and untracked changes together, and conflicts as unmerged', async () => {
    await using folder = await temporaryFolder('diff')
    const repo = join(folder.path, 'repo')
    await initRepository(repo)
    await writeFiles(repo, { 'conflict.txt': 'base\n', 'kept.txt': 'kept\n' })
    const base = await commitAll(repo, 'first')
    await git(repo, ['switch', '--quiet', '-c', 'other'])
    await writeFiles(repo, { 'conflict.txt': 'theirs\n' })
    await commitAll(repo, 'theirs')
    await git(repo, ['switch', '--quiet', 'main'])
    await writeFiles(repo, { 'conflict.txt': 'ours\n', 'committed.txt': '1\n' })
    await commitAll(repo, 'ours')
    await git(repo, ['merge', 'other']).catch(() => {})
    await writeFiles(repo, { 'staged.txt': '2\n' })
    await git(repo, ['add', 'staged.txt'])
    await writeFiles(repo, { 'kept.txt': 'changed\n', 'untracked.txt': '4\n' })
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })

    const { files: found } = await handlers['git.changes']({ path: repo, base })
    const status = await handlers['git.status']({ path: repo, base })

    expect(Object.fromEntries(found.map((file) => [file.path, file.status]))).toEqual({
      'committed.txt': 'added',
      'conflict.txt': 'unmerged',
      'kept.txt': 'modified',
      'staged.txt': 'added',
      'untracked.txt': 'added',
    })
    expect(status).toMatchObject({
      staged: 1,
      unstaged: 1,
      untracked: 1,
      unmerged: 1,
      ahead: 1,
      behind: 0,
      unpushed: 1,
      inProgress: 'merge',
      branch: 'main',
    })
  })

  it('lose no byte of lines, names and link targets that are not UTF-8', async () => {
    await using folder = await temporaryFolder('diff')
    const repo = join(folder.path, 'repo')
    await initRepository(repo)
    const latin1 = (text: string) => Buffer.from(text, 'latin1')
    const at = (name: string) => Buffer.concat([Buffer.from(`${repo}/`), latin1(name)])
    // An attribute that forces text makes git write the bytes as they are.
    await writeFiles(repo, { '.gitattributes': '*.txt diff=cpp\n*.tex diff\n' })
    await writeFile(at('käse.txt'), latin1('Käse\n'))
    await writeFile(at('müll.tex'), latin1('Müll\nzwei\n'))
    const base = await commitAll(repo, 'first')
    await writeFile(at('käse.txt'), latin1('Käse für 5 £\n'))
    await writeFile(at('müll.tex'), latin1('Müll\nzwei\ndrei ß\n'))
    await writeFile(at('grün\n"neu".txt'), latin1('ö'))
    await symlink(latin1('ziel-ü'), at('verweis'))
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })

    const changes = await handlers['git.changes']({ path: repo, base })
    const { patch, tree } = await wholeDiff(handlers, { path: repo, base, tree: changes.tree })

    expect(changes.files.map(({ path }) => path).sort()).toEqual(
      ['"k\\344se.txt"', '"m\\374ll.tex"', '"gr\\374n\\n\\"neu\\".txt"', 'verweis'].sort(),
    )
    expect(await treeAfter(repo, base, patch, join(folder.path, 'check'))).toBe(tree)
    const one = await wholeDiff(handlers, { path: repo, base, tree, paths: ['"k\\344se.txt"'] })
    expect(one.patch.match(/^diff --git/gm)).toHaveLength(1)
    expect(one.patch).toContain('GIT binary patch')
  })

  it('give the diff of some files as it stands in the whole, renames kept', async () => {
    await using folder = await temporaryFolder('diff')
    const repo = join(folder.path, 'repo')
    await initRepository(repo)
    await writeFiles(repo, { 'src/old.txt': '1\n2\n3\n4\n', 'docs/x.txt': 'x\n', 'src b/y.txt': 'y\n' })
    const base = await commitAll(repo, 'first')
    await git(repo, ['mv', 'src/old.txt', 'src/new.txt'])
    await writeFiles(repo, { 'docs/x.txt': 'x  \n', 'src b/y.txt': 'z\n' })
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const only = async (paths: string[]) => (await handlers['git.diff']({ path: repo, base, paths })).patch

    expect(await only(['src'])).toContain('rename from src/old.txt')
    expect(await only(['src'])).not.toContain('docs/x.txt')
    expect(await only(['src b/y.txt'])).toContain('+z')
    expect(await only(['nowhere'])).toBe('')
    const quiet = await handlers['git.diff']({ path: repo, base, ignoreWhitespace: true })
    expect(quiet.patch).not.toContain('docs/x.txt')
  })

  it('stream a diff of 150,000 lines in parts, and go on with the first state when files change meanwhile', async () => {
    await using folder = await temporaryFolder('diff')
    const repo = join(folder.path, 'repo')
    await initRepository(repo)
    await writeFiles(repo, { 'a.txt': 'a\n' })
    const base = await commitAll(repo, 'first')
    const line = (n: number) => `line ${n} – ${'🧶'.repeat(5)} of a file that nobody reads to its end\n`
    await writeFiles(repo, { 'big.txt': Array.from({ length: 150_000 }, (_, n) => line(n)).join('') })
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })

    const first = await handlers['git.diff']({ path: repo, base })
    expect(first.eof).toBe(false)
    await writeFiles(repo, { 'a.txt': 'changed meanwhile\n' })
    const { patch, parts, tree } = await wholeDiff(handlers, { path: repo, base, tree: first.tree })

    expect(parts).toBeGreaterThan(20)
    expect(patch).not.toContain('changed meanwhile')
    await unlink(join(repo, 'big.txt'))
    await git(repo, ['checkout', '--quiet', 'a.txt'])
    expect(await treeAfter(repo, base, patch, join(folder.path, 'check'))).toBe(tree)
  })

  it('say so when the state of an earlier part is not kept any more', async () => {
    await using folder = await temporaryFolder('diff')
    const repo = join(folder.path, 'repo')
    await initRepository(repo)
    await writeFiles(repo, { 'a.txt': 'a\n' })
    const base = await commitAll(repo, 'first')
    await writeFiles(repo, { 'a.txt': 'b\n' })
    let now = Date.now()
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state'), now: () => now })
    const { tree } = await handlers['git.diff']({ path: repo, base })
    now += 60 * 60_000
    await writeFiles(repo, { 'a.txt': 'c\n' })
    await handlers['git.changes']({ path: repo, base })
    await expect(handlers['git.diff']({ path: repo, base, tree, offset: 5 })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await readdir(join(folder.path, 'state/tmp/git'))).toHaveLength(2)
  })

  it('go on without files that cannot be read, and with repositories that have no commit', async () => {
    await using folder = await temporaryFolder('diff')
    const repo = join(folder.path, 'repo')
    await initRepository(repo)
    await writeFiles(repo, { 'a.txt': 'a\n' })
    const base = await commitAll(repo, 'first')
    await writeFiles(repo, { 'a.txt': 'b\n', 'secret.txt': 'secret\n' })
    await chmod(join(repo, 'secret.txt'), 0o000)
    await initRepository(join(repo, 'inner'))
    await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
    const { files: found } = await handlers['git.changes']({ path: repo, base })
    expect(found.map(({ path }) => path)).toContain('a.txt')
    expect(await readFile(join(repo, 'a.txt'), 'utf8')).toBe('b\n')
  })
})
