import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  asksPermission,
  fail,
  hang,
  isThorough,
  type ModelRequest,
  type ScriptFunction as Script,
  say,
  smallRepository,
  useTool,
  waitUntil,
} from '@skein/testkit'
import { Batch, connect } from 'skein'
import { describe, expect, it } from 'vitest'
import { gitIn, jsonLines } from './cli-output.ts'
import { kill, World } from './world.ts'

/** How many prompts, over how many repositories, so many at once. */
const SCALE = isThorough
  ? { prompts: 200, repositories: 20, concurrency: 20 }
  : { prompts: 8, repositories: 4, concurrency: 4 }

/** Writes one file, named in the prompt: `write a.txt`. */
const writes: Script = (request: ModelRequest) => {
  const [, name = 'none.txt'] = /write (\S+)/.exec(request.lastUserText) ?? []
  return request.toolResults.length === 0
    ? useTool('Write', { file_path: join(request.cwd, name), content: `${name}\n` })
    : say(`Wrote ${name}.`)
}

async function repositories(world: World, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `r${index}`)
  await Promise.all(names.map((name) => smallRepository(join(world.folder, name))))
  return names
}

interface Report {
  outcomes: { id: string; tag?: string; status: string; attempts: number; workspace?: string; files: unknown[] }[]
  counts: Record<string, number>
  ok: boolean
}

