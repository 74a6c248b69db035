import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { GitContext } from './context.ts'
import { dropGitDir, kindAt, type LinkedWorkTree, linkedWorkTrees } from './linked-work-tree.ts'
import { done, isAbandoned } from './maker.ts'
import { arrive, GOING, type Going, MAKING, type Making } from './making.ts'
import { gitDirOf, type Repository } from './repository.ts'

/**
 * Finishes what a process that has ended left complete on its way to this very place, and discards what it left incomplete.
 * What goes elsewhere waits for its own call.
 */
export async function finishAbandoned(
  context: GitContext,
  repository: Repository,
  { path, branches }: { path: string; branches: readonly (string | null)[] },
): Promise<void> {
  for (const abandoned of await sweepAbandoned(context, repository.commonDir, dirname(path))) {
    const { going, container } = abandoned
    if (going.path !== path) continue
    const fits = branches.includes(going.branch) && (await kindAt(path)) === 'none'
    if (!fits || !(await arrived(context, repository, abandoned)))
      await discard(context, repository.commonDir, container)
  }
}

async function arrived(context: GitContext, repository: Repository, abandoned: Abandoned): Promise<boolean> {
  return arrive(context, repository, abandoned, abandoned.going).then(
    () => true,
    () => false,
  )
}

/** Takes an unfinished work tree away, with the repository's half of it. */
export async function discard(context: GitContext, commonDir: string, container: string): Promise<void> {
  const folder = dirname(container)
  const inside = (await linkedWorkTrees(commonDir)).filter(({ path }) => dirname(path) === container)
  for (const { gitDir } of await halvesIn(container, commonDir, inside)) {
    const place = await context.trash.place(folder)
    await dropGitDir(gitDir, place)
    context.trash.delete(place)
  }
  await context.trash.take(container, folder)
  done(basename(container))
}

/** By what the folders say as well as by what the repository says: either half may be missing or moved. */
async function halvesIn(container: string, commonDir: string, known: LinkedWorkTree[]): Promise<LinkedWorkTree[]> {
  const named: LinkedWorkTree[] = []
  for (const name of await readdir(container).catch(() => [])) {
    const path = join(container, name)
    const gitDir = await gitDirOf(path)
    const isOurs = gitDir !== undefined && dirname(gitDir) === join(commonDir, 'worktrees')
    if (isOurs && !known.some((one) => one.gitDir === gitDir)) named.push({ path, gitDir })
  }
  return [...known, ...named]
}

/** A work tree that is complete and only has to arrive. */
export interface Abandoned extends Making {
  going: Going
}

/**
 * What processes that have ended left half made in a folder: discards what is incomplete, and answers what only has to arrive.
 */
export async function sweepAbandoned(
  context: GitContext,
  commonDir: string,
  folder: string,
  prefix: string = MAKING,
): Promise<Abandoned[]> {
  await context.trash.sweep(folder)
  const complete: Abandoned[] = []
  const names = new Set((await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix)))
  // A git that outlived its starter may have registered a work tree in a folder that is gone by now.
  for (const { path } of await linkedWorkTrees(commonDir)) {
    const container = dirname(path)
    if (dirname(container) === folder && basename(container).startsWith(prefix)) names.add(basename(container))
  }
  for (const name of names) {
    if (!isAbandoned(name)) continue
    const container = join(folder, name)
    const [tree] = await halvesIn(container, commonDir, [])
    const going = await readGoing(container)
    if (going !== undefined && tree !== undefined) complete.push({ container, going, tree })
    else await discard(context, commonDir, container)
  }
  return complete
}

async function readGoing(container: string): Promise<Going | undefined> {
  const text = await readFile(join(container, GOING), 'utf8').catch(() => undefined)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Going)
  } catch {
    return undefined
  }
}
