import { chmod, mkdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, initRepository, writeFiles } from './git.ts'

/** A change as `git diff --name-status --find-renames` tells it once everything is staged. */
export interface ExpectedChange {
  status: 'A' | 'M' | 'D' | 'R' | 'T'
  path: string
  /** Where a renamed file was. */
  from?: string
}

/** A repository whose names and contents are legal, seen in the wild, and break careless code. */
export async function nastyTree(dir: string): Promise<string> {
  await initRepository(dir)
  await writeFiles(dir, {
    'binary.bin': bytes(4096, 31),
    'deleted.txt': 'soon gone\n',
    'renamed from.txt': lines(40),
    'moved/and-edited.txt': lines(60),
    'executable.sh': '#!/bin/sh\necho hi\n',
    'latin1.txt': Buffer.from('Käse für 5 £\n', 'latin1'),
    'crlf.txt': 'one\r\ntwo\r\n',
    'no-newline-at-end.txt': 'last line',
    'empty.txt': '',
    'becomes-link.txt': 'a file for now\n',
    'becomes-folder': 'a file for now\n',
    'ünïcödé – 日本語 🧶.txt': 'name beyond ASCII\n',
    'new\nline\tand tab.txt': 'name with a newline and a tab\n',
    'quote"back\\slash.txt': 'name with a quote and a backslash\n',
    '-leading-dash.txt': 'name like an option\n',
    ' leading and trailing space ': 'name with spaces around\n',
    'pathspec[magic]*.txt': 'name like a pattern\n',
    ':(top)colon.txt': 'name like pathspec magic\n',
    'long-line.txt': `${'x'.repeat(200_000)}\n`,
    'deep/er/and/deep/er/still/file.txt': 'far down\n',
  })
  await symlink('executable.sh', join(dir, 'link'))
  await symlink('/nonexistent/elsewhere', join(dir, 'dangling'))
  await chmod(join(dir, 'executable.sh'), 0o644)
  await commitAll(dir, 'Names and contents that break careless code')
  return dir
}

/** Changes such a tree in all the ways that a diff has to tell, uncommitted; resolves to what the diff must be. */
export async function changeNastyTree(dir: string): Promise<ExpectedChange[]> {
  const at = (path: string) => join(dir, path)
  const append = async (path: string, more: string) =>
    writeFile(at(path), Buffer.concat([await readFile(at(path)), Buffer.from(more, 'latin1')]))
  await writeFile(at('binary.bin'), bytes(5000, 17))
  await unlink(at('deleted.txt'))
  await rename(at('renamed from.txt'), at('renamed to.txt'))
  await mkdir(at('moved/to'))
  await rename(at('moved/and-edited.txt'), at('moved/to/and-edited.txt'))
  await append('moved/to/and-edited.txt', 'one line more\n')
  await chmod(at('executable.sh'), 0o755)
  await append('latin1.txt', 'Grüße\n')
  await append('crlf.txt', 'three\r\n')
  await append('no-newline-at-end.txt', ', longer, and still no newline')
  await writeFile(at('empty.txt'), 'no more\n')
  await unlink(at('becomes-link.txt'))
  await symlink('crlf.txt', at('becomes-link.txt'))
  await unlink(at('becomes-folder'))
  await writeFiles(dir, { 'becomes-folder/inside.txt': 'a folder now\n' })
  for (const path of [
    'ünïcödé – 日本語 🧶.txt',
    'new\nline\tand tab.txt',
    'quote"back\\slash.txt',
    '-leading-dash.txt',
  ])
    await append(path, 'more\n')
  await append('pathspec[magic]*.txt', 'more\n')
  await unlink(at('link'))
  await symlink('latin1.txt', at('link'))
  await rm(at('deep'), { recursive: true })
  await writeFiles(dir, { 'new\nbinary 🧵.bin': bytes(100, 3), 'new-empty.txt': '' })
  return EXPECTED
}

const EXPECTED: ExpectedChange[] = [
  { status: 'M', path: 'binary.bin' },
  { status: 'D', path: 'deleted.txt' },
  { status: 'R', path: 'renamed to.txt', from: 'renamed from.txt' },
  { status: 'R', path: 'moved/to/and-edited.txt', from: 'moved/and-edited.txt' },
  { status: 'M', path: 'executable.sh' },
  { status: 'M', path: 'latin1.txt' },
  { status: 'M', path: 'crlf.txt' },
  { status: 'M', path: 'no-newline-at-end.txt' },
  { status: 'M', path: 'empty.txt' },
  { status: 'T', path: 'becomes-link.txt' },
  { status: 'D', path: 'becomes-folder' },
  { status: 'A', path: 'becomes-folder/inside.txt' },
  { status: 'M', path: 'ünïcödé – 日本語 🧶.txt' },
  { status: 'M', path: 'new\nline\tand tab.txt' },
  { status: 'M', path: 'quote"back\\slash.txt' },
  { status: 'M', path: '-leading-dash.txt' },
  { status: 'M', path: 'pathspec[magic]*.txt' },
  { status: 'M', path: 'link' },
  { status: 'D', path: 'deep/er/and/deep/er/still/file.txt' },
  { status: 'A', path: 'new\nbinary 🧵.bin' },
  { status: 'A', path: 'new-empty.txt' },
]

function bytes(length: number, step: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, n) => (n * step) % 256))
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, n) => `line ${n + 1} of ${count}\n`).join('')
}
