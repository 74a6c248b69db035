import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail, initRepository, type ScriptFunction, say, waitUntil } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { gitIn, jsonLines } from './cli-output.ts'
import { type Outcome, World } from './world.ts'

/** Root that may do only what modes allow it. */
const WITHOUT_PRIVILEGES = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']
const ok: ScriptFunction = () => say('ok')

/** A person's mistake or a broken world: told in words, with a next step, never with a stack trace. */
function expectToldWell(outcome: Outcome, message: RegExp): void {
  const told = `${outcome.stderr}\n${outcome.stdout}`
  expect(told).toMatch(message)
  expect(told).not.toMatch(/\n\s+at .*[:(]\d+:\d+\)?/)
  expect(outcome.code).not.toBe(0)
  expect(outcome.code).not.toBeNull()
}

describe('a repository that cannot work', () => {
  it.each([
    [
      'is no repository',
      async (dir: string) => mkdir(dir, { recursive: true }),
      /not inside a git repository[\s\S]*git init/,
    ],
    ['has no commit', initRepository, /has no commit yet[\s\S]*first commit/],
  ])('is told when it %s', async (_, repository, message) => {
    await using world = await World.create(ok, { repository })
    expectToldWell(await world.skein(['run', 'Hello.']), message)
    expect(await world.api.call('workspaces.list', { removed: true })).toEqual([])
  })

  it('is told when the base is unknown, before anything is made', async () => {
    await using world = await World.create(ok)
    expectToldWell(await world.skein(['run', '--base', 'no-such-branch', 'Hello.']), /no-such-branch/)
    expect(await world.api.call('workspaces.list', { removed: true })).toEqual([])
    expect(await gitIn(world.repo, 'branch', '--list', 'skein/*')).toBe('')
  })
})

describe('a repository in an unusual state works', () => {
  it('with a detached HEAD', async () => {
    await using world = await World.create(ok)
    await gitIn(world.repo, 'checkout', '-q', '--detach')
    const run = await world.skein(['run', '--json', 'Hello.'])
    expect(run.code, run.stderr).toBe(0)
  })

  it('as a shallow clone', async () => {
    await using world = await World.create(ok)
    await writeFile(join(world.repo, 'more.txt'), 'more\n')
    await gitIn(world.repo, 'add', '-A')
    await gitIn(world.repo, 'commit', '-qm', 'More')
    const shallow = join(world.folder, 'shallow')
    await gitIn(world.folder, 'clone', '-q', '--depth', '1', `file://${world.repo}`, shallow)
    const run = await world.skein(['run', '--json', 'Hello.'], { cwd: shallow })
    expect(run.code, run.stderr).toBe(0)
  })
})

describe('a model service', () => {
  it('that is down ends the turn with the reason and exit 1', { timeout: 240_000 }, async () => {
    await using world = await World.create(ok)
    const run = await world.skein(['run', '--json', '--timeout', '3m', 'Hello.'], {
      env: { ANTHROPIC_BASE_URL: 'http://127.0.0.1:9', CLAUDE_CODE_MAX_RETRIES: '1' },
    })
    const result = jsonLines(run).at(-1)
    expect(run.code).toBe(result?.stopReason === 'error' ? 1 : 4)
    expect(JSON.stringify(result)).toMatch(/connect|network|ECONNREFUSED|time/i)
  })

  it('that refuses the key ends the turn with what to do', { timeout: 120_000 }, async () => {
    await using world = await World.create(() => fail(401))
    // Claude Code tries a refused key ten times, for minutes, unless it is told not to.
    const run = await world.skein(['run', '--json', '--env', 'CLAUDE_CODE_MAX_RETRIES=1', 'Hello.'])
    expect(run.code).toBe(1)
    expect(jsonLines(run).at(-1)).toMatchObject({ type: 'result', error: { code: 'auth' } })
  })

  it.each([429, 529] as const)(
    'that answers %i once is tried again, and the turn ends well',
    { timeout: 120_000 },
    async (status) => {
      let answered = 0
      await using world = await World.create(() =>
        answered++ === 0 ? fail(status, { retryAfter: 1 }) : say('Here I am.'),
      )
      const run = await world.skein(['run', '--json', 'Hello.'])
      expect(run.code, run.stdout.slice(-500)).toBe(0)
      expect(run.stdout).toContain('Here I am.')
      expect(answered).toBeGreaterThan(1)
    },
  )
})

