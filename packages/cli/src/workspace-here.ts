import { sep } from 'node:path'
import { SkeinError, type Workspace } from '@skein/protocol'
import type { CommandContext } from './context.ts'
import { findWorkspace } from './find-workspace.ts'

/** The workspace that is named; without a name the one that the current folder is in. */
export async function workspaceHere(name: string | undefined, { api, cwd }: CommandContext): Promise<Workspace> {
  if (name !== undefined) return findWorkspace(api, name)
  const all = await api.call('workspaces.list', {})
  const here = all.find(({ path }) => cwd === path || cwd.startsWith(path + sep))
  if (here) return here
  throw new SkeinError('invalid', 'the current folder is in no workspace', { next: 'Name one: skein ls' })
}
