import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asksPermission, asksQuestion, plans, waitUntil } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { jsonLines } from './cli-output.ts'
import { World } from './world.ts'

describe('asks', () => {
  it('make a run without a terminal end with 3, stay answerable, and end the turn when answered from elsewhere', async () => {
    await using world = await World.create(asksPermission('touch allowed.txt'))
    const run = await world.skein([
      'run',
      '--json',
      '--keep',
      '--permission-mode',
      'ask',
      '--name',
      'asker',
      'Touch it.',
    ])
    expect(run.code).toBe(3)
    const ask = jsonLines(run).find(({ type }) => type === 'ask')?.ask as { id: string }
    const answers = await Promise.all([
      world.skein(['answer', ask.id, '--allow', '--json']),
      world.skein(['answer', ask.id, '--allow', '--json']),
    ])
    expect(answers.map(({ code }) => code)).toEqual([0, 0])
    expect(answers.flatMap((answer) => jsonLines(answer)).filter(({ counted }) => counted)).toHaveLength(1)
    const { path, sessions } = await world.api.call('workspaces.get', { workspace: 'asker' })
    const sessionId = sessions[0]?.id ?? ''
    await waitUntil(
      async () => (await world.api.call('sessions.get', { sessionId })).lastTurn?.stopReason === 'end_turn',
      { what: 'the end of the turn' },
    )
    expect(existsSync(join(path, 'allowed.txt'))).toBe(true)
  })

  it('bring a denial’s comment to the model in the same turn', async () => {
    await using world = await World.create(asksPermission('touch denied.txt'))
    await world.skein(['run', '--json', '--keep', '--permission-mode', 'ask', '--name', 'denied', 'Touch it.'])
    const denied = await world.skein(['answer', 'denied', '--deny', '--comment', 'Use the other file.'])
    expect(denied.code, denied.stderr).toBe(0)
    const request = await world.model.waitForRequest(({ toolResults }) =>
      toolResults.some(({ text: result }) => result.includes('Use the other file.')),
    )
    expect(request.userTexts).toEqual(['Touch it.'])
    const { path, sessions } = await world.api.call('workspaces.get', { workspace: 'denied' })
    await waitUntil(
      async () =>
        (await world.api.call('sessions.get', { sessionId: sessions[0]?.id ?? '' })).lastTurn?.stopReason ===
        'end_turn',
      { what: 'the end of the turn' },
    )
    expect((await world.api.call('sessions.get', { sessionId: sessions[0]?.id ?? '' })).turns).toBe(1)
    expect(existsSync(join(path, 'denied.txt'))).toBe(false)
  })

  it('carry a plan: changes are asked for in the same turn, then it is approved with edits', async () => {
    await using world = await World.create(plans('# Plan\n\n1. Write the file.\n', 'planned.txt'))
    const run = await world.skein([
      'run',
      '--json',
      '--keep',
      '--permission-mode',
      'plan',
      '--name',
      'planner',
      'Plan it.',
    ])
    expect(run.code, run.stderr).toBe(3)
    const changes = await world.skein(['answer', 'planner', '--changes', 'Name the file.'])
    expect(changes.code, changes.stderr).toBe(0)
    const second = await waitUntil(async () => (await world.api.call('asks.list', {}))[0], { what: 'the revised plan' })
    expect(second.kind).toBe('plan')
    expect(second.plan?.markdown).toContain('Name the file.')
    await writeFile(join(world.folder, 'edited.md'), '# Edited plan\n\n1. Write planned.txt, carefully.\n')
    const approved = await world.skein(['answer', 'planner', '--approve', '--edit', join(world.folder, 'edited.md')])
    expect(approved.code, approved.stderr).toBe(0)
    const { path, sessions } = await world.api.call('workspaces.get', { workspace: 'planner' })
    const sessionId = sessions[0]?.id ?? ''
    const session = await waitUntil(
      async () => {
        const now = await world.api.call('sessions.get', { sessionId })
        return now.lastTurn?.stopReason === undefined ? undefined : now
      },
      { what: 'the end of the turn', explain: () => world.api.call('asks.list', {}) },
    )
    expect(session).toMatchObject({ turns: 1, permissionMode: 'sandboxed', lastTurn: { stopReason: 'end_turn' } })
    expect(existsSync(join(path, 'planned.txt'))).toBe(true)
    expect(
      world.model.requests.some((request) =>
        request.toolResults.some(({ text: result }) => result.includes('carefully')),
      ),
    ).toBe(true)
  })

  it('carry a question’s answer', async () => {
    await using world = await World.create(asksQuestion())
    const run = await world.skein(['run', '--json', '--keep', '--name', 'curious', 'Ask me.'])
    expect(run.code, run.stderr).toBe(3)
    const answered = await world.skein(['answer', 'curious', '--choose', 'Blue'])
    expect(answered.code, answered.stderr).toBe(0)
    const request = await world.model.waitForRequest(({ toolResults }) =>
      toolResults.some(({ text: result }) => result.includes('Blue')),
    )
    expect(request.toolResults[0]?.isError).toBe(false)
  })
})