describe('a computer that lacks something', () => {
  it('is told that claude is missing, how to get it, and the prompt’s turn ends', async () => {
    await using world = await World.create(ok)
    const path = await onlyThese(world, ['git', 'sh', 'node', 'bash', 'zsh', 'uname', 'cat', 'mkfifo'])
    expectToldWell(await world.skein(['run', 'Hello.'], { env: { PATH: path } }), /claude[\s\S]*install/i)
    expect(await world.agentPids()).toEqual([])
  })

  it('is told that claude is too old', async () => {
    await using world = await World.create(ok)
    const folder = join(world.folder, 'old')
    await mkdir(folder)
    await writeFile(join(folder, 'claude'), '#!/bin/sh\necho "0.2.9 (Claude Code)"\n')
    await chmod(join(folder, 'claude'), 0o755)
    const run = await world.skein(['run', 'Hello.'], { env: { PATH: `${folder}:${world.env.PATH}` } })
    expectToldWell(run, /0\.2\.9[\s\S]*(update|newer|later|install)/i)
  })

  it('is told that git is missing', async () => {
    await using world = await World.create(ok)
    const path = await onlyThese(world, ['sh', 'node', 'bash', 'zsh', 'uname', 'cat', 'mkfifo'])
    expectToldWell(await world.skein(['run', 'Hello.'], { env: { PATH: path } }), /git[\s\S]*install/i)
  })

  it('has its doctor name each with a remedy', async () => {
    await using world = await World.create(ok)
    const path = await onlyThese(world, ['sh', 'node', 'bash', 'zsh', 'uname', 'cat', 'mkfifo'])
    const doctor = await world.skein(['doctor'], { env: { PATH: path } })
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toMatch(/git[\s\S]*[Ii]nstall/)
    expect(doctor.stdout).toMatch(/[Cc]laude[\s\S]*[Ii]nstall/)
  })
})

describe('a home that cannot be used', () => {
  it.skipIf(process.getuid?.() !== 0)('is told when it is on a read-only file system', async () => {
    await using world = await World.create(ok)
    const point = join(world.folder, 'readonly')
    await mkdir(point)
    await shell(`mount -t tmpfs -o ro,size=1m tmpfs ${point}`)
    try {
      expectToldWell(
        await world.skein(['run', 'Hello.'], { env: { SKEIN_HOME: join(point, 'skein') } }),
        /read-only[\s\S]*SKEIN_HOME/,
      )
    } finally {
      await shell(`umount ${point}`)
    }
  })

  it.skipIf(process.getuid?.() !== 0)(
    'is told when the disk is full, and nothing half-made is left',
    { timeout: 120_000 },
    async () => {
      await using world = await World.create(ok)
      const point = join(world.folder, 'small')
      await mkdir(point)
      await shell(`mount -t tmpfs -o size=300k tmpfs ${point}`)
      try {
        expectToldWell(
          await world.skein(['run', 'Hello.'], { env: { SKEIN_HOME: join(point, 'skein') } }),
          /the disk is full/i,
        )
      } finally {
        await waitUntil(
          async () =>
            (await shell(`fuser -k -9 -m ${point} >/dev/null 2>&1; umount ${point} && echo ok || true`)).includes('ok'),
          { what: 'the small disk to be unmounted' },
        )
      }
    },
  )

  it('is told when something else lies where its socket should be', async () => {
    await using world = await World.create(ok)
    await mkdir(world.home, { mode: 0o700 })
    await writeFile(join(world.home, 'server.sock'), 'mine\n')
    expectToldWell(await world.skein(['run', 'Hello.']), /server\.sock is not a socket[\s\S]*Move that file away/)
    expect(await readFile(join(world.home, 'server.sock'), 'utf8')).toBe('mine\n')
  })

  it('is told when its socket may not be written', async () => {
    await using world = await World.create(ok)
    expect((await world.skein(['ls'])).code).toBe(0)
    await chmod(join(world.home, 'server.sock'), 0o400)
    const run = world.start(['run', 'Hello.'], { through: process.getuid?.() === 0 ? WITHOUT_PRIVILEGES : [] })
    expectToldWell(await run.ended, /server\.sock: permission denied[\s\S]*Check the owner and mode/)
  })

  it('is told when it is a file', async () => {
    await using world = await World.create(ok)
    await writeFile(join(world.folder, 'file'), '')
    expectToldWell(
      await world.skein(['run', 'Hello.'], { env: { SKEIN_HOME: join(world.folder, 'file') } }),
      /SKEIN_HOME|folder|directory/,
    )
  })
})

describe('a wrong command line', () => {
  it.each([
    ['an unknown option', ['run', '--no-such-option', 'x']],
    ['an unknown command', ['no-such-command']],
    ['no prompt', ['run']],
    ['an unknown machine', ['run', '--on', 'no-such-kind:x', 'Hello.']],
    ['bypassing permissions on this computer', ['run', '--permission-mode', 'bypass', 'Hello.']],
    ['an image that is not there', ['run', '--image', 'nowhere.png', 'Hello.']],
  ])('with %s ends with 2 and says what is wrong', async (_, args) => {
    await using world = await World.create(ok)
    const outcome = await world.skein(args)
    expect(outcome.code, outcome.stderr).toBe(2)
    expectToldWell(outcome, /./)
  })
})

/** A folder that holds links to just these programs. */
async function onlyThese(world: World, programs: string[]): Promise<string> {
  const folder = join(world.folder, 'bin')
  await mkdir(folder, { recursive: true })
  for (const program of programs) {
    const found = (await shell(`command -v ${program} || true`)).trim()
    if (found !== '') await shell(`ln -sf ${found} ${join(folder, program)}`)
  }
  await shell(`ln -sf ${process.execPath} ${join(folder, 'node')}`)
  return folder
}

async function shell(script: string): Promise<string> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve, reject) =>
    execFile('sh', ['-c', script], (error, stdout) => (error ? reject(error) : resolve(stdout))),
  )
}
