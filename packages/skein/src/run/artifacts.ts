import { type SkeinApi, SkeinError, type Workspace } from '@skein/protocol'
import type { ArtifactRequest } from './options.ts'
import type { Artifact } from './result.ts'

/** Brings back what was asked for, of each repository of the workspace. */
export async function collectArtifacts(
  api: SkeinApi,
  workspace: Workspace,
  wanted: readonly ArtifactRequest[],
): Promise<Artifact[]> {
  const found: Artifact[] = []
  for (const request of wanted) {
    if (typeof request !== 'string') {
      found.push({ type: 'file', path: request.path, content: await readFile(api, workspace, request.path) })
      continue
    }
    const folders = workspace.repositories?.map(({ folder }) => folder) ?? [undefined]
    for (const folder of folders) found.push(await artifactOf(api, workspace.id, request, folder))
  }
  return found
}

async function artifactOf(
  api: SkeinApi,
  workspaceId: string,
  type: Exclude<ArtifactRequest, object>,
  folder: string | undefined,
): Promise<Artifact> {
  const where = { workspaceId, ...(folder === undefined ? {} : { folder }) }
  const repository = folder === undefined ? {} : { repository: folder }
  switch (type) {
    case 'changes':
      return { type, ...repository, files: (await api.call('workspaces.changes', where)).files }
    case 'patch':
      return { type, ...repository, patch: await readPatch(api, where) }
    case 'bundle':
      return { type, ...repository, bundle: await readBundle(api, where) }
  }
}

type Where = { workspaceId: string; folder?: string }

async function readPatch(api: SkeinApi, where: Where): Promise<string> {
  let text = ''
  let tree: string | undefined
  for (;;) {
    const part = await api.call('workspaces.diff', {
      ...where,
      offset: text.length,
      ...(tree === undefined ? {} : { tree }),
    })
    text += part.patch
    tree = part.tree
    if (part.eof) return text
  }
}

async function readBundle(api: SkeinApi, where: Where): Promise<Uint8Array | null> {
  const parts: Buffer[] = []
  let offset = 0
  let commit: string | undefined
  for (;;) {
    const part = await api.call('workspaces.bundle', {
      ...where,
      offset,
      ...(commit === undefined ? {} : { commit }),
    })
    if (part === null) return null
    const bytes = Buffer.from(part.base64, 'base64')
    parts.push(bytes)
    offset += bytes.length
    commit = part.commit
    if (part.eof) return Buffer.concat(parts)
  }
}

/** A file by its path, also one that git ignores; in a workspace of several the path begins with the repository's folder. */
async function readFile(api: SkeinApi, workspace: Workspace, path: string): Promise<Uint8Array | null> {
  try {
    const file = await api.call('workspaces.file', { workspaceId: workspace.id, path, at: 'work' })
    return file === null ? null : Buffer.from(file.base64, 'base64')
  } catch (error) {
    if (error instanceof SkeinError && error.code === 'not_found') return null
    throw error
  }
}
