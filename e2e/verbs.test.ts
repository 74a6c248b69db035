import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { textOf } from '@skein/protocol'
import { remembers, type ScriptFunction, say, streamsLong, waitUntil, writesFile } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { gitIn } from './cli-output.ts'
import { World } from './world.ts'

describe('verbs', () => {
  it('give the same result for the same key, and refuse the key for another command', async () => {
    await using world = await World.create(remembers)
    const project = await world.api.call('projects.open', { key: randomUUID(), path: world.repo })
    const create = {
      key: 'the-key',
      projectId: project.id,
      name: 'once',
      session: { environment: world.environment },
      prompt: [{ type: 'text' as const, text: 'hello' }],
    }
    const [first, second] = await Promise.all([
      world.api.call('workspaces.create', create),
      world.api.call('workspaces.create', create),
    ])
    const third = await world.api.call('workspaces.create', create)
    expect([second.id, third.id]).toEqual([first.id, first.id])
    await expect(world.api.call('workspaces.create', { ...create, name: 'other' })).rejects.toMatchObject({
      code: 'conflict',
    })
    const sessionId = first.sessions[0]?.id ?? ''
    const prompt = { key: 'prompt-key', sessionId, content: [{ type: 'text' as const, text: 'again' }] }
    const ids = await Promise.all([
      world.api.call('sessions.prompt', prompt),
      world.api.call('sessions.prompt', prompt),
    ])
    expect(ids[0]).toEqual(ids[1])
    await waitUntil(
      async () =>
        (await world.api.call('sessions.get', { sessionId })).turns === 2 &&
        (await world.api.call('sessions.get', { sessionId })).state === 'idle',
      { what: 'two turns' },
    )
    expect((await world.agentPids()).length).toBe(1)
    expect(world.model.requests.filter(({ kind }) => kind === 'main')).toHaveLength(2)
  })

  it('hold no process for an idle session, and resume it with its memory', async () => {
    await using world = await World.create(remembers)
    const first = await world.skein(['run', '--json', '--keep', '--name', 'memory', 'My name is Ada.'])
    expect(first.code, first.stderr).toBe(0)
    await waitUntil(async () => (await world.agentPids()).length === 0, { what: 'no agent process' })
    const [workspace] = await world.api.call('workspaces.list', {})
    expect(workspace?.sessions[0]).toMatchObject({ state: 'hibernated' })
    const second = await world.skein(['send', 'memory', '--wait', '--json', 'What is my name?'])
    expect(second.code, second.stderr).toBe(0)
    expect(second.stdout).toContain('You said: My name is Ada. | What is my name?')
  })

  it('ask before removing work that is nowhere else, and bring all of it back', async () => {
    await using world = await World.create(writesFile('by-the-agent.txt'))
    await world.skein(['run', '--json', '--name', 'precious', 'Write.'])
    const { path, sessions } = await world.api.call('workspaces.get', { workspace: 'precious' })
    await gitIn(path, 'add', '-A')
    await gitIn(path, 'commit', '-qm', 'Work that is not pushed')
    await writeFile(join(path, 'README.md'), 'dirty\n')
    await writeFile(join(path, 'staged.txt'), 'staged\n')
    await gitIn(path, 'add', 'staged.txt')
    await writeFile(join(path, 'untracked.txt'), 'untracked\n')
    const state = async () => [
      await gitIn(path, 'status', '--porcelain=v1', '-b'),
      await gitIn(path, 'rev-parse', 'HEAD'),
      await gitIn(path, 'diff'),
    ]
    const before = await state()
    const refused = await world.skein(['rm', 'precious'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/untracked file/)
    expect(existsSync(path)).toBe(true)
    const removed = await world.skein(['rm', 'precious', '--yes'])
    expect(removed.code, removed.stderr).toBe(0)
    expect(existsSync(path)).toBe(false)
    const restored = await world.skein(['restore', 'precious'])
    expect(restored.code, restored.stderr).toBe(0)
    expect(await state()).toEqual(before)
    const again = await world.skein(['send', 'precious', '--wait', '--json', 'Go on.'])
    expect(again.code, again.stderr).toBe(0)
    expect((await world.events(sessions[0]?.id ?? '')).filter(({ event }) => event.type === 'turn_ended')).toHaveLength(
      2,
    )
  })

  it('fork a session: the new workspace has the files of this moment, and its agent knows what was said', async () => {
    const script: ScriptFunction = (request, context) =>
      /write/i.test(request.lastUserText) ? writesFile('a.txt')(request, context) : remembers(request, context)
    await using world = await World.create(script)
    await world.skein(['run', '--json', '--name', 'origin', 'Write a file.'])
    const forked = await world.skein(['fork', 'origin', '--name', 'branch-off', '--json'])
    expect(forked.code, forked.stderr).toBe(0)
    await waitUntil(
      async () => (await world.api.call('workspaces.get', { workspace: 'branch-off' })).state === 'ready',
      { what: 'the fork' },
    )
    const { path, branch } = await world.api.call('workspaces.get', { workspace: 'branch-off' })
    expect(existsSync(join(path, 'a.txt'))).toBe(true)
    expect(branch).toBe('skein/branch-off')
    const answer = await world.skein(['send', 'branch-off', '--wait', '--json', 'What did I say?'])
    expect(answer.stdout).toContain('You said: Write a file. | What did I say?')
  })

  it('apply the work to the checkout, keeping what the person had changed there', async () => {
    await using world = await World.create(writesFile('new.txt', 'from the agent\n'))
    await world.skein(['run', '--json', '--name', 'giver', 'Write.'])
    await writeFile(join(world.repo, 'README.md'), 'mine\n')
    const applied = await world.skein(['apply', 'giver'])
    expect(applied.code, applied.stderr).toBe(0)
    expect(await readFile(join(world.repo, 'new.txt'), 'utf8')).toBe('from the agent\n')
    expect(await readFile(join(world.repo, 'README.md'), 'utf8')).toBe('mine\n')
    const onto = await world.skein(['apply', 'giver', '--branch', 'review-me'])
    expect(onto.code, onto.stderr).toBe(0)
    expect(await gitIn(world.repo, 'show', 'review-me:new.txt')).toBe('from the agent\n')
  })
})

describe('an interrupted turn', () => {
  it('ends as cancelled with its partial output kept, and the session goes on', async () => {
    const script: ScriptFunction = (request, context) =>
      /long/.test(request.lastUserText) ? streamsLong(400, 25)(request, context) : say('Short.')
    await using world = await World.create(script)
    const run = world.start(['run', '--json', '--keep', '--name', 'stop-me', 'A long story.'])
    await waitUntil(() => run.stdout().includes('agent_message_chunk'), { what: 'the first words' })
    const interrupted = await world.skein(['interrupt', 'stop-me'])
    expect(interrupted.code, interrupted.stderr).toBe(0)
    expect((await run.ended).code).toBe(130)
    const { sessions } = await world.api.call('workspaces.get', { workspace: 'stop-me' })
    const events = await world.events(sessions[0]?.id ?? '')
    expect(events.some(({ event }) => event.type === 'agent_message' && textOf(event.content).includes('00001'))).toBe(
      true,
    )
    const next = await world.skein(['send', 'stop-me', '--wait', '--json', 'And now?'])
    expect(next.code, next.stderr).toBe(0)
  })
})
