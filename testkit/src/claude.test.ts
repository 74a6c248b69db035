import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ClaudeOptions, ClaudeProcess } from './claude-process.ts'
import { cut, fail, reply, say, text, toolUse, useTool } from './model/reply.ts'
import type { Script } from './model/script.ts'
import {
  asksPermission,
  asksQuestion,
  echo,
  longText,
  plans,
  remembers,
  streamsLong,
  writesFile,
} from './model/scripts.ts'
import { type Model, type ModelOptions, startModel } from './model/server.ts'
import { smallRepository } from './repositories/small.ts'
import { temporaryFolder } from './temporary-folder.ts'

interface Setting {
  model: Model
  cwd: string
  start(args?: string[], env?: ClaudeOptions['env']): ClaudeProcess
}

/** The real claude in a small repository, against the script; nothing of it is left afterwards. */
async function withClaude(script: Script, check: (setting: Setting) => Promise<void>, options: ModelOptions = {}) {
  await using folder = await temporaryFolder('claude')
  const cwd = await smallRepository(join(folder.path, 'repository'))
  await using model = await startModel(script, options)
  await using running = new AsyncDisposableStack()
  const start: Setting['start'] = (args = [], env = {}) =>
    running.use(new ClaudeProcess({ model, cwd, home: join(folder.path, 'home'), args, env }))
  await check({ model, cwd, start })
  expect(model.failures).toEqual([])
}

test('a prompt goes there and its answer comes back, prompt after prompt', () =>
  withClaude(echo, async ({ model, start }) => {
    const claude = start()
    expect(await claude.turn('Grüße, 🧶')).toMatchObject({ subtype: 'success', result: 'Grüße, 🧶' })
    expect(await claude.turn('again')).toMatchObject({ result: 'again' })
    expect(model.requests.map((request) => request.userTexts)).toEqual([['Grüße, 🧶'], ['Grüße, 🧶', 'again']])
    expect(model.requests.at(-1)?.assistantTexts).toEqual(['Grüße, 🧶'])
    expect(new Set(model.requests.map((request) => request.kind))).toEqual(new Set(['main']))
  }))

test('every delta of a long answer arrives once', () =>
  withClaude(streamsLong(300, 0), async ({ start }) => {
    const claude = start(['--include-partial-messages'])
    expect(await claude.turn('go')).toMatchObject({ result: longText(300) })
    const texts = claude.messages.flatMap((message) => {
      const event = message.event as { delta?: { text?: string } } | undefined
      return event?.delta?.text ?? []
    })
    expect(texts).toHaveLength(300)
    expect(texts.join('')).toBe(longText(300))
  }))

test('a file is written where the agent works', () =>
  withClaude(writesFile('notes/hello.txt', 'hello\n'), async ({ cwd, start }) => {
    const claude = start(['--permission-mode', 'acceptEdits'])
    expect(await claude.turn('write it')).toMatchObject({ result: 'I wrote notes/hello.txt.' })
    expect(await readFile(join(cwd, 'notes/hello.txt'), 'utf8')).toBe('hello\n')
  }))

test('a permission that is given lets the command run; one that is denied gives the reason to the model', () =>
  withClaude(asksPermission('echo ran > proof.txt'), async ({ model, cwd, start }) => {
    const claude = start()
    claude.send('do it')
    claude.deny(await claude.nextAsk('Bash'), 'not before lunch')
    expect(await claude.result()).toMatchObject({ result: 'Not done: not before lunch' })
    expect(existsSync(join(cwd, 'proof.txt'))).toBe(false)

    claude.send('do it now')
    claude.allow(await claude.nextAsk('Bash'))
    expect(await claude.result()).toMatchObject({ result: expect.stringMatching(/^Done: /) })
    expect(existsSync(join(cwd, 'proof.txt'))).toBe(true)
    expect(
      model.requests.flatMap((request) => request.toolResults.map((result) => [result.name, result.isError])),
    ).toEqual([
      ['Bash', true],
      ['Bash', false],
    ])
  }))

test('the answer to a question reaches the model', () =>
  withClaude(asksQuestion('Which colour?', ['Red', 'Blue']), async ({ start }) => {
    const claude = start()
    claude.send('ask me')
    const ask = await claude.nextAsk('AskUserQuestion')
    claude.allow(ask, { ...ask.input, answers: { 'Which colour?': 'Blue' } })
    expect(await claude.result()).toMatchObject({ result: expect.stringContaining('"Which colour?"="Blue"') })
  }))

test('a plan is sent back, revised with what was said, approved, and carried out; then planned anew in the same session', () =>
  withClaude(plans('# Plan A\n', 'a.txt'), async ({ model, cwd, start }) => {
    const claude = start(['--permission-mode', 'plan'])
    claude.send('plan it')
    const first = await claude.nextAsk('ExitPlanMode')
    expect(first.input.plan).toBe('# Plan A\n')
    claude.deny(first, 'mention the tests')
    const second = await claude.nextAsk('ExitPlanMode')
    expect(second.input.plan).toContain('- mention the tests')
    const acceptEdits = [{ type: 'setMode', mode: 'acceptEdits', destination: 'session' }]
    claude.allow(second, second.input, { updatedPermissions: acceptEdits })
    expect(await claude.result()).toMatchObject({ result: 'I followed the plan.' })
    expect(await readFile(join(cwd, 'a.txt'), 'utf8')).toContain('mention the tests')
    expect(model.requests.at(-1)?.planFile).toBe(undefined)

    const setMode = { subtype: 'set_permission_mode', mode: 'plan' }
    claude.write({ type: 'control_request', request_id: 'mode', request: setMode })
    claude.send('plan it again')
    const third = await claude.nextAsk('ExitPlanMode')
    expect(third.input.plan).toBe('# Plan A\n')
    claude.allow(third, { ...third.input, plan: '# My own plan\n' }, { updatedPermissions: acceptEdits })
    await claude.result()
    const approved = model.requests.at(-1)?.toolHistory.findLast((result) => result.name === 'ExitPlanMode')
    expect(approved?.text).toContain('# My own plan')
  }))