describe('a batch', () => {
  it(`of ${SCALE.prompts} prompts over ${SCALE.repositories} repositories, killed in the middle and resumed, runs each once to success`, {
    timeout: isThorough ? 1_200_000 : 300_000,
  }, async () => {
    await using world = await World.create(writes)
    const names = await repositories(world, SCALE.repositories)
    // One of them by its address.
    names[0] = `file://${world.folder}/r0`
    const rows = Array.from({ length: SCALE.prompts }, (_, n) => `${names[n % names.length]},${n}`)
    const file = join(world.folder, 'many.csv')
    await writeFile(file, `repo,number\n${rows.join('\n')}\n`)
    const args = ['batch', file, '--prompt', 'write file-{{number}}.txt', '--json', '--concurrency']
    const first = world.start([...args, String(SCALE.concurrency)])
    const ended = () => first.lines().filter(({ type, state }) => type === 'request' && state === 'ended')
    await waitUntil(() => ended().length >= SCALE.prompts / 3, { what: 'a third of the batch', timeout: 600_000 })
    first.child.kill('SIGKILL')
    await first.ended
    // Its server dies as well, so that there is nobody who remembers.
    const server = await world.serverPid()
    if (server !== undefined) kill(server)

    const junit = join(world.folder, 'results', 'junit.xml')
    const patches = join(world.folder, 'patches')
    const more = ['--resume', '--junit', junit, '--patches', patches]
    const second = await world.skein([...args, String(SCALE.concurrency), ...more])
    expect(second.code, second.stderr).toBe(0)
    const lines = jsonLines(second)
    const { report } = lines.at(-1) as unknown as { report: Report }
    expect(report.counts).toMatchObject({ succeeded: SCALE.prompts })
    expect(
      report.outcomes.every(
        ({ status, attempts, files }) => status === 'succeeded' && attempts === 1 && files.length === 1,
      ),
    ).toBe(true)
    expect(lines.some(({ followed }) => followed === true)).toBe(true)

    // Each prompt was answered to its end exactly once, and each has one workspace.
    const asked = world.model.requests.filter(({ toolResults }) => toolResults.length > 0)
    const finals = asked.map(
      ({ lastUserText, userTexts }) => /write (\S+)/.exec([...userTexts, lastUserText].join(' '))?.[1],
    )
    expect(finals.toSorted()).toEqual(Array.from({ length: SCALE.prompts }, (_, n) => `file-${n}.txt`).toSorted())
    const workspaces = await world.api.call('workspaces.list', {})
    expect(workspaces).toHaveLength(SCALE.prompts)
    expect(new Set(workspaces.map(({ name }) => name))).toEqual(
      new Set(report.outcomes.map(({ workspace }) => workspace)),
    )
    expect((await readFile(junit, 'utf8')).match(/<testcase /g)).toHaveLength(SCALE.prompts)
    expect(existsSync(patches)).toBe(true)

    // A third time there is nothing to do, and the same report.
    const third = await world.skein([...args, '1', '--resume'])
    expect(third.code).toBe(0)
    expect((jsonLines(third).at(-1) as unknown as { report: Report }).report.outcomes).toEqual(report.outcomes)
  })

  it('is wholly checked before anything is begun, and can be looked at without beginning it', async () => {
    await using world = await World.create(writes)
    await repositories(world, 1)
    const batch = async (text: string, ...args: string[]) => {
      await writeFile(join(world.folder, 'batch.yaml'), text)
      return world.skein(['batch', '../batch.yaml', ...args])
    }
    const misspelt = await batch('requests:\n  - repo: r0\n    promt: x\n    prompt: y\n')
    expect(misspelt).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('../batch.yaml:3:5: "promt" is neither'),
    })
    const nowhere = await batch('requests:\n  - {repo: r0, prompt: x}\n  - {repo: r9, prompt: x}\n')
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('../batch.yaml:3:5: ') })
    const options = await batch('requests:\n  - {repo: r0, prompt: x, on: "", env: {"A B": c}}\n')
    expect(options).toMatchObject({ code: 2, stderr: expect.stringMatching(/request 1 .*: `on` is no machine/) })
    const planned = await batch(
      'defaults: {repo: r0}\nrequests: [{prompt: one}, {prompt: two, base: main}]\n',
      '--dry-run',
    )
    expect(planned.code, planned.stderr).toBe(0)
    expect(planned.stdout).toMatch(/^ {3}2 {2}r0: two .*r0@main {2}two$/m)
    expect(planned.stdout).toContain('2 requests, 4 at once. Nothing was begun.')
    expect(await world.api.call('workspaces.list', { removed: true })).toEqual([])
    expect(world.model.requests).toEqual([])

    // And what the reaper would end is not ended.
    const orphan = join(world.home, 'workspaces', 'repo', 'orphan')
    await gitIn(world.repo, 'worktree', 'add', '-q', '-b', 'skein/orphan', orphan)
    await world.api.call('projects.open', { key: 'known', path: world.repo })
    expect(jsonLines(await world.skein(['reap', '--dry-run', '--json']))).toEqual([
      { type: 'reaped', kind: 'worktrees', name: orphan, dryRun: true },
    ])
    expect(existsSync(orphan)).toBe(true)
    expect((await world.skein(['reap'])).stdout).toMatch(/^work tree .*orphan\n1 thing ended/)
    expect(existsSync(orphan)).toBe(false)
    expect((await world.skein(['reap', '--dry-run'])).stdout).toContain('Nothing is there')

    // A command that is told to end leaves what is under way at work.
    const left = world.start(['batch', '../batch.yaml'])
    await waitUntil(async () => (await world.api.call('workspaces.list', {})).length === 2, { what: 'two workspaces' })
    left.child.kill('SIGTERM')
    const { code, stdout } = await left.ended
    expect({ code, stdout }).toEqual({
      code: 143,
      stdout: expect.stringContaining('skein batch ../batch.yaml --resume'),
    })
    expect(await world.api.call('workspaces.list', {})).toHaveLength(2)
  })

  it.skipIf(!isThorough)(
    'answers what agents ask with no, stops where nobody is let in, and says how to look at what failed',
    async () => {
      const script: Script = (request: ModelRequest, context) => {
        if (request.userTexts.join(' ').includes('keyless')) return fail(401)
        return asksPermission('touch asked.txt')(request, context)
      }
      await using world = await World.create(script)
      const rows = [
        { prompt: 'ask first', tag: 'asks', 'permission-mode': 'ask' },
        { prompt: 'be keyless', tag: 'keyless' },
        { prompt: 'never', tag: 'never' },
      ]
      const stdin = rows.map((row) => JSON.stringify(row)).join('\n')
      const args = ['batch', '-', '--concurrency', '1', '--keep', 'branch', '--env', 'CLAUDE_CODE_MAX_RETRIES=0']
      const outcome = await world.skein(args, { stdin })
      expect(outcome.code, outcome.stderr).toBe(1)
      expect(outcome.stdout).toMatch(/^✓ asks {2}.*Not done/m)
      expect(outcome.stdout).toMatch(/^✗ keyless {2}failed/m)
      expect(outcome.stdout).toMatch(/^1 succeeded, 1 failed, 1 not started, /m)
      expect(outcome.stdout).toContain('To go on: skein batch - --resume')
      const [, logs = ''] = /Look at it: skein (logs \S+)/.exec(outcome.stdout) ?? []
      expect((await world.skein(logs.split(' '))).stdout).toContain('be keyless')
      const again = await world.skein(args, { stdin })
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('was begun before and has not ended') })
    },
  )

  it('in a program, needs no server and leaves nothing; with an id, a server’s store is its record', async () => {
    const script: Script = (request, context) =>
      request.lastUserText.includes('forever') ? hang() : writes(request, context)
    await using world = await World.create(script)
    const { ANTHROPIC_API_KEY = '', ...env } = world.env
    const common = { repositories: world.repo, env, secrets: { ANTHROPIC_API_KEY } }
    const alone = await new Batch([
      { ...common, prompt: 'write alone.txt', tag: 'writes', artifacts: ['patch'] },
      { ...common, prompt: 'work forever', tag: 'hangs', timeout: 2_000 },
    ]).run()
    expect(alone.outcomes.map(({ tag, status }) => [tag, status])).toEqual([
      ['writes', 'succeeded'],
      ['hangs', 'timed_out'],
    ])
    expect(alone.outcomes[0]).toMatchObject({ left: 'nothing', files: [{ path: 'alone.txt', status: 'added' }] })
    expect(alone.outcomes[0]?.artifacts).toMatchObject([
      { type: 'patch', patch: expect.stringContaining('+alone.txt') },
    ])
    expect(await gitIn(world.repo, 'for-each-ref', 'refs/heads/skein', 'refs/skein')).toBe('')
    expect(await world.agentPids()).toEqual([])

    await world.api.call('server.info', {})
    const again = async () => {
      await using skein = connect({ home: world.home })
      return await new Batch([{ ...common, prompt: 'write known.txt' }], { skein, id: 'weekly-47' }).run()
    }
    const first = await again()
    const asked = world.model.requests.length
    const second = await again()
    expect(first.counts.succeeded).toBe(1)
    expect(second.outcomes[0]).toMatchObject({ status: 'succeeded', workspaceId: first.outcomes[0]?.workspaceId })
    expect(world.model.requests.length).toBe(asked)
  })

  it.skipIf(!isThorough)(
    'killed again and again, with and without its server, runs each prompt once',
    { timeout: 1_200_000 },
    async () => {
      await using world = await World.create(() => say('never asked'))
      const names = await repositories(world, 10)
      const bin = join(world.folder, 'bin')
      await mkdir(bin)
      // The prompts are counted by the agent itself, and there are many: one that starts quickly stands for Claude Code.
      await copyFile(join(import.meta.dirname, '../bench/cheap-agent.pl'), join(bin, 'claude'))
      world.env.PATH = `${bin}:${world.env.PATH}`
      const file = join(world.folder, 'many.csv')
      const numbers = Array.from({ length: 100 }, (_, n) => n)
      await writeFile(file, `repo,prompt\n${numbers.map((n) => `${names[n % 10]},write file-${n}.txt`).join('\n')}\n`)
      const log = join(world.folder, 'agents.log')
      const args = ['batch', file, '--json', '--concurrency', '10', '--env', `CHEAP_AGENT_LOG=${log}`]
      for (let kills = 0; kills < 10; kills++) {
        const run = world.start(kills === 0 ? args : [...args, '--resume'])
        await waitUntil(() => run.lines().length > 1 + kills, { what: 'something to happen', timeout: 120_000 })
        await new Promise((resolve) => setTimeout(resolve, 300 * kills))
        run.child.kill('SIGKILL')
        await run.ended
        const server = kills % 3 === 2 ? await world.serverPid() : undefined
        if (server !== undefined) kill(server)
      }
      const last = await world.skein([...args, '--resume'])
      expect(last.code, last.stderr).toBe(0)
      const written = (await readFile(log, 'utf8')).trimEnd().split('\n')
      expect(written.toSorted()).toEqual(numbers.map((n) => `file-${n}.txt`).toSorted())
      expect(await world.api.call('workspaces.list', {})).toHaveLength(numbers.length)
    },
  )

  it.skipIf(!isThorough)(
    'parks at a usage limit, says until when, and goes on after its reset',
    { timeout: 400_000 },
    async () => {
      await using world = await World.create(() => say('never asked'))
      const bin = join(world.folder, 'bin')
      await mkdir(bin)
      await copyFile(join(import.meta.dirname, '../bench/cheap-agent.pl'), join(bin, 'claude'))
      world.env.PATH = `${bin}:${world.env.PATH}`
      const resetsAt = Math.ceil(Date.now() / 1000) + 100
      const file = join(world.folder, 'batch.yaml')
      await writeFile(file, 'requests: [{prompt: write a.txt}, {prompt: write b.txt}, {prompt: write c.txt}]\n')
      const limit = ['--env', `CHEAP_AGENT_LIMITED_UNTIL=${resetsAt}`]
      const outcome = await world.skein(['batch', file, '--json', '--concurrency', '2', ...limit])
      expect(outcome.code, outcome.stderr).toBe(0)
      const lines = jsonLines(outcome)
      expect(lines).toContainEqual({
        type: 'batch_state',
        state: 'parked',
        until: resetsAt * 1000,
        because: expect.stringContaining('limit'),
      })
      const retries = lines.filter(({ state }) => state === 'retrying')
      expect(retries.length).toBeLessThanOrEqual(2)
      expect(retries.every(({ error }) => (error as { class: string }).class === 'usage_limit')).toBe(true)
      const { report } = lines.at(-1) as unknown as { report: Report }
      expect(report.counts).toMatchObject({ succeeded: 3 })
      expect(await world.api.call('workspaces.list', {})).toHaveLength(3)
    },
  )
})
