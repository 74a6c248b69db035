import { readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asksPermission, byPrompt, fail, git, isThorough, say, useTool, writesFile } from '@skein/testkit'
import { embed, RunError, type RunEvent, type RunOptions, run, type Skein, stream } from 'skein'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type LibraryPlace, libraryPlace } from './library-place.ts'

const LINES = isThorough ? 10_000 : 1_500
const lines = Array.from({ length: LINES }, (_, n) => `line ${n + 1}`)

/** A server of the Model Context Protocol with one tool, in a few lines. */
const MCP_SERVER = `
import { createInterface } from 'node:readline'
const answers = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'words', version: '1' } }),
  'tools/list': () => ({ tools: [{ name: 'secret_word', description: 'Says it.', inputSchema: { type: 'object' } }] }),
  'tools/call': () => ({ content: [{ type: 'text', text: 'the word is ' + process.env.WORD }] }),
}
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) continue
  const result = answers[method]?.(params ?? {})
  console.log(JSON.stringify(result ? { jsonrpc: '2.0', id, result } : { jsonrpc: '2.0', id, error: { code: -32601, message: method } }))
}
`

const toolThenSay =
  (name: string, input: Record<string, unknown>) => (request: Parameters<ReturnType<typeof writesFile>>[0]) => {
    const [result] = request.toolResults
    return result === undefined ? useTool(name, input) : say(`${result.isError ? 'error' : 'ok'}: ${result.text}`)
  }

const script = byPrompt({
  say: (request) => say(request.lastUserText),
  write: (request, context) => writesFile('made.txt', 'made\n')(request, context),
  fail: () => fail(400, { message: 'the model does not like it' }),
  lines: () => say(lines.join('\n'), { deltas: LINES }),
  ask: asksPermission('touch permission-was-given'),
  environment: toolThenSay('Bash', { command: 'env', description: 'Show the environment' }),
  word: (request) => {
    const [word, answer] = request.toolHistory
    if (word === undefined) return useTool('mcp__words__secret_word', {})
    return answer === undefined ? useTool('StructuredOutput', { word: word.text }) : say('That is the word.')
  },
})

