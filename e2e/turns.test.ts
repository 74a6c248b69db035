import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelRequest, say, useTool, waitUntil } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { EngineWorld, key, words } from './engine-world.ts'
import { World } from './world.ts'

/** `write NAME TEXT` writes a file; then it says all that it was ever told. */
function writes(request: ModelRequest) {
  const [verb, name, text] = request.lastUserText.split(' ')
  if (verb !== 'write' || request.toolResults.length > 0) return say(`Told: ${request.userTexts.join(' | ')}`)
  return useTool('Write', { file_path: join(request.cwd, name ?? 'x'), content: `${text}\n` })
}

describe('turns', () => {
  it('know the files before and after them, can be compared, and be forked from with what was known then', async () => {
    await using world = await EngineWorld.create(writes)
    const { id: workspaceId, path, sessions } = await world.workspace({ prompt: 'write one.txt first-needle' })
    const sessionId = sessions[0]?.id ?? ''
    const kept = (turn: number) =>
      waitUntil(
        async () => {
          const turns = await world.api.call('turns.list', { sessionId })
          const found = turns[turn - 1]
          return found?.fromTree !== undefined && found.toTree !== undefined && found
        },
        {
          what: `the trees of turn ${turn}`,
          explain: async () => [await world.api.call('turns.list', { sessionId }), ...world.log],
        },
      )
    await world.turnsEnded(sessionId, 1)
    const first = await kept(1)
    await writeFile(join(path, 'mine.txt'), 'by a person\n')
    await world.prompt(sessionId, 'write two.txt second')
    await world.turnsEnded(sessionId, 2)
    const second = await kept(2)
    expect(first).toMatchObject({
      number: 1,
      prompt: 'write one.txt first-needle',
      stopReason: 'end_turn',
      origin: 'user',
    })
    expect(second.firstSeq).toBeGreaterThan(first.lastSeq ?? 0)
    const between = async (from: string | undefined, to: string | undefined) =>
      (
        await world.api.call('workspaces.changes', {
          workspaceId,
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        })
      ).files.map((file) => file.path)
    expect(await between(first.fromTree, first.toTree)).toEqual(['one.txt'])
    expect(await between(first.toTree, second.fromTree)).toEqual(['mine.txt'])
    expect(await between(second.fromTree, second.toTree)).toEqual(['two.txt'])
    expect(await between(undefined, first.toTree)).toEqual(['one.txt'])
    const diff = await world.api.call('workspaces.diff', {
      workspaceId,
      from: second.fromTree ?? '',
      tree: second.toTree ?? '',
    })
    expect(diff.patch).toContain('+second')
    const file = (at: string) => world.api.call('workspaces.file', { workspaceId, path: 'two.txt', at })
    expect(await file('base')).toBeNull()
    expect(Buffer.from((await file(second.toTree ?? ''))?.base64 ?? '', 'base64').toString()).toBe('second\n')

    await world.restart()
    const fork = await world.api.call('sessions.fork', {
      key: key(),
      sessionId,
      turnId: first.id,
      prompt: words('go on'),
    })
    const forked = await world.ready(fork.id)
    expect(await readFile(join(forked.path, 'one.txt'), 'utf8')).toBe('first-needle\n')
    await expect(readFile(join(forked.path, 'two.txt'))).rejects.toThrow()
    await expect(readFile(join(forked.path, 'mine.txt'))).rejects.toThrow()
    await world.turnsEnded(forked.sessions[0]?.id ?? '', 1)
    const { lastTurn } = await world.api.call('sessions.get', { sessionId: forked.sessions[0]?.id ?? '' })
    expect(lastTurn?.result).toBe('Told: write one.txt first-needle | go on')
    await expect(world.api.call('sessions.fork', { key: key(), sessionId, turnId: 't9' })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('keep their files and their words when the server is killed in the middle', async () => {
    const held = Promise.withResolvers<void>()
    await using world = await World.create(async (request) => {
      if (request.toolResults.length > 0) await held.promise
      return writes(request)
    })
    const project = await world.api.call('projects.open', { key: key(), path: world.repo })
    const { id: workspaceId } = await world.api.call('workspaces.create', {
      key: key(),
      projectId: project.id,
      session: { permissionMode: 'accept_edits', environment: world.environment },
      prompt: words('write one.txt survivor'),
    })
    const { sessions } = await world.api.call('workspaces.get', { workspace: workspaceId })
    const sessionId = sessions[0]?.id ?? ''
    await world.model.waitForRequest(({ toolResults }) => toolResults.length > 0, { timeoutMs: 60_000 })
    process.kill((await world.serverPid()) ?? 0, 'SIGKILL')
    held.resolve()
    const turn = await waitUntil(
      async () => {
        const [found] = await world.api.call('turns.list', { sessionId })
        return found?.toTree !== undefined && found
      },
      { what: 'the files at the end of the turn', timeout: 40_000 },
    )
    expect(turn).toMatchObject({ number: 1, stopReason: 'end_turn' })
    const { files } = await world.api.call('workspaces.changes', {
      workspaceId,
      from: turn.fromTree ?? '',
      to: turn.toTree ?? '',
    })
    expect(files).toMatchObject([{ path: 'one.txt', status: 'added' }])
    const { hits } = await world.api.call('search', { text: 'survivor' })
    const [prompts, seqs] = [hits.filter(({ kind }) => kind === 'prompt'), hits.map(({ seq }) => seq)]
    expect(prompts).toHaveLength(1)
    expect(new Set(seqs).size).toBe(seqs.length)
  })

  it('are found by their words, those that were written last first, also by what tools were given', async () => {
    await using world = await EngineWorld.create(writes)
    const { id: workspaceId, sessions } = await world.workspace({ prompt: 'write one.txt Grüße-from-Haystack' })
    const sessionId = sessions[0]?.id ?? ''
    await world.turnsEnded(sessionId, 1)
    const find = async (text: string, more: object = {}) => world.api.call('search', { text, ...more })
    const { hits } = await find('gruße-from')
    expect(new Set(hits.map(({ kind }) => kind))).toEqual(new Set(['prompt', 'answer', 'tool']))
    expect(hits.map(({ at }) => at)).toEqual(hits.map(({ at }) => at).sort((a, b) => b - a))
    expect(hits[0]).toMatchObject({ workspaceId, sessionId })
    const marked = hits.flatMap(({ snippet }) => snippet.flatMap(({ text, match }) => (match ? [text] : [])))
    expect(new Set(marked)).toEqual(new Set(['Grüße-from']))
    const pages = []
    for (let cursor: string | undefined; ; ) {
      const page = await find('haystack', { limit: 1, ...(cursor === undefined ? {} : { cursor }) })
      pages.push(...page.hits.map(({ seq }) => seq))
      if (page.cursor === null) break
      cursor = page.cursor
    }
    expect(pages).toEqual((await find('haystack')).hits.map(({ seq }) => seq))
    expect((await find('hay')).hits.length).toBe(pages.length)
    expect((await find('hay ')).hits).toEqual([])
    expect((await find('"from haystack"')).hits).toEqual([])
    expect((await find('haystack', { sessionId: 'another' })).hits).toEqual([])
    expect((await find('haystack', { workspaceId, sessionId })).hits).toHaveLength(pages.length)
    for (const odd of ['"', '*', 'AND', "' OR 1=1 --", 'a:b*', '(']) await find(odd)
  })
})
