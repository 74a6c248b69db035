import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogPart } from '@skein/protocol'
import { type ScriptFunction, say, useTool, waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { key, logOf, processesWith, readyWorkspace, verdict, worldWith } from './working-world.ts'
import { kill, type World } from './world.ts'

/** Goes on when the file is there. */
const WAITS = 'until [ -e go ]; do sleep 0.05; done'

const MARK = `check-${process.pid}`
const CHECKS = {
  good: 'echo "port $SKEIN_PORT of $SKEIN_WORKSPACE, $SKEIN_CHECK"; test -z "$ANTHROPIC_API_KEY"; touch ran',
  bad: { run: 'echo before; echo wrong >&2; exit 3' },
  slow: { run: 'sleep 1000', timeout: 0.5 },
  missing: 'exec /no/such/program',
  long: `sh -c 'sleep 1000; : ${MARK}' & wait`,
  chatty: `echo first ghp_${'a1B2'.repeat(9)}; yes "$(printf %500s | tr ' ' x)" | head -c 12000000; echo; echo and the last; exit 1`,
  counted: `echo x >> count; echo begun; ${WAITS}; exit 4`,
  answer: {
    run: 'printf "\\033[31mred\\033[0m %s\\n" "\\`\\`\\`"; grep -qx right answer.txt',
    afterTurn: true,
    fixRounds: 2,
  },
}

describe('checks', () => {
  let world: World
  let tries = 0
  /** Gets it right at the fourth time. */
  const script: ScriptFunction = (request) => {
    if (request.toolResults.length > 0) return say('Done.')
    tries += 1
    const content = tries === 4 ? 'right' : `wrong ${tries}`
    return useTool('Write', { file_path: join(request.cwd, 'answer.txt'), content })
  }
  beforeAll(async () => {
    world = await worldWith({ checks: CHECKS }, script)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const run = (workspaceId: string, ...names: string[]) =>
    world.api.call('checks.run', { key: key(), workspaceId, names })

  it('run nothing of a repository that is not trusted, nor what an agent made of its skein.json', async () => {
    const workspace = await readyWorkspace(world, { trusted: false })
    const [listed] = await world.api.call('checks.list', { workspaceId: workspace.id })
    expect(listed).toMatchObject({ name: 'good', run: CHECKS.good })
    await expect(run(workspace.id, 'good')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('not trusted'),
      details: { reason: 'needs_trust', projectId: workspace.projectId },
    })
    expect(existsSync(join(workspace.path, 'ran'))).toBe(false)
    const project = await world.api.call('projects.open', { key: key(), path: world.repo })
    await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
    await writeFile(join(workspace.path, 'skein.json'), '{"checks":{"good":"touch evil"}}')
    const [trusted] = await run(workspace.id, 'good')
    expect(await verdict(world, trusted ?? { id: '', workspaceId: '' })).toMatchObject({ state: 'passed' })
    expect([existsSync(join(workspace.path, 'ran')), existsSync(join(workspace.path, 'evil'))]).toEqual([true, false])
  })

  it('say by their exit code whether the work is right, with their output, as often as they are run', async () => {
    const workspace = await readyWorkspace(world, { name: 'checked' })
    const started = await run(workspace.id, 'good', 'bad', 'slow', 'missing')
    expect(started.map(({ name, state }) => [name, state])).toEqual([
      ['good', 'running'],
      ['bad', 'running'],
      ['slow', 'running'],
      ['missing', 'running'],
    ])
    const [good, bad, slow, missing] = await Promise.all(started.map((run) => verdict(world, run)))
    expect(good).toMatchObject({ state: 'passed', exitCode: 0, cause: 'person', round: 0 })
    expect(await logOf(world, good?.id ?? '')).toBe(`port ${workspace.port} of checked, good\n`)
    expect(bad).toMatchObject({ state: 'failed', exitCode: 3, note: 'exit code 3' })
    expect(await logOf(world, bad?.id ?? '')).toBe('before\nwrong\n')
    expect(slow).toMatchObject({ state: 'failed', note: expect.stringContaining('longer than') })
    expect(missing).toMatchObject({ state: 'failed', exitCode: 127 })
    const listed = await world.api.call('checks.list', { workspaceId: workspace.id })
    expect(listed.slice(0, 4).map(({ name, run, last }) => [name, run, last?.state])).toEqual([
      ['good', CHECKS.good, 'passed'],
      ['bad', CHECKS.bad.run, 'failed'],
      ['slow', 'sleep 1000', 'failed'],
      ['missing', CHECKS.missing, 'failed'],
    ])
    await expect(run(workspace.id, 'nope')).rejects.toMatchObject({
      code: 'not_found',
      next: expect.stringContaining('It has: good, bad, '),
    })
  })

  it('are not run twice at once, and end with all that they started when they are cancelled', async () => {
    const workspace = await readyWorkspace(world)
    const [[one], [two]] = await Promise.all([run(workspace.id, 'long'), run(workspace.id, 'long')])
    expect(two?.id).toBe(one?.id)
    await waitUntil(async () => (await processesWith(MARK)).length > 0, { what: 'the check to run' })
    const status = await world.api.call('workspaces.get', { workspace: workspace.id })
    expect(status.status).toMatchObject({ status: 'checking', because: 'the check long runs' })
    expect(await world.api.call('checks.cancel', { key: key(), runId: one?.id ?? '' })).toMatchObject({
      state: 'cancelled',
    })
    expect(await processesWith(MARK)).toEqual([])
  })

  it('keep beginning and end of a long log, without secrets, and are run from the command line', async () => {
    const { id, name } = await readyWorkspace(world)
    const good = await world.skein(['checks', name, '--run', '--only', 'good'])
    expect(good.code, good.stderr).toBe(0)
    expect(good.stdout).toMatch(/ of [^\n]+, good\n✓ good {2}passed/)
    const [long] = await run(id, 'chatty')
    expect(await verdict(world, long ?? { id: '', workspaceId: '' })).toMatchObject({ state: 'failed' })
    const parts: LogPart[] = []
    for await (const part of world.api.subscribe('checks.log', { runId: long?.id ?? '' })) parts.push(part)
    const log = parts.map(({ text }) => text).join('')
    expect(log.length).toBeGreaterThan(4_000_000)
    expect(log.length).toBeLessThan(7_000_000)
    expect(log.startsWith('first ')).toBe(true)
    expect(log.endsWith(' last\n')).toBe(true)
    expect(log).not.toContain('ghp_')
    for (const [n, { offset }] of parts.entries()) {
      const before = parts[n - 1]
      if (before) expect(offset).toBeGreaterThanOrEqual(before.offset + before.text.length)
    }
    const json = await world.skein(['checks', name, '--run', '--json', '--only', 'bad'])
    expect(json.code).toBe(1)
    const lines = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string })
    expect(lines.map(({ type }) => type)).toEqual(['output', 'check'])
  })

  it('outlive kill -9 of the server and of the runner; the verdict is recorded once', { timeout: 90_000 }, async () => {
    const workspace = await readyWorkspace(world)
    const [begun] = await run(workspace.id, 'counted')
    const runId = begun?.id ?? ''
    const whole = logOf(world, runId)
    expect(await logOf(world, runId, 'begun')).toBe('begun\n')
    kill((await world.serverPid()) ?? 0)
    await waitUntil(async () => (await world.serverPid()) === undefined, { what: 'the end of the server' })
    await world.api.call('checks.list', { workspaceId: workspace.id })
    kill((await world.runnerPid()) ?? 0)
    await writeFile(join(workspace.path, 'go'), '')
    expect(await verdict(world, { id: runId, workspaceId: workspace.id })).toMatchObject({
      state: 'failed',
      exitCode: 4,
    })
    expect(await whole).toBe('begun\n')
    expect(await logOf(world, runId)).toBe('begun\n')
    expect(await readFile(join(workspace.path, 'count'), 'utf8')).toBe('x\n')
    expect(await world.api.call('checks.runs', { workspaceId: workspace.id })).toHaveLength(1)
  })

  it('run after a turn that changed something, and send a failure to the agent, so many rounds', {
    timeout: 120_000,
  }, async () => {
    const workspace = await readyWorkspace(world, { prompt: 'Write the answer.' })
    const runs = () => world.api.call('checks.runs', { workspaceId: workspace.id })
    const failed = async (count: number) => {
      const all = await waitUntil(
        async () => {
          const now = await runs()
          return now.length === count && now.every(({ state }) => state !== 'running') && now
        },
        { what: `${count} verdicts`, timeout: 60_000, explain: runs },
      )
      return all.map(({ state, cause, round: number }) => [state, cause, number])
    }
    expect(await failed(3)).toEqual([
      ['failed', 'fix', 2],
      ['failed', 'fix', 1],
      ['failed', 'turn', 0],
    ])
    // Two rounds, and no more.
    const sessionId = workspace.sessions[0]?.id ?? ''
    await waitUntil(async () => (await world.api.call('sessions.get', { sessionId })).queued === 0, { what: 'rest' })
    const prompts = (await world.events(sessionId)).flatMap(({ event }) =>
      event.type === 'user_message' ? [event] : [],
    )
    expect(prompts.map(({ origin }) => origin)).toEqual(['user', 'command', 'command'])
    const block = prompts[1]?.content[0]
    expect(block?.type === 'text' ? block.text : '').toContain('````text\nred ```\n````')
    // A person sends the last failure to the agent, who gets it right.
    const [last] = await runs()
    const fix = { key: key(), runId: last?.id ?? '' }
    const [sent, again] = [
      await world.api.call('checks.fix', fix),
      await world.api.call('checks.fix', { ...fix, key: key() }),
    ]
    expect(again).toEqual(sent)
    expect((await failed(4))[0]).toEqual(['passed', 'fix', 3])
    const { status } = await world.api.call('workspaces.get', { workspace: workspace.id })
    expect(status.because).toContain('its check passed')
  })
})
