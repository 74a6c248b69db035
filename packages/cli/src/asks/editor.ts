import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'

/** Lets a person edit a text in `$VISUAL` or `$EDITOR` (vi where neither is set); answers with the text as it was saved. */
export async function editText(text: string, name: string, signal?: AbortSignal): Promise<string> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi'
  const folder = await mkdtemp(join(tmpdir(), 'skein-edit-'))
  try {
    const file = join(folder, name)
    await writeFile(file, text, { mode: 0o600 })
    await runEditor(editor, file, signal)
    return await readFile(file, 'utf8')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The variable may hold arguments, so the shell takes it apart, as git does. */
function runEditor(editor: string, file: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$@"`, editor, file], {
      stdio: 'inherit',
      ...(signal ? { signal } : {}),
    })
    const failed = (what: string, cause?: unknown) =>
      reject(
        new SkeinError('missing', `the editor (${editor}) ${what}`, { next: 'Set EDITOR to one that works.', cause }),
      )
    child.on('error', (error) => failed('could not be started', error))
    child.on('close', (code, killed) => (code === 0 ? resolve() : failed(`ended with ${killed ?? code}`)))
  })
}

/** A text as a mail program quotes it, to write comments between the lines. */
export function quote(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n')
}

/** The comments that were written between quoted lines, each below the line that it follows. */
export function commentsOf(edited: string): string {
  const parts: string[] = []
  let quoted: string | undefined
  for (const line of edited.split('\n')) {
    if (line.startsWith('>')) quoted = line
    else if (line.trim() !== '') {
      if (quoted !== undefined) parts.push(parts.length > 0 ? `\n${quoted}` : quoted)
      quoted = undefined
      parts.push(line)
    }
  }
  return parts.join('\n').trim()
}
