import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOf, fieldsOf } from './file-names.ts'
import { git } from './git.ts'
import { kindAt, type LinkedWorkTree } from './linked-work-tree.ts'
import type { Repository } from './repository.ts'
import type { SnapshotMeta } from './snapshot-content.ts'
import { entry } from './tree-of-files.ts'
import { writeOut } from './write-out.ts'

/** What a snapshot says beyond its files; undefined when it is no snapshot of ours. */
export async function readMeta(
  { at }: Repository,
  state: string,
  signal?: AbortSignal,
): Promise<SnapshotMeta | undefined> {
  const { code, stdout } = await git(['cat-file', 'blob', `${state}:meta.json`], {
    doing: `reading a snapshot of ${at}`,
    at,
    signal,
    answers: [128],
  })
  return code === 0 ? (JSON.parse(stdout.toString('utf8')) as SnapshotMeta) : undefined
}

interface Snapshot {
  tree: string
  state: string
  meta: SnapshotMeta
  branch: string
  signal: AbortSignal | undefined
}

/** Brings index, conflicts, unfinished operations and inner repositories back to a work tree that has the snapshot's files. */
export async function putBack(workTree: LinkedWorkTree, snapshot: Snapshot): Promise<void> {
  await writeBeyondSparse(workTree, snapshot)
  await stage(workTree, snapshot)
  await stageConflicts(workTree, snapshot)
  await stageNames(workTree, snapshot)
  await continueUnfinished(workTree, snapshot)
  await writeNested(workTree, snapshot)
}

/** Changed files outside of the sparse patterns had been there all the same. */
async function writeBeyondSparse({ path, gitDir }: LinkedWorkTree, { tree, state, signal }: Snapshot): Promise<void> {
  if ((await kindAt(join(gitDir, 'info/sparse-checkout'))) === 'none') return
  const call = { doing: `restoring the files of ${path}`, at: path, signal }
  const flags = ['-r', '-z', '--name-only', '--no-renames', '--diff-filter=d']
  const { stdout } = await git(['diff-tree', ...flags, `${state}:index`, tree], call)
  if (stdout.length === 0) return
  await git(['checkout-index', '-z', '--stdin', '--force', '--ignore-skip-worktree-bits'], {
    ...call,
    writes: true,
    input: stdout,
  })
}

async function stage({ path }: LinkedWorkTree, { state, signal }: Snapshot): Promise<void> {
  const call = { doing: `restoring the index of ${path}`, at: path, writes: true, signal }
  // Merged into the index of the files, so that what it knows of the files on disk stays.
  await git(['read-tree', '-m', `${state}:index`], call)
  await git(['update-index', '-q', '--really-refresh'], { ...call, answers: [1] })
}

async function stageConflicts({ path }: LinkedWorkTree, { state, signal }: Snapshot): Promise<void> {
  const call = { doing: `restoring the conflicts of ${path}`, at: path, signal }
  const lines: Buffer[] = []
  for (const stageNumber of [1, 2, 3]) {
    const { code, stdout } = await git(['ls-tree', '-r', '-z', `${state}:stage${stageNumber}`], {
      ...call,
      answers: [128],
    })
    if (code !== 0) return
    for (const field of fieldsOf(stdout)) {
      const [mode = '', , id = ''] = field.subarray(0, field.indexOf(9)).toString('utf8').split(' ')
      lines.push(entry(mode, id, field.subarray(field.indexOf(9) + 1), stageNumber))
    }
  }
  const merged = lines.map((line) => entry('0', '0'.repeat(40), line.subarray(line.indexOf(9) + 1, -1)))
  await git(['update-index', '-z', '--index-info'], {
    ...call,
    writes: true,
    input: Buffer.concat([...merged, ...lines]),
  })
}

async function stageNames({ path }: LinkedWorkTree, { meta, signal }: Snapshot): Promise<void> {
  if (meta.intentToAdd.length === 0) return
  await git(['add', '--intent-to-add', '--force', '--sparse', '--pathspec-from-file=-', '--pathspec-file-nul'], {
    doing: `restoring the index of ${path}`,
    at: path,
    env: { GIT_LITERAL_PATHSPECS: '1' },
    writes: true,
    input: Buffer.concat(meta.intentToAdd.flatMap((name) => [bytesOf(name), Buffer.from([0])])),
    // A name whose file has gone cannot be staged again.
    answers: [128],
    signal,
  })
}

async function continueUnfinished(
  { path, gitDir }: LinkedWorkTree,
  { state, meta, branch, signal }: Snapshot,
): Promise<void> {
  await writeOut(`${state}:unfinished`, gitDir, { at: path, signal })
  if (meta.rebasing === null || meta.rebasing.branch === branch) return
  for (const folder of ['rebase-merge', 'rebase-apply']) {
    const file = join(gitDir, folder, 'head-name')
    if ((await kindAt(file)) === 'file') await writeFile(file, `refs/heads/${branch}\n`)
  }
}

async function writeNested({ path }: LinkedWorkTree, { state, meta, signal }: Snapshot): Promise<void> {
  for (const [number, { path: name, pointer }] of meta.nested.entries()) {
    const folder = join(path, name)
    await mkdir(folder, { recursive: true })
    await writeOut(`${state}:nested-${number}`, folder, { at: path, signal })
    if (pointer !== undefined) await writeFile(join(folder, '.git'), pointer)
    else await writeGitFolder(`${state}:nested-${number}-git`, join(folder, '.git'), { at: path, signal })
  }
}

async function writeGitFolder(
  tree: string,
  folder: string,
  call: { at: string; signal: AbortSignal | undefined },
): Promise<void> {
  await writeOut(tree, folder, call)
  // Trees have no empty folders, and git needs these two to take the folder for a repository.
  for (const name of ['refs', 'objects']) await mkdir(join(folder, name), { recursive: true })
  const config = join(folder, 'config')
  // The git folder of a submodule lay elsewhere and said where its files are.
  if ((await readFile(config, 'utf8').catch(() => '')).includes('worktree')) {
    await git(['config', '--file', config, '--unset-all', 'core.worktree'], {
      doing: `restoring the repository ${folder}`,
      at: call.at,
      writes: true,
      answers: [5],
    })
  }
}
