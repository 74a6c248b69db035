import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bareRemote, git, say, smallRepository, submoduleRepository, useTool } from '@skein/testkit'
import { embed, type RunOptions } from 'skein'
import { expect, it } from 'vitest'
import { gitOverHttp } from './git-over-http.ts'
import { libraryElsewhere, libraryPlace } from './library-place.ts'

const run = promisify(execFile)
const TOKEN = 'ghp_a-token-of-this-test'

/** What the agent finds where it begins, told by its own first request. */
const seen: { cwd: string; files: Record<string, boolean>; commits: number }[] = []
const FILES = [
  'src/greeting.js',
  'private/README.md',
  'libs/lib/new-in-feature.txt',
  'libs/lib/README.md',
  'app/vendor/palette/colours.json',
]

function look(cwd: string): void {
  const lib = join(cwd, 'libs/lib')
  const commits = existsSync(lib)
    ? Number(execFileSync('git', ['-C', lib, 'rev-list', '--count', 'HEAD'], { encoding: 'utf8' }))
    : 0
  seen.push({ cwd, files: Object.fromEntries(FILES.map((file) => [file, existsSync(join(cwd, file))])), commits })
}

/** Writes one file in the second repository, and one beside all of them. */
const script = (request: { cwd: string; toolResults: { text: string }[]; toolHistory: unknown[] }) => {
  const { cwd, toolHistory } = request
  if (toolHistory.length === 0) {
    look(cwd)
    return useTool('Write', { file_path: join(cwd, 'libs/lib/made.txt'), content: 'made\n' })
  }
  if (toolHistory.length === 1) return useTool('Write', { file_path: join(cwd, 'notes.md'), content: 'notes\n' })
  return say('done')
}

async function repositories(folder: string, repo: string) {
  const remotes = join(folder, 'remotes')
  await run('mkdir', ['-p', remotes])
  const priv = await smallRepository(join(folder, 'source-private'))
  await bareRemote(priv, join(remotes, 'private.git'))
  const lib = await smallRepository(join(folder, 'source-lib'))
  await git(lib, ['checkout', '--quiet', '-b', 'feature'])
  await writeFile(join(lib, 'new-in-feature.txt'), 'new\n')
  await git(lib, ['add', '.'])
  await git(lib, ['commit', '--quiet', '-m', 'Something new'])
  await git(lib, ['tag', 'v1'])
  const commit = (await git(lib, ['rev-parse', 'HEAD'])).trim()
  await git(lib, ['checkout', '--quiet', 'main'])
  const remoteLib = await bareRemote(lib, join(remotes, 'lib.git'))
  const submodules = await submoduleRepository(join(folder, 'submodules'))
  return { remotes, lib: remoteLib, commit, app: submodules.path, repo }
}

it('match 39, better 15, 16: several repositories, a private one, a branch, with submodules and little history, each in its folder', {
  timeout: 180_000,
}, async () => {
  await using place = await libraryPlace(script)
  const { remotes, lib, app } = await repositories(place.folder, place.repo)
  await using door = await gitOverHttp(remotes, 'x-access-token', TOKEN)
  await using skein = await embed({ home: place.home })
  const hosts: string[] = []
  const options: RunOptions = {
    ...place.agent,
    prompt: 'work',
    repositories: [
      `${door.url}/private.git`,
      { url: `file://${lib}`, branch: 'feature', folder: 'libs/lib', depth: 1 },
      { url: app, submodules: true },
    ],
    credential(host) {
      hosts.push(host)
      return TOKEN
    },
    artifacts: ['changes', 'bundle', { path: 'notes.md' }],
  }
  seen.length = 0
  const result = await skein.run(options)
  expect(result).toMatchObject({ outcome: 'succeeded', destroyed: true })
  expect(seen[0]?.files).toEqual({
    'src/greeting.js': false,
    'private/README.md': true,
    'libs/lib/new-in-feature.txt': true,
    'libs/lib/README.md': true,
    'app/vendor/palette/colours.json': true,
  })
  expect(seen[0]?.commits).toBe(1)
  expect(result.artifacts).toMatchObject([
    { type: 'changes', repository: 'private', files: [] },
    { type: 'changes', repository: 'libs/lib', files: [{ path: 'made.txt', status: 'added' }] },
    { type: 'changes', repository: 'app', files: [] },
    { type: 'bundle', repository: 'private', bundle: null },
    { type: 'bundle', repository: 'libs/lib', bundle: expect.any(Buffer) },
    { type: 'bundle', repository: 'app', bundle: null },
    { type: 'file', content: Buffer.from('notes\n') },
  ])
  // Asked once, used, and kept nowhere.
  expect(hosts).toEqual([door.host])
  expect(door.served).toBeGreaterThan(0)
  await expect(run('grep', ['-rlF', TOKEN, place.home])).rejects.toMatchObject({ code: 1 })

  // The second time only what is new is brought, and a wrong credential is told as such, without being repeated.
  const error = await skein
    .run({
      ...options,
      repositories: [`${door.url}/private.git`],
      credential: () => ({ username: 'me', password: 'wr0ng-secret' }),
    })
    .catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'unauthorized' })
  expect(String(error)).not.toContain('wr0ng-secret')
  await expect(skein.run({ ...options, repositories: [{ url: lib, branch: 'no-such' }] })).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('no-such'),
  })
  expect(await skein.api.call('workspaces.list', {})).toEqual([])
})