describe('a run on this computer', { timeout: 180_000 }, () => {
  let place: LibraryPlace
  let skein: Skein
  beforeAll(async () => {
    place = await libraryPlace(script)
    // Temporary homes of other tests come and go.
    vi.stubEnv('TMPDIR', join(place.folder, 'tmp'))
    await mkdir(tmpdir())
    skein = await embed()
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await skein?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })
  const agent = () => ({ repositories: place.repo, ...place.agent })

  it('match 17, 29, better 13, 20: is made, works and goes; its result has the outcome, what it cost, and what it made', async () => {
    const refs = await git(place.repo, ['for-each-ref'])
    const before = temporaryHomes()
    const result = await run({
      ...agent(),
      prompt: 'write it',
      artifacts: ['changes', 'patch', 'bundle', { path: 'made.txt' }, { path: 'not/there' }],
    })
    expect(result).toMatchObject({
      outcome: 'succeeded',
      exitCode: 0,
      text: 'I wrote made.txt.',
      machineId: 'local',
      destroyed: true,
    })
    expect(result.error).toBeUndefined()
    expect(result.costUsd).toBeGreaterThan(0)
    expect(result.usage.outputTokens).toBeGreaterThan(0)
    expect(result.transcript.map(({ seq }) => seq)).toEqual(result.transcript.map((_, index) => index + 1))
    const [changes, patch, bundle, file, none] = result.artifacts
    expect(changes).toMatchObject({ type: 'changes', files: [{ path: 'made.txt', status: 'added' }] })
    await writeFile(join(place.folder, 'work.patch'), patch?.type === 'patch' ? patch.patch : '')
    await git(place.repo, ['apply', '--check', join(place.folder, 'work.patch')])
    await writeFile(join(place.folder, 'work.bundle'), (bundle?.type === 'bundle' && bundle.bundle) || '')
    await git(place.repo, ['bundle', 'verify', '--quiet', join(place.folder, 'work.bundle')])
    expect(file).toMatchObject({ type: 'file', path: 'made.txt', content: Buffer.from('made\n') })
    expect(none).toEqual({ type: 'file', path: 'not/there', content: null })
    // Nothing of it is left, in the repository or beside it.
    expect(await git(place.repo, ['for-each-ref'])).toBe(refs)
    expect(await git(place.repo, ['worktree', 'list'])).not.toContain('skein-run')
    expect(temporaryHomes()).toEqual(before)
  })

  it('match 21, 22: a failure is a result, or a RunError where that was asked for; the workspace is gone in both cases', async () => {
    const [result, error] = await Promise.all([
      skein.run({ ...agent(), prompt: 'fail' }),
      skein.run({ ...agent(), prompt: 'fail', throwOnFailure: true }).catch((error: unknown) => error),
    ])
    expect(result).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      destroyed: true,
      error: { code: 'invalid_request', retryable: false, message: expect.stringContaining('does not like it') },
    })
    expect(error).toBeInstanceOf(RunError)
    expect(error).toMatchObject({ code: 'conflict', result: { outcome: 'failed', destroyed: true } })
    expect(await skein.api.call('workspaces.list', {})).toEqual([])
  })

  it('match 39, better 20: a prompt arrives as it is, whatever it begins with, holds, and however long it is', async () => {
    const prompt = `say --output "it's" $HOME \`id\` \\n\n\t-- [${'ünï'.repeat(40_000)}]`
    expect(Buffer.byteLength(prompt)).toBeGreaterThan(128 * 1024)
    const { text, outcome } = await skein.run({ ...agent(), prompt })
    expect(outcome).toBe('succeeded')
    expect(text).toBe(prompt.slice('say '.length))
  })

  it('match 30, better 11, 12, 19: all lines come live, in order, from the first to the last, the transcript has the same, and the result is in hand before the machine has gone', async () => {
    const running = stream({ ...agent(), prompt: 'lines' }, skein)
    let streamed = ''
    let before = 0
    const types: RunEvent['type'][] = []
    for await (const event of running) {
      if (event.type === 'agent_message_chunk') {
        expect(event.at).toBe(streamed.length)
        streamed += event.text
        before++
      }
      if (types.at(-1) !== event.type) types.push(event.type)
    }
    const result = await running.result
    expect(streamed.split('\n')).toEqual(lines)
    expect(result.text.split('\n')).toEqual(lines)
    expect(before).toBeGreaterThan(5)
    expect(types.indexOf('prepared')).toBeLessThan(types.indexOf('agent_message_chunk'))
    expect(types.indexOf('agent_message_chunk')).toBeLessThan(types.indexOf('turn_ended'))
    expect(types.at(-1)).toBe('finished')
  })

  it('match 13, better 15: what is given comes before what this process has, and secrets reach no tool and no file', async () => {
    const secret = 'sk-ant-a-secret-of-this-test'
    const result = await skein.run({
      ...agent(),
      env: { ...place.agent.env, LANG: 'C', GREETING: 'good morning' },
      secrets: { ANTHROPIC_API_KEY: secret },
      tools: { allow: ['Bash(env)', 'Bash'] },
      prompt: 'environment',
    })
    expect(result.text).toContain('GREETING=good morning')
    expect(result.text).toMatch(/^LANG=C$/m)
    expect(result.text).not.toContain(secret)
    expect(JSON.stringify(result)).not.toContain(secret)
    expect(place.model.calls.some(({ headers }) => JSON.stringify(headers).includes(secret))).toBe(true)
  })

  it('has the servers of the Model Context Protocol that it was given, and answers in the form that was asked for', async () => {
    const server = join(place.folder, 'words.mjs')
    await writeFile(server, MCP_SERVER)
    const result = await skein.run({
      ...agent(),
      mcpServers: { words: { command: process.execPath, args: [server], env: { WORD: 'heron' } } },
      tools: { allow: ['mcp__words__secret_word'] },
      outputSchema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
      prompt: 'word',
    })
    expect(result).toMatchObject({ outcome: 'succeeded', structured: { word: 'the word is heron' } })
  })

  it('goes on without what nobody is there to allow, or with what its program does', async () => {
    const asked: string[] = []
    const [denied, allowed] = await Promise.all([
      skein.run({ ...agent(), permissionMode: 'ask', prompt: 'ask' }),
      skein.run({
        ...agent(),
        permissionMode: 'ask',
        prompt: 'ask',
        artifacts: ['changes'],
        onAsk(ask) {
          asked.push(ask.toolName ?? '')
          return { type: 'allow' }
        },
      }),
    ])
    expect(denied.text).toMatch(/^Not done: .*Nobody is here/s)
    expect(asked).toEqual(['Bash'])
    expect(allowed.text).toMatch(/^Done/)
    expect(allowed.artifacts).toMatchObject([{ files: [{ path: 'permission-was-given' }] }])
  })

  it('works in an empty workspace where no repository is named; is found again by its key; and its store holds no secret', async () => {
    const home = join(place.folder, 'keyed')
    const secret = 'sk-ant-another-secret'
    await using kept = await embed({ home })
    const options: RunOptions = {
      ...place.agent,
      secrets: { ANTHROPIC_API_KEY: secret },
      mcpServers: {
        none: { type: 'http', url: 'http://127.0.0.1:9/', headers: { Authorization: `Bearer ${secret}-2` } },
      },
      prompt: 'write it',
      artifacts: ['changes'],
      key: 'the-one',
    }
    const first = await kept.run(options)
    expect(first).toMatchObject({ outcome: 'succeeded', artifacts: [{ files: [{ path: 'made.txt' }] }] })
    const requests = place.model.requests.length
    const again = await kept.run(options)
    expect(again).toMatchObject({ text: first.text, workspaceId: first.workspaceId, outcome: 'succeeded' })
    expect(again.transcript.slice(0, first.transcript.length)).toEqual(first.transcript)
    expect(place.model.requests).toHaveLength(requests)
    for (const name of ['store.db', 'store.db-wal']) {
      const bytes = await readFile(join(home, name)).catch(() => Buffer.alloc(0))
      expect(bytes.includes(secret), name).toBe(false)
    }
  })
})

function temporaryHomes(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('skein-run-'))
}
