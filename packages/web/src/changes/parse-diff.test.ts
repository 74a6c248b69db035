import { processFile } from '@pierre/diffs'
import { describe, expect, it } from 'vitest'
import { addedFile, binaryFile, deletedFile, editedFile, headerOnly } from '../../dev/fixture-patch.ts'
import { parseDiff } from './parse-diff.ts'

const edits = new Map<number, [string[], string[]]>([
  [0, [['first'], ['another first']]],
  [30, [['gone', '-- sql comment'], []]],
  [31, [[], ['++i', '@@ -1 +1 @@ in the text', 'new']]],
  [70, [['a', 'b'], ['c']]],
])
const noNewline = (body: string) => `diff --git a/a.ts b/a.ts\nindex 1..2 100644\n--- a/a.ts\n+++ b/a.ts\n${body}`

const sections: [name: string, text: string][] = [
  ['several hunks', editedFile('src/a.ts', 100, edits).section],
  ['a renamed file', editedFile('src/new name.ts', 100, edits, 'src/old name.ts').section],
  ['a new file', addedFile('src/b.ts', ['one', '', 'three']).section],
  ['a deleted file', deletedFile('src/c.ts', ['one', 'two']).section],
  ['a binary file', binaryFile('a.png', 'modified').section],
  [
    'a changed mode',
    headerOnly({
      path: 'run',
      status: 'modified',
      oldMode: '100644',
      newMode: '100755',
      binary: false,
      added: 0,
      deleted: 0,
    }).section,
  ],
  ['no newline at the end, before', noNewline('@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n')],
  ['no newline at the end, after', noNewline('@@ -1,2 +1,2 @@ part()\n same\n-a\n+a\n\\ No newline at end of file\n')],
  [
    'no newline at the end, unchanged',
    noNewline('@@ -1,2 +1,3 @@\n+new\n same\n last\n\\ No newline at end of file\n'),
  ],
  ['carriage returns', noNewline('@@ -1,2 +1,2 @@\n same\r\n-a\r\n+b\r\n')],
]

describe('a patch is parsed as the viewer itself would', () => {
  it.each(sections)('%s', (_name, text) => {
    expect(parseDiff(text, 'key')).toEqual(
      processFile(text, { cacheKey: 'key', isGitDiff: true, disableLineMatching: true }),
    )
  })
})
