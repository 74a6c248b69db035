import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type FilePatch,
  hunkAt,
  hunksOf,
  linesOfSide,
  parseFilePatch,
  patchOfHunks,
  readFilePatch,
} from './file-patch.ts'
import { PatchReader } from './patch-reader.ts'

let folder: string
let patches: Map<string, FilePatch>

const git = (args: string[], input?: string) =>
  execFileSync('git', args, { cwd: folder, encoding: 'utf8', ...(input === undefined ? {} : { input }) })
const long = (change: (line: number) => string) =>
  Array.from({ length: 60 }, (_, index) => `${change(index + 1)}\n`).join('')

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skein-patch-'))
  git(['init', '--quiet'])
  mkdirSync(join(folder, 'with space'))
  const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content)
  write(
    'long.txt',
    long((line) => `line ${line}`),
  )
  write('with space/b/x b/y.txt'.replaceAll('/', '-'), 'a\n')
  write(
    'moved.txt',
    long((line) => `moved ${line}`),
  )
  write('zürich "quoted"\ttab.txt', 'one\n')
  write('picture.png', Buffer.from([0, 1, 2, 3, 255]))
  write('gone.txt', 'gone\n')
  git(['add', '--all'])
  git(['-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'base'])
  write(
    'long.txt',
    long((line) => (line === 3 || line === 50 ? `changed ${line}` : `line ${line}`)),
  )
  renameSync(join(folder, 'moved.txt'), join(folder, 'with space/moved to.txt'))
  write(
    'with space/moved to.txt',
    long((line) => (line === 30 ? 'other' : `moved ${line}`)),
  )
  write('zürich "quoted"\ttab.txt', 'two\n')
  write('picture.png', Buffer.from([0, 9, 9, 255]))
  rmSync(join(folder, 'gone.txt'))
  write('with space/a new one.txt', '@@ -1 +1 @@ no hunk\n')
  execFileSync('chmod', ['+x', 'with space-b-x b-y.txt'], { cwd: folder })
  git(['add', '--all', '--intent-to-add'])
  const reader = new PatchReader()
  const text = git(['diff', '--binary', '--full-index', '--find-renames', 'HEAD'])
  patches = new Map([...reader.push(text), ...reader.end()].map(readFilePatch).map((patch) => [patch.path, patch]))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const patchOf = (path: string): FilePatch => {
  const patch = patches.get(path)
  if (!patch) throw new Error(`no patch of ${path} among ${[...patches.keys()].join(', ')}`)
  return patch
}

describe('the patch that git writes', () => {
  it('names every file, however odd its name and whatever happened to it', () => {
    expect([...patches.keys()].sort()).toEqual(
      [
        'gone.txt',
        'long.txt',
        'picture.png',
        'with space-b-x b-y.txt',
        'with space/a new one.txt',
        'with space/moved to.txt',
        'zürich "quoted"\ttab.txt',
      ].sort(),
    )
    expect(patchOf('with space/moved to.txt').oldPath).toBe('moved.txt')
    expect(patchOf('picture.png').binary).toBe(true)
    expect(patchOf('long.txt').binary).toBe(false)
  })

  it('is parsed for the viewer with those names', () => {
    const diff = parseFilePatch(patchOf('with space/moved to.txt'), 'key')
    expect(diff).toMatchObject({ name: 'with space/moved to.txt', prevName: 'moved.txt', type: 'rename-changed' })
    expect(parseFilePatch(patchOf('picture.png'), 'key')).toMatchObject({ name: 'picture.png', hunks: [] })
  })

  it('has another version when the content is another', () => {
    const patch = patchOf('long.txt')
    expect(readFilePatch(patch.text).version).toBe(patch.version)
    expect(readFilePatch(patch.text.replace(/^index (\w)/m, 'index 0$1')).version).not.toBe(patch.version)
  })

  it('tells the lines of each side, with holes where it does not show them', () => {
    const lines = linesOfSide(patchOf('long.txt'), 'new')
    expect(lines[2]).toBe('changed 3')
    expect(lines[49]).toBe('changed 50')
    expect(lines[20]).toBeUndefined()
    expect(linesOfSide(patchOf('long.txt'), 'old')[2]).toBe('line 3')
    expect(linesOfSide(patchOf('with space/a new one.txt'), 'new')).toEqual(['@@ -1 +1 @@ no hunk'])
  })

  it('knows which hunk shows a line', () => {
    const hunks = hunksOf(patchOf('long.txt'))
    expect(hunks.length).toBe(2)
    expect(hunkAt(hunks, 'new', 3)?.index).toBe(0)
    expect(hunkAt(hunks, 'new', 50)?.index).toBe(1)
    expect(hunkAt(hunks, 'new', 25)).toBeUndefined()
    expect(hunksOf(patchOf('with space/a new one.txt')).length).toBe(1)
  })
})

describe('one hunk of it', () => {
  it('can be taken back alone', () => {
    const patch = patchOf('long.txt')
    const text = patchOfHunks(patch, hunksOf(patch).slice(1), { rename: false })
    git(['apply', '--reverse', '-'], text)
    const lines = readFileSync(join(folder, 'long.txt'), 'utf8').split('\n')
    expect([lines[2], lines[49]]).toEqual(['changed 3', 'line 50'])
  })

  it('can be staged alone', () => {
    const patch = patchOf('long.txt')
    git(['reset', '--quiet', 'HEAD', '--', 'long.txt'])
    git(['apply', '--cached', '-'], patchOfHunks(patch, hunksOf(patch).slice(0, 1), { rename: true }))
    const staged = git(['show', ':long.txt']).split('\n')
    expect([staged[2], staged[49]]).toEqual(['changed 3', 'line 50'])
  })

  it('of a renamed file is taken back without moving the file back', () => {
    const patch = patchOf('with space/moved to.txt')
    git(['apply', '--reverse', '-'], patchOfHunks(patch, hunksOf(patch), { rename: false }))
    expect(readFileSync(join(folder, 'with space/moved to.txt'), 'utf8').split('\n')[29]).toBe('moved 30')
  })
})
