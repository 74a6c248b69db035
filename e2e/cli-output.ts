import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { git } from '@skein/testkit'
import { JsonLine } from '../packages/cli/src/json.ts'
import type { Outcome } from './world.ts'

/** The lines of `--json` output, each checked against its schema. */
export function jsonLines(outcome: Outcome): Record<string, unknown>[] {
  const lines = outcome.stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const parsed = JSON.parse(line) as Record<string, unknown>
    JsonLine.parse(parsed)
    return parsed
  })
}

export const gitIn = (dir: string, ...args: string[]): Promise<string> => git(dir, args)

/** All that must not change in a person's clone, but for new branches. */
export async function cloneState(repo: string): Promise<Record<string, string>> {
  const hash = async (file: string) => {
    const bytes = await readFile(join(repo, '.git', file)).catch(() => '')
    return createHash('sha256').update(bytes).digest('hex')
  }
  return {
    head: await readFile(join(repo, '.git/HEAD'), 'utf8'),
    index: await hash('index'),
    config: await hash('config'),
    stash: await gitIn(repo, 'stash', 'list'),
    status: await gitIn(repo, 'status', '--porcelain'),
    branches: await gitIn(
      repo,
      'for-each-ref',
      '--format=%(refname) %(objectname)',
      'refs/heads',
      'refs/tags',
      'refs/remotes',
    ),
  }
}
