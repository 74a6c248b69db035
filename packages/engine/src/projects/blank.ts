import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { openProject, type ProjectRow } from './projects.ts'

/** Whoever makes it again makes the same commit. */
const ALWAYS = { date: '2000-01-01T00:00:00Z', name: 'Skein', email: 'skein@localhost' }

/**
 * A repository with one empty commit, below `<home>/blank`: what a workspace without a repository stands on, and a workspace of several.
 * One for each set of folders, which it ignores: they are repositories of their own.
 */
export async function blankProject(context: EngineContext, folders: readonly string[]): Promise<ProjectRow> {
  const runner = await context.machines.runner(await context.machines.ensure(HOME_MACHINE))
  const sorted = [...folders].sort()
  const name = sorted.length === 0 ? 'scratch' : sorted.map((folder) => folder.split('/').at(-1)).join('-')
  const path = join(context.home, 'blank', shortId('', ...sorted), name)
  if ((await runner.call('fs.stat', { path })) === null) {
    const making = `${path}.${context.uuid()}`
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const git = async (...args: string[]) => {
      const { code, stderr } = await runner.call('exec', {
        argv: ['git', ...args],
        env: {
          PATH: runner.hello.path,
          HOME: runner.hello.home,
          GIT_CONFIG_GLOBAL: '/dev/null',
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_AUTHOR_DATE: ALWAYS.date,
          GIT_COMMITTER_DATE: ALWAYS.date,
        },
      })
      if (code !== 0) throw new SkeinError('internal', `making an empty repository: ${stderr.trim()}`)
    }
    try {
      await git('init', '--quiet', '--initial-branch=main', making)
      const identity = ['-c', `user.name=${ALWAYS.name}`, '-c', `user.email=${ALWAYS.email}`]
      await git('-C', making, ...identity, 'commit', '--quiet', '--allow-empty', '--message=Begin')
      // Whoever was quicker has made the same.
      await rename(making, path).catch(async (error: unknown) => {
        if ((await runner.call('fs.stat', { path })) === null) throw error
      })
    } finally {
      await rm(making, { recursive: true, force: true })
    }
  }
  return openProject(context, path)
}
