import type { RunnerClient } from '@skein/protocol'

/** One file, put together from its parts: at the `base`, in the work tree now (`work`), or in a tree. */
export async function readWorkspaceFile(
  runner: RunnerClient,
  workspace: { path: string; base: string },
  file: string,
  at: string,
): Promise<{ base64: string; size: number } | null> {
  const where = at === 'base' ? workspace.base : at
  const parts: Buffer[] = []
  for (let offset = 0; ; ) {
    const part = await runner.call('git.file', { path: workspace.path, file, at: where, offset })
    if (part === null) return null
    const bytes = Buffer.from(part.base64, 'base64')
    parts.push(bytes)
    offset += bytes.length
    // A file that shrinks while it is read ends where it ends.
    if (part.eof || bytes.length === 0) return { base64: Buffer.concat(parts).toString('base64'), size: offset }
  }
}
