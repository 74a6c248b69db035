import type { FileChange, RunnerParams, RunnerResult } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { fieldsOf, nameOf } from './file-names.ts'
import { git } from './git.ts'
import { refValue } from './repository.ts'
import { comparedStates } from './work-tree-state.ts'

/** Every file that differs between the base and the work tree. */
export async function readChanges(
  context: GitContext,
  { path, base, tree: wanted }: RunnerParams<'git.changes'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.changes'>> {
  const doing = `reading the changes of ${path}`
  await context.records.check(path)
  const [{ state, base: from }, unmerged, head] = await Promise.all([
    comparedStates(context, { path, base, tree: wanted, doing }, signal),
    wanted === undefined ? unmergedFiles(path, signal) : new Set<string>(),
    refValue(path, 'HEAD', signal),
  ])
  const { tree, env } = state
  const answer = { base, tree, head: head ?? null }
  if (from === tree && unmerged.size === 0) return { ...answer, files: [] }
  const { stdout } = await git(['diff-tree', ...COMPARISON, '--raw', '--numstat', '-z', '--no-abbrev', from, tree], {
    doing,
    at: path,
    env,
    signal,
  })
  const files = parseChanges(stdout).map((file) =>
    unmerged.has(file.path) ? { ...file, status: 'unmerged' as const } : file,
  )
  return { ...answer, files }
}

/** How any two states are compared, whatever the user's settings say. */
export const COMPARISON = [
  '-r',
  '--find-renames',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--submodule=short',
  '--ignore-submodules=none',
]

async function unmergedFiles(path: string, signal?: AbortSignal): Promise<Set<string>> {
  const { stdout } = await git(['ls-files', '--unmerged', '-z', '--full-name'], {
    doing: `looking for conflicts in ${path}`,
    at: path,
    signal,
  })
  return new Set(fieldsOf(stdout).map((field) => nameOf(field.subarray(field.indexOf(9) + 1))))
}

const STATUS: Record<string, FileChange['status']> = {
  A: 'added',
  C: 'copied',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  T: 'type_changed',
  U: 'unmerged',
}

/** The formats are in git-diff-tree(1), "Raw output format" and "Other diff formats"; with -z all raw lines come first. */
export function parseChanges(output: Buffer): FileChange[] {
  const fields = fieldsOf(output)
  const changes: FileChange[] = []
  let at = 0
  const next = () => fields[at++] ?? Buffer.alloc(0)
  while (fields[at]?.[0] === 0x3a) {
    const [oldMode = '', newMode = '', , , letter = ''] = next().toString('utf8').slice(1).split(' ')
    const first = nameOf(next())
    const hasTwo = letter.startsWith('R') || letter.startsWith('C')
    changes.push({
      path: hasTwo ? nameOf(next()) : first,
      ...(hasTwo ? { oldPath: first } : {}),
      status: STATUS[letter.charAt(0)] ?? 'modified',
      ...(oldMode === '000000' ? {} : { oldMode }),
      ...(newMode === '000000' ? {} : { newMode }),
      binary: false,
      added: 0,
      deleted: 0,
    })
  }
  for (const change of changes) {
    const [added = '', deleted = '', path] = next().toString('latin1').split('\t')
    // A rename's two names are fields of their own.
    if (path === '') at += 2
    change.binary = added === '-'
    change.added = Number(added) || 0
    change.deleted = Number(deleted) || 0
  }
  return changes
}
