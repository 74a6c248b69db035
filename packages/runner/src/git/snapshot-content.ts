import { type PrivateIndex, privateIndex, stageAll, writeTree } from './capture.ts'
import { fieldsOf, nameOf } from './file-names.ts'
import { git } from './git.ts'
import { keepNested, type Nested } from './nested.ts'
import { branchOf, findObjectId, type Repository } from './repository.ts'
import { entry, type Store, storeBlob, writeEntries, writeFolder } from './tree-of-files.ts'
import { keepUnfinished } from './unfinished.ts'

/**
 * A snapshot is a commit whose tree is the work tree's files. Its parents are HEAD (if there is one) and a second commit, the
 * state, which holds what files alone do not tell: `index` (the staged tree), `stage1` to `stage3` (of files that are not
 * merged), `unfinished` (of a merge or rebase under way), `nested-N` and `nested-N-git`, and `meta.json`.
 */
export interface SnapshotContent {
  head: string | null
  branch: string | null
  /** Tree of the files. */
  tree: string
  /** Tree of the state. */
  state: string
  /** Commits that the state needs besides HEAD. */
  needs: string[]
  dirty: boolean
}

/** `meta.json` in the state. Equal states have equal bytes. */
export interface SnapshotMeta {
  version: 1
  head: string | null
  branch: string | null
  rebasing: { branch: string; tip: string } | null
  /** Files of which only the name is staged (`git add --intent-to-add`). */
  intentToAdd: string[]
  nested: Omit<Nested, 'files' | 'gitFolder'>[]
}

/** Puts together what a snapshot of a work tree holds, in an object store of the given kind; makes no ref. */
export async function composeSnapshot(
  repository: Repository,
  folder: string,
  { keepObjects, signal }: { keepObjects: boolean; signal?: AbortSignal | undefined },
): Promise<SnapshotContent> {
  const { at } = repository
  const index = await privateIndex(repository, folder, { keepObjects, signal })
  const { GIT_INDEX_FILE: _own, ...storeEnv } = index.env
  const store: Store = { at, env: storeEnv, folder, signal }
  const doing = `taking a snapshot of ${at}`
  const [head = null, branch] = await Promise.all([
    findObjectId('HEAD', 'commit', { at, doing, signal }),
    branchOf(at, signal),
  ])

  const items: { mode: '040000' | '100644'; id: string; name: string }[] = []
  const stages = await separateStages(index, store)
  stages.forEach((id, stage) => {
    items.push({ mode: '040000', id, name: `stage${stage + 1}` })
  })
  const indexTree = await writeTree(index)
  items.push({ mode: '040000', id: indexTree, name: 'index' })
  const intentToAdd = await namesOnly(index, indexTree)

  const { excluded } = await stageAll(index, { lenient: false })
  const tree = await writeTree(index)

  const nested = await keepNested(index, store, { indexTree, withoutCommit: excluded })
  nested.forEach(({ files, gitFolder }, number) => {
    items.push({ mode: '040000', id: files, name: `nested-${number}` })
    if (gitFolder !== null) items.push({ mode: '040000', id: gitFolder, name: `nested-${number}-git` })
  })
  const unfinished = await keepUnfinished(repository.gitDir, store)
  if (unfinished.tree !== undefined) items.push({ mode: '040000', id: unfinished.tree, name: 'unfinished' })

  const meta: SnapshotMeta = {
    version: 1,
    head,
    branch,
    rebasing: unfinished.rebasing ?? null,
    intentToAdd,
    nested: nested.map(({ path, pointer }) => ({ path, ...(pointer === undefined ? {} : { pointer }) })),
  }
  items.push({ mode: '100644', id: await storeBlob(store, JSON.stringify(meta)), name: 'meta.json' })

  const headTree = head === null ? undefined : await findObjectId(head, 'tree', { at, doing, signal })
  const isClean = headTree === tree && headTree === indexTree && items.length === 2 && intentToAdd.length === 0
  return { head, branch, tree, state: await writeFolder(store, items), needs: unfinished.commits, dirty: !isClean }
}

/** Takes entries that are not merged out of the private index; answers one tree for each of their three stages, if any. */
async function separateStages({ repository, env, signal }: PrivateIndex, store: Store): Promise<string[]> {
  const call = { doing: `reading the conflicts of ${repository.at}`, at: repository.at, env, signal }
  const { stdout } = await git(['ls-files', '--unmerged', '-z', '--full-name'], call)
  const entries = fieldsOf(stdout).map((field) => {
    const [mode = '', id = '', stage = ''] = field.subarray(0, field.indexOf(9)).toString('utf8').split(' ')
    return { mode, id, stage: Number(stage), name: field.subarray(field.indexOf(9) + 1) }
  })
  if (entries.length === 0) return []
  const gone = entries.map(({ id, name }) => entry('0', '0'.repeat(id.length), name))
  await git(['update-index', '-z', '--index-info'], { ...call, writes: true, input: Buffer.concat(gone) })
  const trees: string[] = []
  for (const stage of [1, 2, 3]) {
    const ofStage = entries.filter((one) => one.stage === stage)
    trees.push(
      await writeEntries(
        store,
        ofStage.map(({ mode, id, name }) => entry(mode, id, name)),
      ),
    )
  }
  return trees
}

async function namesOnly({ repository, env, signal }: PrivateIndex, indexTree: string): Promise<string[]> {
  const flags = ['--cached', '--ita-visible-in-index', '--diff-filter=A', '--name-only', '--no-renames', '-z']
  const { stdout } = await git(['diff-index', ...flags, indexTree], {
    doing: `reading the index of ${repository.at}`,
    at: repository.at,
    env,
    signal,
  })
  return fieldsOf(stdout).map(nameOf)
}
