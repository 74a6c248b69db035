import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type SkeinApi, SkeinError } from '@skein/protocol'

export interface PatchOptions {
  workspaceId: string
  paths?: string[]
  ignoreWhitespace?: boolean
}

/** A workspace's patch, part after part; all parts are of one state of the work tree. */
export async function* patchOf(api: SkeinApi, options: PatchOptions): AsyncGenerator<{ patch: string; tree: string }> {
  let tree: string | undefined
  for (let offset = 0; ; ) {
    const part = await api.call('workspaces.diff', { ...options, offset, ...(tree === undefined ? {} : { tree }) })
    yield { patch: part.patch, tree: part.tree }
    if (part.eof) return
    tree = part.tree
    offset += part.patch.length
  }
}

/** Writes a workspace's patch to a file, as `git apply` takes it; answers with the file's path. */
export async function writePatch(api: SkeinApi, workspaceId: string, file: string, cwd: string): Promise<string> {
  const path = resolve(cwd, file)
  try {
    await using handle = await open(path, 'w')
    for await (const { patch } of patchOf(api, { workspaceId })) await handle.write(patch)
  } catch (error) {
    throw SkeinError.from(error, `cannot write the patch to ${path}`)
  }
  return path
}
