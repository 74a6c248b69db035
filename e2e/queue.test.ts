import type { Change } from '@skein/protocol'
import { say, waitUntil } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { EngineWorld, key, words } from './engine-world.ts'

/** Everything that `changes` says, as long as it is in use. */
class Listening implements AsyncDisposable {
  readonly changes: Change[] = []
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(world: EngineWorld) {
    this.#done = (async () => {
      for await (const change of world.api.subscribe('changes', {}, this.#stop.signal)) this.changes.push(change)
    })()
  }

  /** The prompts of the last `queue`, as texts. */
  queue(): string[] | undefined {
    const last = this.changes.findLast((change) => change.type === 'queue')
    return last?.type === 'queue' ? last.prompts.map(({ content }) => JSON.stringify(content)) : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done
  }
}

describe('the queue of a session', () => {
  it('is edited, ordered and shortened while a turn runs; what was handed over stays as it was', async () => {
    const held = Promise.withResolvers<void>()
    await using world = await EngineWorld.create(async (request) => {
      if (request.lastUserText === 'first') await held.promise
      return say(`Did ${request.lastUserText}`)
    })
    await using listening = new Listening(world)
    const { id: workspaceId, sessions } = await world.workspace({ prompt: 'first' })
    const sessionId = sessions[0]?.id ?? ''
    await world.model.waitForRequest(({ lastUserText }) => lastUserText === 'first')
    const messages = Object.fromEntries(
      await Promise.all(['a', 'b', 'c', 'd'].map(async (text) => [text, await world.prompt(sessionId, text)] as const)),
    ) as Record<'a' | 'b' | 'c' | 'd', string>
    const [running] = await world
      .events(sessionId)
      .then((events) => events.flatMap(({ event }) => (event.type === 'user_message' ? [event.messageId] : [])))
    const edit = (messageId: string, text: string) =>
      world.api.call('sessions.editPrompt', { key: key(), sessionId, messageId, content: words(text) })
    expect(await edit(messages.b, 'b, edited')).toEqual({ edited: true })
    expect(await edit(running ?? '', 'too late')).toEqual({ edited: false })
    expect(await edit('nobody', 'x')).toEqual({ edited: false })
    await expect(edit(messages.b, ' ')).rejects.toMatchObject({ code: 'invalid' })
    const order = { key: key(), sessionId, messageIds: [messages.d, 'nobody', messages.b] }
    const ordered = await world.api.call('sessions.orderPrompts', order)
    const others = ordered.slice(2).map(({ messageId }) => messageId)
    expect(ordered.slice(0, 2).map(({ messageId }) => messageId)).toEqual([messages.d, messages.b])
    expect(others.sort()).toEqual([messages.a, messages.c].sort())
    const cancel = (messageId: string) => world.api.call('sessions.cancelPrompt', { key: key(), sessionId, messageId })
    expect(await cancel(messages.c)).toEqual({ cancelled: true })
    expect(await cancel(running ?? '')).toEqual({ cancelled: false })
    const queue = await world.api.call('sessions.queue', { sessionId })
    expect(queue.map(({ content }) => content)).toEqual(['d', 'b, edited', 'a'].map(words))
    await waitUntil(() => listening.queue()?.length === 3, { what: 'three prompts in the queue that is told' })

    held.resolve()
    await world.turnsEnded(sessionId, 4)
    const asked = world.model.requests.filter(({ kind }) => kind === 'main').map(({ lastUserText }) => lastUserText)
    expect(asked.filter((text, index) => text !== asked[index - 1])).toEqual(['first', 'd', 'b, edited', 'a'])
    expect(await world.api.call('sessions.queue', { sessionId })).toEqual([])
    await waitUntil(() => listening.queue()?.length === 0, { what: 'an empty queue to be told' })
    // The transcript has the message twice: the later one counts.
    const texts = (await world.events(sessionId)).flatMap(({ event }) =>
      event.type === 'user_message' && event.messageId === messages.b ? [event.content] : [],
    )
    expect(texts).toEqual([words('b'), words('b, edited')])
    const turns = await world.api.call('turns.list', { sessionId })
    expect(turns.map(({ prompt }) => prompt)).toEqual(['first', 'd', 'b, edited', 'a'])
    expect(workspaceId).toBe((await world.api.call('sessions.get', { sessionId })).workspaceId)
  })
})

describe('workspaces and sessions', () => {
  it('are renamed, pinned, put away, and seen; each is told, and lasts', async () => {
    await using world = await EngineWorld.create((request) => say(`Did ${request.lastUserText}`))
    await using listening = new Listening(world)
    const one = await world.workspace({ name: 'one' })
    const two = await world.workspace({ name: 'two' })
    const sessionId = one.sessions[0]?.id ?? ''
    expect(one).toMatchObject({ pinned: false, archived: false })
    const update = (change: { name?: string; pinned?: boolean; archived?: boolean }) =>
      world.api.call('workspaces.update', { key: key(), workspaceId: one.id, ...change })
    await expect(update({ name: 'Two' })).rejects.toMatchObject({ code: 'conflict' })
    const renamed = await update({ name: 'Fix the login', pinned: true })
    expect(renamed).toMatchObject({ name: 'fix-the-login', pinned: true, branch: one.branch, path: one.path })
    await update({ archived: true })
    // The old name is free; branch and folder of the new workspace are others.
    const again = await world.workspace({ name: 'one' })
    expect(again.path).not.toBe(one.path)
    expect(again.branch).not.toBe(one.branch)
    await world.api.call('sessions.update', { key: key(), sessionId, title: 'The login' })
    await world.prompt(sessionId, 'go')
    const { seq } = await world.turnsEnded(sessionId, 1)
    const see = (to: number) => world.api.call('sessions.see', { key: key(), sessionId, seq: to })
    for (const to of [3, 1, seq + 1000, 2]) await see(to)
    await waitUntil(
      () =>
        listening.changes.some(
          (change) =>
            change.type === 'workspace' &&
            change.workspace.id === one.id &&
            change.workspace.archived &&
            change.workspace.sessions.some(({ title, seenSeq }) => title === 'The login' && seenSeq >= seq),
        ),
      { what: 'the change to be told' },
    )
    await world.restart()
    const now = await world.api.call('workspaces.get', { workspace: 'fix-the-login' })
    expect(now).toMatchObject({ id: one.id, pinned: true, archived: true })
    expect(now.sessions[0]).toMatchObject({ title: 'The login' })
    expect(now.sessions[0]?.seenSeq).toBeGreaterThanOrEqual(seq)
    expect(now.activeAt).toBeGreaterThan(two.activeAt)
    const listed = await world.api.call('workspaces.list', {})
    expect(listed.map(({ id }) => id).sort()).toEqual([one.id, two.id, again.id].sort())
    expect(await world.api.call('agents.list', {})).toMatchObject([{ kind: 'claude', capabilities: { plans: true } }])
  })
})
