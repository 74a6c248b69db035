import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import {
  asksPermission,
  commitAll,
  type ModelReply,
  plans,
  type ScriptFunction,
  say,
  smallRepository,
  useTool,
  waitUntil,
  writeFiles,
  writesFile,
} from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonLines } from './cli-output.ts'
import { NODE_FLAGS, World } from './world.ts'

const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
/** More than a page of a diff. */
const LONG = Array.from({ length: 1500 }, (_, n) => `line ${n} of a file that is longer than a page\n`).join('')

/** What the agents do, by the first word of their prompt. */
const script: ScriptFunction = (request, context) => {
  const [prompt = ''] = request.userTexts
  const word = /^\w+/.exec(prompt)?.[0]
  if (word === 'Permission') return asksPermission('touch allowed.txt')(request, context)
  if (word === 'Long') return writesFile('long.txt', LONG)(request, context)
  if (word === 'Plan') return plans()(request, context)
  if (word === 'Delegate') return delegates(request.toolHistory.map(({ text }) => text))
  if (word === 'Hang') return { ...say('I think about it'), ending: { how: 'hang', until: context.signal } }
  return writesFile('hello.txt', 'Hello.\n')(request, context)
}

/** An agent that starts another, then tries what it must not. */
function delegates(results: readonly string[]): ModelReply {
  const steps = [
    () => useTool('mcp__skein__create_workspace', { name: 'child', prompt: 'Write hello.' }),
    () => useTool('mcp__skein__create_workspace', { name: 'too-many', prompt: 'Write hello.' }),
    () => useTool('mcp__skein__remove_workspace', { workspace: 'parent', confirm: true }),
    () => useTool('mcp__skein__show_workspace', { workspace: 'permission' }),
    () => useTool('mcp__skein__follow', { workspaces: ['child'] }),
  ]
  return steps[results.length]?.() ?? say(results.join('\n---\n'))
}

