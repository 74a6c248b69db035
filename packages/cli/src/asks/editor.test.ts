import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@skein/testkit'
import { afterEach, expect, it, vi } from 'vitest'
import { commentsOf, editText, quote } from './editor.ts'

afterEach(() => vi.unstubAllEnvs())

it('the person’s own editor changes the text, arguments of $EDITOR included', async () => {
  await using folder = await temporaryFolder('editor')
  const editor = join(folder.path, 'my editor')
  await writeFile(editor, '#!/bin/sh\nprintf "%s" "$1" > "$2.tmp"; cat "$2" >> "$2.tmp"; mv "$2.tmp" "$2"\n')
  await chmod(editor, 0o755)
  vi.stubEnv('VISUAL', '')
  vi.stubEnv('EDITOR', `'${editor}' "added: "`)
  expect(await editText('the plan', 'plan.md')).toBe('added: the plan')
})

it('an editor that fails is told of', async () => {
  vi.stubEnv('VISUAL', 'false')
  await expect(editText('x', 'plan.md')).rejects.toMatchObject({
    code: 'missing',
    message: expect.stringContaining('ended with 1'),
  })
})

it('comments keep the line that they are about, and nothing else of the plan', () => {
  const quoted = quote('# Plan\n\n1. Do it.\n2. Test it.\n')
  expect(quoted).toBe('> # Plan\n>\n> 1. Do it.\n> 2. Test it.')
  const edited = '> # Plan\n>\n> 1. Do it.\nHow?\nAnd why?\n> 2. Test it.\n\nWith what?\n'
  expect(commentsOf(edited)).toBe('> 1. Do it.\nHow?\nAnd why?\n\n> 2. Test it.\nWith what?')
  expect(commentsOf(`${quoted}\n`)).toBe('')
})