it('match 39: the same on another machine, from a tag and a commit; one repository is where the agent begins', {
  timeout: 180_000,
}, async () => {
  await using place = await libraryElsewhere(script)
  const { lib, commit } = await repositories(place.folder, place.repo)
  const options: RunOptions = {
    ...place.agent,
    permissionMode: 'bypass',
    on: place.on,
    prompt: 'work',
    artifacts: ['changes', 'patch'],
  }
  seen.length = 0
  const result = await place.skein.run({
    ...options,
    repositories: [
      { url: lib, tag: 'v1', folder: 'libs/lib', depth: 1 },
      { url: `file://${lib}`, commit, folder: 'private' },
    ],
  })
  expect(result).toMatchObject({
    outcome: 'succeeded',
    destroyed: true,
    machineId: expect.stringMatching(/^elsewhere:/),
  })
  expect(seen[0]?.files).toMatchObject({ 'libs/lib/new-in-feature.txt': true, 'private/README.md': true })
  expect(seen[0]?.commits).toBe(1)
  expect(result.artifacts).toMatchObject([
    { type: 'changes', repository: 'libs/lib', files: [{ path: 'made.txt' }] },
    { type: 'changes', repository: 'private', files: [] },
    { type: 'patch', patch: expect.stringContaining('+made') },
    { type: 'patch', patch: '' },
  ])
  expect(place.there.machines()).toEqual([])

  const single = await place.skein.run({ ...options, repositories: { url: lib, branch: 'feature' } })
  expect(seen[1]?.files).toMatchObject({ 'libs/lib/README.md': false })
  expect(single.artifacts[0]).toMatchObject({
    type: 'changes',
    files: [{ path: 'libs/lib/made.txt' }, { path: 'notes.md' }],
  })
})

it('better 18: a workspace of several that was removed comes back whole', { timeout: 180_000 }, async () => {
  await using place = await libraryPlace(script)
  const { lib } = await repositories(place.folder, place.repo)
  await using skein = await embed({ home: place.home })
  const { workspaceId } = await skein.run({
    ...place.agent,
    prompt: 'work',
    repositories: [
      { url: lib, folder: 'libs/lib' },
      { url: place.repo, folder: 'private' },
      { url: place.repo, folder: 'again' },
    ],
  })
  const restored = await skein.api.call('workspaces.restore', { key: 'restore', workspaceId })
  expect(restored).toMatchObject({
    state: 'ready',
    repositories: [{ folder: 'libs/lib' }, { folder: 'private' }, { folder: 'again' }],
  })
  expect(readFileSync(join(restored.path, 'libs/lib/made.txt'), 'utf8')).toBe('made\n')
  expect(readFileSync(join(restored.path, 'notes.md'), 'utf8')).toBe('notes\n')
  await skein.reap()
  expect(existsSync(join(restored.path, 'libs/lib/made.txt'))).toBe(true)
})