describe('skein mcp', { timeout: 120_000 }, () => {
  let world: World
  /** Everything that any tool answered. */
  const answered: string[] = []
  /** One for each revision of the protocol, as of before and since 2026. */
  const clients = new Map<'legacy' | 'auto', Client>()

  beforeAll(async () => {
    world = await World.create(script, {
      repository: async (dir) => {
        await smallRepository(dir)
        await writeFiles(dir, {
          'skein.json': JSON.stringify({ checks: { greeting: 'echo looked; test -f hello.txt' } }),
        })
        await commitAll(dir, 'Check the greeting')
      },
    })
    expect((await world.skein(['trust', '--yes'])).code).toBe(0)
    // The first tool call is to find no server.
    await world.skein(['server', 'stop'])
    await waitUntil(async () => (await world.serverPid()) === undefined, { what: 'the end of the server' })
  })
  afterAll(async () => {
    for (const client of clients.values()) await client.close()
    await world[Symbol.asyncDispose]()
  })

  async function connect(mode: 'legacy' | 'auto'): Promise<Client> {
    const known = clients.get(mode)
    if (known) return known
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    clients.set(mode, client)
    const { env, repo } = world
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [...NODE_FLAGS, MAIN, 'mcp'], env, cwd: repo }),
    )
    return client
  }

  async function raw(client: Client, name: string, args: Record<string, unknown>): Promise<CallToolResult> {
    const result = await client.callTool({ name, arguments: args })
    answered.push(textOf(result))
    return result
  }

  async function use<T = Record<string, unknown>>(client: Client, name: string, args: Record<string, unknown>) {
    const result = await raw(client, name, args)
    expect(result.isError, textOf(result)).toBeFalsy()
    return JSON.parse(textOf(result)) as T
  }

  async function refused(client: Client, name: string, args: Record<string, unknown>) {
    const result = await raw(client, name, args)
    expect(result.isError, textOf(result)).toBe(true)
    return textOf(result)
  }

  /** Follows until none is at work, answering what is asked. */
  async function followAll(client: Client, workspaces: string[]): Promise<Followed[]> {
    const seen = new Map<string, Followed>()
    let cursor: string | undefined
    for (;;) {
      const answer = await use<{ workspaces: Followed[]; cursor: string }>(client, 'follow', {
        workspaces,
        ...(cursor === undefined ? {} : { cursor }),
      })
      cursor = answer.cursor
      for (const one of answer.workspaces)
        seen.set(one.workspace, { ...one, events: [...(seen.get(one.workspace)?.events ?? []), ...one.events] })
      const asks = answer.workspaces.flatMap(({ asks }) => asks ?? [])
      for (const { ask, shown } of asks) await use(client, 'answer_ask', { ask, shown, answer: { type: 'allow' } })
      if (asks.length === 0 && answer.workspaces.every(({ atWork }) => !atWork)) return [...seen.values()]
    }
  }

  it('lets a client create two workspaces, follow both, answer an ask and read the diff, starting the server by itself', async () => {
    expect(await world.serverPid()).toBeUndefined()
    const client = await connect('legacy')
    const { tools } = await client.listTools()
    expect(tools.every(({ description, inputSchema }) => description && inputSchema.type === 'object')).toBe(true)
    expect(tools.find(({ name }) => name === 'remove_workspace')?.annotations?.destructiveHint).toBe(true)

    for (const [name, prompt, mode] of [
      ['permission', 'Permission is what you need.', 'ask'],
      ['hello', 'Write hello.', 'accept_edits'],
    ])
      await use(client, 'create_workspace', { name, prompt, permissionMode: mode })
    const followed = await followAll(client, ['permission', 'hello'])
    const [permission, hello] = ['permission', 'hello'].map((name) => followed.find((one) => one.workspace === name))
    expect(permission?.events.join('\n')).toMatch(
      /prompt: Permission[\s\S]*asks for permission[\s\S]*agent: Done[\s\S]*turn ended: end_turn/,
    )
    expect(hello?.events.filter((line) => line.includes('turn ended'))).toHaveLength(1)
    expect(hello?.status).toBe('ready_for_review')
    expect(await use(client, 'list_changes', { workspace: 'permission' })).toMatchObject({
      files: [{ path: 'allowed.txt', status: 'added' }],
    })
    expect((await use<{ patch: string }>(client, 'read_diff', { workspace: 'hello' })).patch).toContain('+Hello.')
    expect(await use(client, 'apply_to_branch', { workspace: 'hello', branch: 'from-mcp' })).toMatchObject({
      applied: true,
    })
  })

  it('tells what is wrong with a call, and what to do', async () => {
    const client = await connect('auto')
    expect(await refused(client, 'create_workspace', { promt: 'x' })).toContain('promt')
    expect(await refused(client, 'show_workspace', { workspace: 'nowhere' })).toContain('not_found')
    expect(await refused(client, 'follow', { workspaces: ['hello'], cursor: 'x' })).toContain(
      'cursor of the last answer',
    )
    expect(await refused(client, 'send_prompt', { workspace: 'hello', prompt: 'x', session: 's-0' })).toContain(
      'It has: s-',
    )
    expect(await refused(client, 'answer_ask', { ask: 'a-0', shown: '12345678', answer: { type: 'maybe' } })).toContain(
      'answer',
    )
    expect(await refused(client, 'create_workspace', { repository: '/nowhere', prompt: 'x' })).toContain('git')
    expect(await refused(client, 'remove_workspace', { workspace: 'hello' })).toContain('confirm: true')
    expect(await use(client, 'remove_workspace', { workspace: 'hello', confirm: true })).toMatchObject({
      removed: 'hello',
    })
    expect(await use(client, 'list_workspaces', {})).toMatchObject({ workspaces: [{ name: 'permission' }] })
    await use(client, 'restore_workspace', { workspace: 'hello' })
  })

  it('runs checks, searches, lists machines, and carries a plan from its first draft to its approval', async () => {
    const client = await connect('auto')
    expect(await use(client, 'run_checks', { workspace: 'permission' })).toMatchObject({ next: 'follow' })
    await use(client, 'follow', { workspaces: ['permission'], until: 'all' })
    expect(await use(client, 'list_checks', { workspace: 'permission' })).toMatchObject({
      checks: [{ check: 'greeting', last: { state: 'failed', exitCode: 1 } }],
    })
    expect(await use(client, 'read_check', { workspace: 'permission', check: 'greeting' })).toMatchObject({
      printed: 'looked\n',
    })
    expect(await use(client, 'list_machines', {})).toMatchObject({ machines: [{ on: 'local' }] })
    const found = () => use<{ hits: { workspace: string }[] }>(client, 'search', { text: 'Permission is what' })
    await waitUntil(async () => (await found()).hits.some(({ workspace }) => workspace === 'permission'), {
      what: 'a hit',
    })

    await use(client, 'create_workspace', { name: 'plan', prompt: 'Plan it.', permissionMode: 'plan' })
    const draft = await planOf(client)
    await use(client, 'answer_ask', { ...draft.ask, answer: { type: 'request_changes', feedback: 'Name the file.' } })
    const second = await planOf(client)
    expect(second.markdown).toContain('Name the file.')
    await use(client, 'answer_ask', { ...second.ask, answer: { type: 'approve_plan' } })
    await followAll(client, ['plan'])
    expect(await use(client, 'list_changes', { workspace: 'plan' })).toMatchObject({ files: [{ path: 'planned.txt' }] })
  })

  async function planOf(client: Client) {
    await use(client, 'follow', { workspaces: ['plan'] })
    const { ask, shown, markdown } = await use<Record<'ask' | 'shown' | 'markdown', string>>(client, 'read_plan', {
      workspace: 'plan',
    })
    return { ask: { ask, shown }, markdown }
  }

  it('gives large changes in pages that make the whole, and lets a wait be cancelled while the agent works on', async () => {
    const client = await connect('auto')
    await use(client, 'create_workspace', {
      name: 'long',
      prompt: 'Long file, please.',
      permissionMode: 'accept_edits',
    })
    await followAll(client, ['long'])
    let patch = ''
    let pages = 0
    for (let cursor: string | undefined; ; pages++) {
      const page = await use<{ patch: string; cursor?: string }>(client, 'read_diff', {
        workspace: 'long',
        ...(cursor === undefined ? {} : { cursor }),
      })
      patch += page.patch
      cursor = page.cursor
      if (cursor === undefined) break
    }
    expect(pages).toBeGreaterThan(2)
    const { id } = await world.api.call('workspaces.get', { workspace: 'long' })
    expect(patch).toBe((await world.api.call('workspaces.diff', { workspaceId: id })).patch)

    await use(client, 'send_prompt', { workspace: 'long', prompt: 'More.' })
    const cancel = new AbortController()
    const waiting = client.callTool(
      { name: 'follow', arguments: { workspaces: ['long'], seconds: 600, until: 'all' } },
      { signal: cancel.signal, timeout: 600_000, onprogress: () => cancel.abort() },
    )
    await expect(waiting).rejects.toThrow()
    await followAll(client, ['long'])
  })

  it.each(['legacy', 'auto'] as const)('tells a client (%s) of changes of what it watches', async (mode) => {
    const client = await connect(mode)
    const { resources } = await client.listResources()
    const { id } = await world.api.call('workspaces.get', { workspace: 'permission' })
    const uri = `skein://workspaces/${id}/transcript`
    expect(resources.map((resource) => resource.uri)).toContain(uri)
    const [before] = (await client.readResource({ uri })).contents
    expect(before && 'text' in before && before.text).toContain('turn ended: end_turn')
    const updated: string[] = []
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      updated.push(params.uri)
    })
    if (mode === 'legacy') await client.subscribeResource({ uri })
    else await client.listen({ resourceSubscriptions: [uri] })
    await use(client, 'send_prompt', { workspace: 'permission', prompt: `Again, for ${mode}.` })
    await waitUntil(() => updated.length > 0, { what: 'an update of the transcript' })
    expect(new Set(updated)).toEqual(new Set([uri]))
    await followAll(client, ['permission'])
    const [after] = (await client.readResource({ uri })).contents
    expect(after && 'text' in after && after.text).toContain(`Again, for ${mode}.`)
  })

  it('lets an agent in a workspace start as many others as it was allowed, and none of them do what it must not', async () => {
    const run = await world.skein(['run', '--json', '--keep', '--name', 'parent', '--delegate', '1', 'Delegate this.'])
    expect(run.code, run.stderr + run.stdout.slice(-2000)).toBe(0)
    const parent = await world.api.call('workspaces.get', { workspace: 'parent' })
    const [created, tooMany, removal, foreign, followed] = (parent.sessions[0]?.lastTurn?.result ?? '').split('\n---\n')
    expect(created).toContain('"name":"child"')
    expect(tooMany).toContain('may have 1 at a time')
    expect(removal).toContain('does not act on its own')
    expect(foreign).toContain('neither yours nor one that you made')
    expect(followed).toContain('turn ended: end_turn')
    const child = await world.api.call('workspaces.get', { workspace: 'child' })
    expect(child.sessions[0]?.parent).toBe(parent.sessions[0]?.id)
    expect(existsSync(join(child.path, 'hello.txt'))).toBe(true)
    // It was given the credentials that its parent has, and may not go on like that.
    const grandchild = world.api.call('workspaces.create', {
      key: 'grandchild',
      projectId: child.projectId,
      session: { parent: child.sessions[0]?.id ?? '' },
    })
    await expect(grandchild).rejects.toThrow('may not start other agents')
  })

  it('is there over HTTP too while the web app is up, for who has the token', async () => {
    const up = await world.skein(['up', '--detach', '--no-open', '--json'])
    expect(up.code, up.stdout + up.stderr).toBe(0)
    const url = new URL('/mcp', String(jsonLines(up)[0]?.url))
    expect((await fetch(url, { method: 'POST' })).status).toBe(401)
    const token = (await readFile(join(world.home, 'api-token'), 'utf8')).trim()
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))
    try {
      expect(await use(client, 'show_workspace', { workspace: 'hello' })).toMatchObject({ name: 'hello' })
      expect(await refused(client, 'create_workspace', { prompt: 'Write hello.' })).toContain('absolute path')
      expect(answered.filter((text) => text.includes(token))).toEqual([])
    } finally {
      await client.close()
    }
  })

  it('never answers with a credential', () => {
    expect(answered.length).toBeGreaterThan(20)
    expect(answered.filter((text) => text.includes(world.env.ANTHROPIC_API_KEY ?? 'no key'))).toEqual([])
  })
})

interface Followed {
  workspace: string
  status: string
  atWork: boolean
  events: string[]
  asks?: { ask: string; shown: string }[]
}

function textOf({ content }: CallToolResult): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
