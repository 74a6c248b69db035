import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  commitAll,
  git,
  initRepository,
  repetitions,
  seededRandom,
  temporaryFolder,
  waitUntil,
  writeFiles,
} from '@skein/testkit'
import { expect, it } from 'vitest'
import { createGitHandlers } from './index.ts'

const INDEX = new URL('./index.ts', import.meta.url).href

/** A runner in a process of its own that makes one call and ends. */
function runner(dir: string, method: string, params: unknown): ChildProcess {
  const script = `
    const { createGitHandlers } = await import(${JSON.stringify(INDEX)})
    const handlers = createGitHandlers({ dir: ${JSON.stringify(dir)} })
    process.stdout.write('begun')
    await handlers[${JSON.stringify(method)}](${JSON.stringify(params)})
    process.stdout.write('done')
    await new Promise((resolve) => setTimeout(resolve, 60_000))`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Kills -9 after a while that begins with the call; resolves when the process is gone. */
async function killAfter(child: ChildProcess, milliseconds: number): Promise<void> {
  const gone = once(child, 'exit')
  if (child.stdout) await once(child.stdout, 'data')
  await sleep(milliseconds)
  child.kill('SIGKILL')
  await gone
}

async function project(dir: string, files: number): Promise<{ repo: string; base: string }> {
  const repo = join(dir, 'project')
  await initRepository(repo)
  await writeFiles(
    repo,
    Object.fromEntries(Array.from({ length: files }, (_, n) => [`d${n % 30}/f${n}.txt`, `${n}\n`.repeat(50)])),
  )
  return { repo, base: await commitAll(repo, 'first') }
}

const hidden = (names: string[]) => names.filter((name) => name.startsWith('.'))

it('createWorkspace, killed -9 at random points, is finished by the same call of another process and leaves nothing', {
  timeout: 240_000,
}, async () => {
  await using folder = await temporaryFolder('killed', { grace: 20_000 })
  const { repo, base } = await project(folder.path, 1_500)
  await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
  const pool = join(folder.path, 'pool')
  const random = seededRandom(7)
  const names = Array.from({ length: repetitions(20) }, (_, round) => `w${round}`)
  for (const [round, name] of names.entries()) {
    const params = { repo, path: join(folder.path, 'ws', name), branch: `skein/${name}`, base, pool }
    if (round % 4 === 3) {
      await handlers['git.poolFill']({ repo, pool, base, size: 1 })
      await waitUntil(async () => (await handlers['git.poolStatus']({ pool })).ready === 1, {
        what: 'a pooled work tree',
        timeout: 30_000,
      })
    }
    await killAfter(runner(join(folder.path, 'other'), 'git.createWorkspace', params), random() * 500)

    const { head } = await handlers['git.createWorkspace'](params)

    expect(head).toBe(base)
    expect(await git(params.path, ['status', '--porcelain', '--branch'])).toBe(`## skein/${name}\n`)
    expect(await git(params.path, ['rev-parse', 'HEAD'])).toBe(`${base}\n`)
  }
  const settled = async () => {
    // The last sweep of a folder goes with the next call there.
    await handlers['git.removeWorkspace']({
      repo,
      path: join(folder.path, 'ws/none'),
      deleteBranch: false,
      trash: join(folder.path, 'trash'),
    })
    return hidden(await readdir(join(folder.path, 'ws'))).length === 0
  }
  await waitUntil(settled, { what: 'everything half made to be gone', timeout: 30_000 })
  const list = await git(repo, ['worktree', 'list', '--porcelain'])
  const listed = [...list.matchAll(/^worktree (.*)$/gm)]
    .map(([, path]) => path)
    .filter((path) => !path?.includes('/pool/'))
  expect(listed.sort()).toEqual([repo, ...names.map((name) => join(folder.path, 'ws', name))].sort())
  expect(list).not.toMatch(/\/ws\/.*\n.*\n.*\nlocked/)
})

it('restore and removeWorkspace, killed -9 at random points, end well with the same call again', {
  timeout: 240_000,
}, async () => {
  await using folder = await temporaryFolder('killed', { grace: 20_000 })
  const { repo, base } = await project(folder.path, 800)
  await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
  const random = seededRandom(11)
  const path = join(folder.path, 'ws/one')
  const ref = 'refs/skein/trash/one'
  await handlers['git.createWorkspace']({ repo, path, branch: 'work', base })
  await writeFiles(path, { 'd1/f1.txt': 'staged\n', 'new.txt': 'new\n' })
  await git(path, ['add', 'd1/f1.txt'])
  for (let round = 0; round < repetitions(8); round++) {
    await handlers['git.snapshot']({ path, ref, message: 'kept' })
    const removal = {
      repo,
      path,
      branch: 'work',
      deleteBranch: true,
      snapshotRef: ref,
      trash: join(folder.path, 'trash'),
    }
    await killAfter(runner(join(folder.path, 'other'), 'git.removeWorkspace', removal), random() * 300)
    await handlers['git.removeWorkspace'](removal)
    expect(await git(repo, ['for-each-ref', '--format=%(refname)', 'refs/heads'])).toBe('refs/heads/main\n')

    const restoration = { repo, path, ref, branch: 'work' }
    await killAfter(runner(join(folder.path, 'other'), 'git.restore', restoration), random() * 400)
    await handlers['git.restore'](restoration)
    expect(await git(path, ['status', '--porcelain', '--branch'])).toBe('## work\nM  d1/f1.txt\n?? new.txt\n')
  }
})

it('poolFill, killed -9, leaves only work trees that are whole, and the next one clears up', {
  timeout: 240_000,
}, async () => {
  await using folder = await temporaryFolder('killed', { grace: 20_000 })
  const { repo, base } = await project(folder.path, 1_500)
  await using handlers = createGitHandlers({ dir: join(folder.path, 'state') })
  const random = seededRandom(3)
  const pool = join(folder.path, 'pool')
  const fill = { repo, pool, base, size: 2 }
  for (let round = 0; round < repetitions(6); round++) {
    await killAfter(runner(join(folder.path, 'other'), 'git.poolFill', fill), random() * 400)
    const path = join(folder.path, `ws/w${round}`)
    await handlers['git.createWorkspace']({ repo, path, branch: `w${round}`, base, pool })
    expect(await git(path, ['status', '--porcelain'])).toBe('')
  }
  const whole = async () => {
    await handlers['git.poolFill'](fill)
    const names = await readdir(pool)
    return names.length === 2 && names.every((name) => name.startsWith('ready-'))
  }
  await waitUntil(whole, {
    what: 'a pool of two whole work trees',
    timeout: 60_000,
    every: 200,
    explain: () => readdir(pool),
  })
  const list = await git(repo, ['worktree', 'list', '--porcelain'])
  expect([...list.matchAll(/^worktree .*\/pool\/.*$/gm)]).toHaveLength(2)
})
