import { SkeinError } from '@skein/protocol'
import type { PrivateIndex } from './capture.ts'
import { fieldsOf, nameOf } from './file-names.ts'
import { git } from './git.ts'
import { saveFiles } from './saved-files.ts'
import { commitTree } from './snapshot.ts'

/** What has to be written to bring a checkout from one tree to another. */
export interface Changes {
  files: number
  added: string[]
  deleted: string[]
  /** Changed or deleted. */
  changing: string[]
}

export type Merged = { clean: true; tree: string } | { clean: false; conflicts: string[]; message: string }

/** git merges commits, so the three trees are dressed up as commits, in the private object store. */
export async function mergeTrees(
  { repository, env, signal }: PrivateIndex,
  { base, ours, theirs }: { base: string; ours: string; theirs: string },
  doing: string,
): Promise<Merged> {
  const commit = (tree: string, parents: readonly string[]) =>
    commitTree(repository, { tree, parents, message: 'side', env, signal })
  const root = await commit(base, [])
  const [left, right] = await Promise.all([commit(ours, [root]), commit(theirs, [root])])
  const flags = ['--write-tree', '-z', '--name-only', '--messages']
  const { code, stdout, stderr } = await git(['merge-tree', ...flags, left, right], {
    doing,
    at: repository.at,
    env,
    writes: true,
    answers: [1, 129],
    signal,
  })
  if (code === 129) {
    throw new SkeinError('missing', `${doing}: this git cannot merge without a checkout (${stderr.split('\n')[0]})`, {
      next: 'Update git to 2.38 or newer, or bring the diff over by hand: git apply --3way.',
    })
  }
  const [tree, ...rest] = fieldsOf(stdout)
  if (code === 0) return { clean: true, tree: tree?.toString('utf8') ?? '' }
  // Names up to an empty field, then messages: how many paths, the paths, a kind, a text.
  const end = rest.findIndex((field) => field.length === 0)
  const conflicts = [...new Set(rest.slice(0, end === -1 ? undefined : end).map(nameOf))]
  const messages = rest.slice(end + 1).map((field) => field.toString('utf8').trim())
  return { clean: false, conflicts, message: messages.filter((text) => text.startsWith('CONFLICT')).join('\n') }
}

export async function changesOf(
  { repository, env, signal }: PrivateIndex,
  from: string,
  to: string,
  doing: string,
): Promise<Changes> {
  const { stdout } = await git(['diff-tree', '-r', '-z', '--name-status', '--no-renames', from, to], {
    doing,
    at: repository.at,
    env,
    signal,
  })
  const fields = fieldsOf(stdout)
  const withStatus = (status: string) =>
    fields.flatMap((field, index) => {
      const name = fields[index + 1]
      const isIt = index % 2 === 0 && field.toString('latin1') === status
      return isIt && name !== undefined ? [nameOf(name)] : []
    })
  const deleted = withStatus('D')
  const changing = [...deleted, ...withStatus('M'), ...withStatus('T')]
  return { files: fields.length / 2, added: withStatus('A'), deleted, changing }
}

/** git checks every file against the private index before it writes the first; should it fail after that, all is put back. */
export async function writeChanges(
  { repository, env, signal }: PrivateIndex,
  { from, to, changes, folder, doing }: { from: string; to: string; changes: Changes; folder: string; doing: string },
): Promise<void> {
  const { added, changing } = changes
  const saved = await saveFiles(repository.at, { added, changing }, folder)
  try {
    await git(['read-tree', '-m', '-u', from, to], { doing, at: repository.at, env, writes: true, signal })
  } catch (error) {
    await saved.putBack()
    throw error
  }
}
