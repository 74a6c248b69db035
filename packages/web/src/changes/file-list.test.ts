import type { FileChange } from '@skein/protocol'
import { describe, expect, it } from 'vitest'
import { collapseReason, filterChanges, imageType, treeRows } from './file-list.ts'

const change = (path: string, more: Partial<FileChange> = {}): FileChange => ({
  path,
  status: 'modified',
  binary: false,
  added: 1,
  deleted: 1,
  ...more,
})

const changes = [
  change('README.md'),
  change('src/app.ts', { status: 'renamed', oldPath: 'src/main.ts' }),
  change('src/deep/only/child/one.ts', { status: 'added' }),
  change('src/deep/only/child/two.ts'),
]

describe('the tree of changed files', () => {
  it('keeps the order of the diff and joins folders that hold only a folder', () => {
    const rows = treeRows(changes, new Set())
    expect(rows.map((row) => `${'  '.repeat(row.depth)}${row.name}`)).toEqual([
      'README.md',
      'src',
      '  app.ts',
      '  deep/only/child',
      '    one.ts',
      '    two.ts',
    ])
    expect(rows[1]).toMatchObject({ kind: 'folder', files: 3 })
  })

  it('hides what is in a closed folder', () => {
    const rows = treeRows(changes, new Set(['src/deep/only/child']))
    expect(rows.map((row) => row.path)).toEqual(['README.md', 'src', 'src/app.ts', 'src/deep/only/child'])
  })

  it('shows a file that became a folder as both', () => {
    const rows = treeRows([change('tool', { status: 'deleted' }), change('tool/a.ts', { status: 'added' })], new Set())
    expect(rows.map((row) => [row.kind, row.path])).toEqual([
      ['file', 'tool'],
      ['folder', 'tool'],
      ['file', 'tool/a.ts'],
    ])
  })
})

describe('the filter', () => {
  it.each([
    ['', 4],
    ['child one', 1],
    ['MAIN', 1],
    ['is:added', 1],
    ['src is:modified', 1],
    ['nothing like it', 0],
  ])('"%s" leaves %i files', (words, count) => {
    expect(filterChanges(changes, words).length).toBe(count)
  })
})

describe('a file that is not opened by itself', () => {
  it.each([
    ['package-lock.json', 'Lock file'],
    ['sub/Cargo.lock', 'Lock file'],
    ['web/app.min.js', 'Generated or vendored'],
    ['vendor/lib/a.go', 'Generated or vendored'],
    ['src/lock.ts', undefined],
    ['src/package-lock.json.ts', undefined],
  ])('%s: %s', (path, reason) => {
    expect(collapseReason(change(path))).toBe(reason)
  })

  it('says when it is large', () => {
    expect(collapseReason(change('a.ts', { added: 9000 }))).toBe('Large file')
  })
})

it('an image is known by its ending', () => {
  expect(imageType('a/b.PNG')).toBe('image/png')
  expect(imageType('a/b.svg')).toBeUndefined()
})
