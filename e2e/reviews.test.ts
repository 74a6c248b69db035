import { plans, say, useTool, waitUntil } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { EngineWorld, key, words } from './engine-world.ts'
import { World } from './world.ts'

const PLAN = '# Plan\n\n1. Write `planned.txt`.\n\n```ts\nconst a = `x`\n```\n'

async function openPlan(api: EngineWorld['api'], sessionId: string, not: string[] = []) {
  return waitUntil(
    async () =>
      (await api.call('asks.list', { sessionId })).find(({ kind, id }) => kind === 'plan' && !not.includes(id)),
    { what: 'a plan to review', timeout: 40_000 },
  )
}

describe('a plan’s review', () => {
  it('brings every comment with its lines to the model in the same turn; of two answers one counts, and the other’s comments stay drafts', async () => {
    await using world = await EngineWorld.create(plans(PLAN, 'planned.txt'))
    const { id: workspaceId, sessions } = await world.workspace({ permissionMode: 'plan', prompt: 'Plan it.' })
    const sessionId = sessions[0]?.id ?? ''
    const ask = await openPlan(world.api, sessionId)
    const add = (startLine: number, endLine: number, quote: string, body: string) =>
      world.api.call('comments.add', {
        key: key(),
        sessionId,
        place: { kind: 'plan', askId: ask.id, startLine, endLine },
        quote,
        body,
      })
    const lines = PLAN.split('\n')
    const first = await add(3, 3, lines[2] ?? '', 'Name it properly.')
    const second = await add(5, 7, lines.slice(4, 7).join('\n'), 'Not in TypeScript.\nPlain text will do.')
    const other = await add(1, 1, lines[0] ?? '', 'A better title, please.')
    await world.api.call('comments.edit', { key: key(), commentId: first.id, body: 'Name it `plan-b.txt`.' })
    await world.api.call('comments.reply', { key: key(), commentId: second.id, body: 'And short.', by: 'Ada' })
    const [one, two] = await Promise.all([
      world.api.call('reviews.send', {
        key: key(),
        sessionId,
        askId: ask.id,
        commentIds: [second.id, first.id],
        message: 'Otherwise good.',
        by: 'Ada',
      }),
      world.api.call('reviews.send', { key: key(), sessionId, askId: ask.id, commentIds: [other.id], by: 'Bob' }),
    ])
    expect([one.counted, two.counted].filter(Boolean)).toHaveLength(1)
    const states = Object.fromEntries(
      (await world.api.call('comments.list', { workspaceId })).map(({ id, state }) => [id, state]),
    )
    const sent = one.counted ? [first.id, second.id] : [other.id]
    const kept = one.counted ? [other.id] : [first.id, second.id]
    for (const id of sent) expect(states[id]).toBe('open')
    for (const id of kept) expect(states[id]).toBe('draft')
    const again = await openPlan(world.api, sessionId, [ask.id])
    const { toolResults, userTexts } = await world.model.waitForRequest(({ toolResults: results }) =>
      results.some(({ name, isError }) => name === 'ExitPlanMode' && isError),
    )
    const said = toolResults.map(({ text }) => text).join('\n')
    if (one.counted) {
      expect(said).toContain('Plan, line 3:\n\n```')
      expect(said).toContain('Name it `plan-b.txt`.')
      // The fence of the quote is longer than the one that is quoted.
      expect(said).toContain(
        'Plan, lines 5–7:\n\n````\n```ts\nconst a = `x`\n```\n````\n\nNot in TypeScript.\nPlain text will do.\n\nFurther: And short.\n\nOtherwise good.',
      )
      expect(said.indexOf('line 3')).toBeLessThan(said.indexOf('lines 5–7'))
    } else expect(said).toContain('A better title, please.')
    expect(userTexts).toEqual(['Plan it.'])
    expect((await world.api.call('sessions.get', { sessionId })).turns).toBe(1)

    await world.restart()
    const [before, now] = await world.api.call('plans.list', { sessionId })
    expect(before).toMatchObject({
      askId: ask.id,
      revision: 1,
      state: 'changes_requested',
      markdown: ask.plan?.markdown,
    })
    expect(before?.answeredBy).toBe(one.counted ? 'Ada' : 'Bob')
    expect(before?.feedback).toContain('Plan, line')
    expect(now).toMatchObject({ askId: again.id, revision: 2, state: 'open' })
    const [commentId = ''] = sent
    expect(await world.api.call('comments.mark', { key: key(), commentId, state: 'met' })).toMatchObject({
      state: 'met',
    })
    await expect(
      world.api.call('comments.edit', { key: key(), commentId, body: 'Something else.' }),
    ).rejects.toMatchObject({ code: 'conflict' })
    await world.api.call('asks.answer', {
      key: key(),
      askId: again.id,
      answer: { type: 'approve_plan', plan: '# Mine\n\nDo this.\n' },
    })
    expect((await world.api.call('plans.list', { sessionId }))[1]).toMatchObject({
      state: 'approved',
      approvedMarkdown: '# Mine\n\nDo this.\n',
    })
    await world.turnsEnded(sessionId, 1)
  })

  it('is neither lost nor doubled when the server is killed at the moment that it is sent', async () => {
    await using world = await World.create(plans(PLAN, 'planned.txt'))
    const project = await world.api.call('projects.open', { key: key(), path: world.repo })
    const { id } = await world.api.call('workspaces.create', {
      key: key(),
      projectId: project.id,
      session: { permissionMode: 'plan', environment: world.environment },
      prompt: words('Plan it.'),
    })
    const { sessions } = await world.api.call('workspaces.get', { workspace: id })
    const sessionId = sessions[0]?.id ?? ''
    const ask = await openPlan(world.api, sessionId)
    const comment = await world.api.call('comments.add', {
      key: key(),
      sessionId,
      place: { kind: 'plan', askId: ask.id, startLine: 3, endLine: 3 },
      quote: '1. Write it.',
      body: 'In another file, XYZZY.',
    })
    const review = { key: key(), sessionId, askId: ask.id, commentIds: [comment.id] }
    const pid = (await world.serverPid()) ?? 0
    const sent = world.api.call('reviews.send', review)
    process.kill(pid, 'SIGKILL')
    // The client asks again by itself, with the same key.
    expect(await sent).toEqual({ counted: true })
    expect(await world.api.call('reviews.send', review)).toEqual({ counted: true })
    expect(await world.api.call('comments.list', { workspaceId: id })).toMatchObject([{ state: 'open' }])
    await openPlan(world.api, sessionId, [ask.id])
    const results = world.model.requests.at(-1)?.toolHistory ?? []
    expect(results.filter(({ name, text }) => name === 'ExitPlanMode' && text.includes('XYZZY'))).toHaveLength(1)
    expect(await world.api.call('plans.list', { sessionId })).toHaveLength(2)
  })
})

