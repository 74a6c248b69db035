import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { git } from './git.ts'
import { kindAt } from './linked-work-tree.ts'
import { filesBelow, type Store, type StoredFile, storeFiles } from './tree-of-files.ts'

/** What git keeps of an unfinished merge, rebase, cherry-pick or revert in the work tree's git folder. */
const FILES = [
  'MERGE_HEAD',
  'MERGE_MSG',
  'MERGE_MODE',
  'AUTO_MERGE',
  'SQUASH_MSG',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'REBASE_HEAD',
]
const FOLDERS = ['rebase-merge', 'rebase-apply', 'sequencer']
/** Of these, the ones that name commits which may have no other ref. */
const NAMING = [
  'MERGE_HEAD',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'REBASE_HEAD',
  'orig-head',
  'onto',
  'head',
  'abort-safety',
]

export interface Unfinished {
  /** A tree of those files; undefined when nothing is unfinished. */
  tree: string | undefined
  /** Commits that they need. */
  commits: string[]
  /** While a rebase is under way HEAD is on no branch; this is the branch and where it was. */
  rebasing: { branch: string; tip: string } | undefined
}

export async function keepUnfinished(gitDir: string, store: Store): Promise<Unfinished> {
  const found: StoredFile[] = []
  for (const name of FILES) {
    if ((await kindAt(join(gitDir, name))) === 'file')
      found.push({ source: Buffer.from(join(gitDir, name)), name: Buffer.from(name) })
  }
  for (const name of FOLDERS) {
    if ((await kindAt(join(gitDir, name))) !== 'folder') continue
    const below = await filesBelow(Buffer.from(join(gitDir, name)))
    found.push(...below.map((file) => ({ ...file, name: Buffer.concat([Buffer.from(`${name}/`), file.name]) })))
  }
  if (found.length === 0) return { tree: undefined, commits: [], rebasing: undefined }
  return {
    tree: await storeFiles(store, found),
    commits: await commitsIn(found, store),
    rebasing: await rebasingIn(gitDir),
  }
}

async function commitsIn(files: readonly StoredFile[], store: Store): Promise<string[]> {
  const naming = files.filter(({ name }) => NAMING.includes(name.toString('utf8').split('/').at(-1) ?? ''))
  const texts = await Promise.all(naming.map(({ source }) => readFile(source, 'utf8')))
  const ids = [...new Set(texts.flatMap((text) => text.match(/\b[0-9a-f]{40,64}\b/g) ?? []))]
  const { stdout } = await git(['cat-file', '--batch-check=%(objecttype) %(objectname)'], {
    doing: `looking for the commits of an unfinished operation in ${store.at}`,
    at: store.at,
    env: store.env,
    input: ids.map((id) => `${id}\n`).join(''),
    signal: store.signal,
  })
  return [...stdout.toString('utf8').matchAll(/^commit (\w+)$/gm)].map(([, id = '']) => id).sort()
}

async function rebasingIn(gitDir: string): Promise<Unfinished['rebasing']> {
  for (const folder of ['rebase-merge', 'rebase-apply']) {
    const name = (await readFile(join(gitDir, folder, 'head-name'), 'utf8').catch(() => '')).trim()
    const tip = (await readFile(join(gitDir, folder, 'orig-head'), 'utf8').catch(() => '')).trim()
    if (name.startsWith('refs/heads/') && tip !== '') return { branch: name.slice('refs/heads/'.length), tip }
  }
  return undefined
}