test('429 and 529 and a cut stream are retried until the answer comes', () =>
  withClaude(
    [fail(429, { retryAfter: 0 }), fail(529, { retryAfter: 0 }), cut(text('half of the ans')), say('at last')],
    async ({ model, start }) => {
      const claude = start()
      expect(await claude.turn('try')).toMatchObject({ subtype: 'success', result: expect.stringContaining('at last') })
      expect(model.requests.length).toBeGreaterThanOrEqual(4)
      const retries = claude.messages.filter((message) => message.subtype === 'api_retry')
      expect(retries.map((message) => message.error_status)).toEqual(expect.arrayContaining([429, 529]))
    },
  ))

test('a key that the server does not take ends the turn with an error', () =>
  withClaude(
    echo,
    async ({ model, start }) => {
      const claude = start([], { ANTHROPIC_API_KEY: 'wrong', CLAUDE_CODE_MAX_RETRIES: '1' })
      expect(await claude.turn('hello')).toMatchObject({ is_error: true, result: expect.stringMatching(/API key|401/) })
      expect(model.requests).toEqual([])
      expect(model.calls.some((call) => call.headers['x-api-key'] === 'wrong')).toBe(true)
    },
    { requireKey: 'right' },
  ))

test('a resumed conversation still holds what was said, under the same name', () =>
  withClaude(remembers, async ({ model, start }) => {
    const id = crypto.randomUUID()
    const first = start(['--session-id', id])
    await first.turn('my cat is Ada')
    await first[Symbol.asyncDispose]()
    expect(await start(['--resume', id]).turn('and my dog?')).toMatchObject({
      result: 'You said: my cat is Ada | and my dog?',
    })
    expect(new Set(model.requests.map((request) => request.conversation))).toEqual(new Set([id]))
  }))

test('a conversation is summed up without the script, and goes on', () =>
  withClaude(remembers, async ({ model, start }) => {
    const claude = start()
    await claude.turn('one')
    await claude.turn('/compact')
    expect(await claude.turn('two')).toMatchObject({ result: 'You said: two' })
    expect(claude.messages.some((message) => message.subtype === 'compact_boundary')).toBe(true)
    expect(model.sideRequests.length).toBeGreaterThanOrEqual(1)
    expect(model.requests.map((request) => request.userTexts)).toEqual([['one'], ['two']])
  }))

test('two conversations at once are told apart', () =>
  withClaude(remembers, async ({ start }) => {
    const results = await Promise.all(['one', 'two'].map((word) => start().turn(word)))
    expect(results.map((result) => result.result)).toEqual(['You said: one', 'You said: two'])
  }))

test('a sub-agent is told apart from the loop that started it', () => {
  const script: Script = (request) => {
    if (request.kind === 'subagent') return say(`I am ${request.agentId === undefined ? 'nobody' : 'a sub-agent'}`)
    if (request.toolResults.length > 0) return say(request.toolResults[0]?.text ?? '')
    const input = { description: 'Look', prompt: 'look', subagent_type: 'general-purpose', run_in_background: false }
    return useTool('Agent', input)
  }
  return withClaude(script, async ({ model, start }) => {
    expect(await start().turn('delegate')).toMatchObject({ result: expect.stringContaining('I am a sub-agent') })
    expect(model.requests.map((request) => request.kind)).toEqual(['main', 'subagent', 'main'])
  })
})

test('a long prompt and an image arrive unchanged', () =>
  withClaude(echo, async ({ model, start }) => {
    const prompt = `-- "quotes" $(date) \\ \n${randomBytes(300_000).toString('base64')}`
    const image = await readFile(new URL('../fixtures/one-pixel.png', import.meta.url))
    const source = { type: 'base64', media_type: 'image/png', data: image.toString('base64') }
    await start().turn([
      { type: 'text', text: prompt },
      { type: 'image', source },
    ])
    const request = model.requests[0]
    expect(sha256(request?.lastUserText ?? '')).toBe(sha256(prompt))
    expect(request?.images.map(({ mediaType, data }) => [mediaType, data.equals(image)])).toEqual([['image/png', true]])
  }))

test('several tools in one answer run, and all their results come back together, in whichever order', () => {
  const script: Script = (request) =>
    request.toolResults.length > 0
      ? say(
          request.toolResults
            .map(({ input }) => input.file_path)
            .sort()
            .join(' '),
        )
      : reply(['README.md', 'package.json'].map((name) => toolUse('Read', { file_path: join(request.cwd, name) })))
  return withClaude(script, async ({ cwd, start }) => {
    expect(await start().turn('read')).toMatchObject({ result: `${cwd}/README.md ${cwd}/package.json` })
  })
})

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}