describe('a review of changes', () => {
  it('goes as one prompt, with path, side and lines of each comment', async () => {
    await using world = await EngineWorld.create((request) =>
      request.lastUserText === 'Write.' && request.toolResults.length === 0
        ? useTool('Write', { file_path: `${request.cwd}/new file.ts`, content: 'a\nb\nc\n' })
        : say('Done.'),
    )
    const { id: workspaceId, sessions } = await world.workspace({ prompt: 'Write.' })
    const sessionId = sessions[0]?.id ?? ''
    await world.turnsEnded(sessionId, 1)
    const { tree } = await world.api.call('workspaces.changes', { workspaceId })
    const place = { kind: 'diff' as const, path: 'new file.ts', side: 'new' as const, tree }
    const add = (startLine: number, endLine: number, quote: string, body: string) =>
      world.api.call('comments.add', { key: key(), sessionId, place: { ...place, startLine, endLine }, quote, body })
    const commentIds = [(await add(2, 3, 'b\nc', 'Why?')).id, (await add(1, 1, 'a', 'Good.')).id]
    const review = { key: key(), sessionId, commentIds }
    const { messageId } = await world.api.call('reviews.send', review)
    expect(await world.api.call('reviews.send', review)).toEqual({ messageId })
    await world.turnsEnded(sessionId, 2)
    const text =
      'new file.ts, line 1 (new):\n\n```\na\n```\n\nGood.\n\nnew file.ts, lines 2–3 (new):\n\n```\nb\nc\n```\n\nWhy?'
    expect(world.model.requests.filter(({ userTexts }) => userTexts.at(-1) === text)).not.toEqual([])
    expect((await world.api.call('comments.list', { workspaceId, sessionId })).map(({ state }) => state)).toEqual([
      'open',
      'open',
    ])
    await expect(world.api.call('reviews.send', { key: key(), sessionId, commentIds: [] })).rejects.toMatchObject({
      code: 'invalid',
    })
    await expect(
      world.api.call('reviews.send', { key: key(), sessionId, commentIds: ['c-none'] }),
    ).rejects.toMatchObject({ code: 'not_found' })
  })
})
