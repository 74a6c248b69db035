import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LaunchOptions } from '@skein/plugin-api'
import {
  asksPermission,
  asksQuestion,
  claudeEnv,
  claudeExecutable,
  cut,
  echo,
  fail,
  longText,
  type Model,
  type ModelOptions,
  plans,
  remembers,
  type Script,
  say,
  smallRepository,
  startModel,
  streamsLong,
  temporaryFolder,
  text,
  think,
  useTool,
} from '@skein/testkit'
import { expect, test } from 'vitest'
import { LiveSession } from './testing/live-session.ts'

interface Setting {
  model: Model
  cwd: string
  open(options?: Partial<LaunchOptions>): LiveSession
}

/** Sessions of the real Claude Code in a small repository, against the script. */
async function withClaude(script: Script, check: (setting: Setting) => Promise<void>, options: ModelOptions = {}) {
  await using folder = await temporaryFolder('plugin-claude')
  const cwd = await smallRepository(join(folder.path, 'repository'))
  await using model = await startModel(script, options)
  await using sessions = new AsyncDisposableStack()
  // Few retries: they wait for longer each time.
  const env = claudeEnv(model, join(folder.path, 'home'), { CLAUDE_CODE_MAX_RETRIES: '4' })
  const open = (more: Partial<LaunchOptions> = {}) =>
    sessions.use(new LiveSession({ cwd, folder: folder.path, executable: claudeExecutable(), env, ...more }))
  await check({ model, cwd, open })
  expect(model.failures).toEqual([])
}

test('a prompt is received, answered in chunks that add up to the message, and its turn ends once', () =>
  withClaude(
    (request) => think('Let me think 🧶 about it.', request.lastUserText),
    async ({ open }) => {
      const session = open().start()
      const messageId = session.prompt('Grüße, 🧶 and more words than fit into one delta')
      const ended = await session.next('turn_ended')
      expect(ended).toMatchObject({
        stopReason: 'end_turn',
        result: 'Grüße, 🧶 and more words than fit into one delta',
      })
      expect(ended.costDelta).toBeGreaterThan(0)
      expect(session.all('turn_started')).toEqual([{ type: 'turn_started', origin: 'user', messageIds: [messageId] }])
      expect(session.all('user_message_update').map(({ state }) => state)).toEqual(['sent', 'started'])

      const [message] = session.all('agent_message')
      const chunks = session.all('agent_message_chunk')
      expect(new Set(chunks.map((chunk) => chunk.messageId))).toEqual(new Set([message?.messageId]))
      expect(chunks.length).toBeGreaterThan(1)
      let joined = ''
      for (const chunk of chunks) {
        expect(chunk.at).toBe(joined.length)
        joined += chunk.text
      }
      expect(message?.content).toEqual([{ type: 'text', text: joined }])
      const [thought] = session.all('agent_thought')
      expect(thought?.content).toEqual([{ type: 'text', text: 'Let me think 🧶 about it.' }])
      expect(session.all('agent_thought_chunk').every((chunk) => chunk.messageId === thought?.messageId)).toBe(true)
      expect(session.all('raw')).toEqual([])
      await session.next('user_message_update', ({ state }) => state === 'completed')
    },
  ))

test('a session tells its models, modes, commands, tools and version', () =>
  withClaude(echo, async ({ open }) => {
    const session = open().start()
    await session.turn('hi')
    const told = Object.assign({}, ...session.all('session_info_update'))
    expect(told).toMatchObject({
      agentVersion: expect.stringMatching(/^2\./),
      nativeSessionId: session.nativeSessionId,
      tools: expect.arrayContaining(['Bash', 'Edit', 'TaskCreate']),
    })
    expect(told.models.map(({ id }: { id: string }) => id)).toContain('sonnet')
    const commands = session.all('available_commands_update').at(-1)?.commands ?? []
    expect(commands.find(({ name }) => name === 'compact')?.description).toMatch(/\w/)
    expect(commands.some(({ name }) => name === 'doctor')).toBe(false)
    expect(session.all('current_mode_update')).toEqual([{ type: 'current_mode_update', modeId: 'ask' }])
  }))

test('a denied permission gives its comment to the model; an allowed one lets the tool run; each is resolved once', () =>
  withClaude(asksPermission('echo ran > proof.txt'), async ({ cwd, open }) => {
    const session = open().start()
    session.prompt('do it')
    const first = await session.next('permission_request')
    expect(first).toMatchObject({ toolName: 'Bash', title: 'Run echo ran > proof.txt' })
    session.answer(first, { outcome: 'deny', feedback: 'not before lunch' })
    expect(await session.next('turn_ended')).toMatchObject({ result: 'Not done: not before lunch', denials: ['Bash'] })
    expect(session.all('tool_call_update').at(-1)).toMatchObject({
      status: 'failed',
      denied: { by: 'user', reason: 'not before lunch' },
    })
    expect(existsSync(join(cwd, 'proof.txt'))).toBe(false)

    session.prompt('do it now')
    const second = await session.next('permission_request')
    session.answer(second, { outcome: 'allow', optionId: 'allow' })
    session.answer(second, { outcome: 'deny' })
    await session.next('turn_ended')
    expect(await readFile(join(cwd, 'proof.txt'), 'utf8')).toBe('ran\n')
    expect(session.all('permission_resolved')).toEqual([
      expect.objectContaining({
        requestId: first.requestId,
        optionId: 'reject',
        feedback: 'not before lunch',
        by: 'user',
      }),
      expect.objectContaining({ requestId: second.requestId, optionId: 'allow', by: 'user' }),
    ])
  }))

test('what is always allowed is not asked again in the session, and no settings file is written', () =>
  withClaude(
    (request) =>
      request.toolResults.length > 0
        ? say('done')
        : useTool('Bash', { command: 'touch made.txt', description: 'Make' }),
    async ({ cwd, open }) => {
      const session = open().start()
      session.prompt('first')
      const request = await session.next('permission_request')
      const always = request.options.find(({ kind }) => kind === 'allow_always')
      expect(always?.name).toMatch(/^Always allow `touch .*` in this session$/)
      session.answer(request, { outcome: 'allow', optionId: always?.optionId })
      await session.next('turn_ended')
      expect(session.all('permission_resolved')).toMatchObject([{ optionId: always?.optionId }])
      await session.turn('second')
      expect(session.all('permission_request')).toHaveLength(1)
      expect(existsSync(join(cwd, '.claude'))).toBe(false)
    },
  ))

test('a plan is sent back with comments, revised in the same turn, edited on approval, and carried out', () =>
  withClaude(plans('# Plan A\n', 'a.txt'), async ({ model, cwd, open }) => {
    const session = open({ permissionMode: 'plan' }).start()
    session.prompt('plan it')
    const first = await session.next('permission_request')
    expect(session.all('plan_update')).toMatchObject([
      { planId: first.planId, markdown: '# Plan A\n', state: 'proposed', path: expect.stringMatching(/\.md$/) },
    ])
    session.answer(first, { outcome: 'deny', feedback: 'mention the tests' })
    const second = await session.next('permission_request', ({ planId }) => planId !== undefined)
    session.answer(second, { outcome: 'allow', plan: '# My own plan\n', nextMode: 'accept_edits' })
    expect(await session.next('turn_ended')).toMatchObject({ result: 'I followed the plan.' })
    expect(existsSync(join(cwd, 'a.txt'))).toBe(true)
    expect(session.all('plan_update').map(({ state, edited, feedback }) => ({ state, edited, feedback }))).toEqual([
      { state: 'proposed' },
      { state: 'rejected', feedback: 'mention the tests' },
      { state: 'proposed' },
      { state: 'approved', edited: true },
    ])
    expect(session.all('plan_update').at(-1)?.markdown).toBe('# My own plan\n')
    expect(session.all('current_mode_update').map(({ modeId }) => modeId)).toEqual(['plan', 'accept_edits'])
    expect(session.all('turn_started')).toHaveLength(1)
    const approved = model.requests.at(-1)?.toolHistory.findLast(({ name }) => name === 'ExitPlanMode')
    expect(approved?.text).toContain('# My own plan')
  }))

test('a question is asked and its answer reaches the model', () =>
  withClaude(asksQuestion('Which colour?', ['Red', 'Blue']), async ({ open }) => {
    const session = open().start()
    session.prompt('ask me')
    const { requestId, input, questions } = await session.next('elicitation_request')
    expect(questions).toMatchObject([{ question: 'Which colour?', options: [{ label: 'Red' }, { label: 'Blue' }] }])
    const answers = { 'Which colour?': 'Blue' }
    session.send({ type: 'answer_questions', id: 'a1', requestId, input, answer: { outcome: 'answered', answers } })
    const ended = await session.next('turn_ended')
    expect(ended.result).toContain('"Which colour?"="Blue"')
    expect(session.all('elicitation_resolved')).toEqual([
      { type: 'elicitation_resolved', requestId, outcome: 'answered', answers, by: 'user' },
    ])
  }))

test('an interrupt ends the turn as cancelled and keeps what was said; the next prompt works', () =>
  withClaude(
    (request, context) => (request.lastUserText === 'go' ? streamsLong(2000, 5)(request, context) : say('fine')),
    async ({ open }) => {
      const session = open().start()
      session.prompt('go')
      await session.next('agent_message_chunk', ({ at }) => at > 20)
      session.send({ type: 'interrupt', id: 'i1' })
      expect(await session.next('turn_ended')).toMatchObject({ stopReason: 'cancelled' })
      const [message] = session.all('agent_message')
      const said = message?.content[0]
      expect(message?.aborted).toBe(true)
      expect(said?.type === 'text' && longText(2000).startsWith(said.text)).toBe(true)
      expect(await session.turn('go on')).toMatchObject({ stopReason: 'end_turn', result: 'fine' })
    },
  ))

test('an interrupt while a permission is asked withdraws the ask', () =>
  withClaude(asksPermission(), async ({ open }) => {
    const session = open().start()
    session.prompt('do it')
    const { requestId } = await session.next('permission_request')
    session.send({ type: 'interrupt', id: 'i1' })
    expect(await session.next('turn_ended')).toMatchObject({ stopReason: 'cancelled' })
    expect(session.all('permission_resolved')).toEqual([
      { type: 'permission_resolved', requestId, outcome: 'cancelled', by: 'agent' },
    ])
    expect(session.state.asks).toEqual([])
  }))

test('after kill -9 in a turn everything open is closed, and the resumed session has its memory', () =>
  withClaude(
    (request, context) =>
      request.lastUserText === 'ask' ? asksPermission()(request, context) : remembers(request, context),
    async ({ open }) => {
      const session = open().start()
      const first = await session.turn('the word is yarn')
      session.prompt('ask')
      const { requestId, toolCallId } = await session.next('permission_request')
      await session.kill()
      expect(session.recovery).toEqual({ how: 'resume' })
      expect(session.all('permission_resolved')).toEqual([
        { type: 'permission_resolved', requestId, outcome: 'expired', by: 'runner' },
      ])
      expect(session.all('tool_call_update').at(-1)).toMatchObject({ toolCallId, status: 'failed' })
      expect(session.all('turn_ended').at(-1)).toMatchObject({ stopReason: 'process_lost', error: { retryable: true } })

      session.recovery = undefined
      session.start({ how: 'resume' })
      const resumed = await session.turn('what was the word?')
      expect(resumed.result).toContain('the word is yarn')
      const total = session.all('usage_update').at(-1)?.cost?.amount ?? 0
      expect(total).toBeGreaterThan((first.costDelta ?? 0) + (resumed.costDelta ?? 0) - 1e-9)
      expect(resumed.costDelta).toBeLessThan(total)
    },
  ))

test('killed before it wrote anything down, it is to be started as new', () =>
  withClaude(echo, async ({ open }) => {
    const session = open().start({ how: 'resume' })
    expect(await session.ended()).toEqual({ how: 'new' })
    expect(session.all('turn_started')).toEqual([])
    session.recovery = undefined
    session.start({ how: 'new' })
    expect(await session.turn('hello')).toMatchObject({ result: 'hello' })
  }))

test('a fork has the memory of where it came from, and pays only for itself', () =>
  withClaude(remembers, async ({ open }) => {
    const origin = open().start()
    await origin.turn('the word is yarn')
    await origin.kill()
    const fork = open().start({ how: 'fork', from: origin.nativeSessionId })
    const ended = await fork.turn('which word?')
    expect(ended.result).toContain('the word is yarn')
    expect(fork.all('session_info_update').at(-1)?.nativeSessionId).toBe(fork.nativeSessionId)
    const amount = fork.all('usage_update').at(-1)?.cost?.amount ?? 0
    expect(ended.costDelta).toBeGreaterThan(0)
    expect(ended.costDelta).toBeLessThanOrEqual(amount)
  }))

test('what a sub-agent does is told as its own, below the call that started it', () =>
  withClaude(
    (request) =>
      request.toolResults.length > 0 || request.userTexts.length > 1
        ? say('delegated')
        : useTool('Agent', {
            description: 'Look around',
            prompt: 'look',
            subagent_type: 'general-purpose',
            run_in_background: false,
          }),
    async ({ cwd, open }) => {
      const session = open().start()
      await session.turn('delegate')
      const running = session.all('subagent_update').find(({ state }) => state === 'running')
      expect(running).toMatchObject({ kind: 'subagent', title: 'Look around', toolCallId: expect.any(String) })
      const own = session.events.filter(({ agentId }) => agentId === running?.agentId)
      expect(own.map(({ event }) => event.type)).toEqual(expect.arrayContaining(['tool_call', 'tool_call_update']))
      expect(own.every(({ parentToolCallId }) => parentToolCallId === running?.toolCallId)).toBe(true)
      expect(own.find(({ event }) => event.type === 'tool_call')?.event).toMatchObject({
        title: 'Read README.md',
        locations: [{ path: join(cwd, 'README.md') }],
      })
      const done = session.all('subagent_update').at(-1) ?? (await session.next('subagent_update'))
      expect(done).toMatchObject({ agentId: running?.agentId, state: 'completed' })
      expect(session.state.tasks).toEqual([])
    },
    {
      subagent: (request) =>
        request.toolResults.length > 0
          ? say('found 42')
          : useTool('Read', { file_path: join(request.cwd, 'README.md') }, { saying: 'reading' }),
    },
  ))

test('a background command outlives its turn and wakes the agent, without a prompt', () =>
  withClaude(
    (request) => {
      const asked = request.toolHistory.length === 0 && request.toolResults.length === 0
      const command = 'sleep 1.5; echo woke'
      return asked ? useTool('Bash', { command, run_in_background: true, description: 'Sleep a bit' }) : say('noted')
    },
    async ({ open }) => {
      const session = open({ allowedTools: ['Bash'] }).start()
      await session.turn('start it')
      const running = session.all('subagent_update').at(-1)
      expect(running).toMatchObject({ kind: 'shell', title: 'Sleep a bit', state: 'running', background: true })
      expect(session.state.tasks).toHaveLength(1)
      expect(await session.next('subagent_update', ({ state }) => state === 'completed')).toMatchObject({
        agentId: running?.agentId,
        outputFile: expect.any(String),
      })
      expect(await session.next('turn_started')).toEqual({ type: 'turn_started', origin: 'task', messageIds: [] })
      expect(await session.next('turn_ended')).toMatchObject({ stopReason: 'end_turn', result: 'noted' })
      expect(session.state.tasks).toEqual([])
    },
  ))

test('the task list of the agent is told as a plan', () =>
  withClaude(
    [
      useTool('TaskCreate', { subject: 'First', description: 'd' }),
      useTool('TaskCreate', { subject: 'Second', description: 'd' }),
      useTool('TaskUpdate', { taskId: '1', status: 'in_progress' }),
      useTool('TaskUpdate', { taskId: '2', status: 'deleted' }),
      say('done'),
    ],
    async ({ open }) => {
      const session = open().start()
      await session.turn('plan your work')
      const lists = session
        .all('plan')
        .map(({ entries }) => entries.map(({ content, status }) => `${content} ${status}`))
      expect(lists).toEqual([
        ['First pending'],
        ['First pending', 'Second pending'],
        ['First in_progress', 'Second pending'],
        ['First in_progress'],
      ])
    },
  ))

test('an edit is told with the change that was asked for and the one that was made', () =>
  withClaude(
    (request) => {
      const file_path = join(request.cwd, 'README.md')
      if (request.toolHistory.length === 0) return useTool('Read', { file_path })
      if (request.toolHistory.length === 1)
        return useTool('Edit', { file_path, old_string: '# thermo', new_string: '# thermometer' })
      return say('edited')
    },
    async ({ cwd, open }) => {
      const session = open({ permissionMode: 'accept_edits' }).start()
      await session.turn('edit it')
      const path = join(cwd, 'README.md')
      expect(session.all('tool_call').at(-1)).toMatchObject({
        title: 'Edit README.md',
        kind: 'edit',
        content: [{ type: 'diff', path, oldText: '# thermo', newText: '# thermometer' }],
      })
      const update = session.all('tool_call_update').at(-1)
      expect(update?.content?.[0]).toMatchObject({
        type: 'diff',
        path,
        hunks: [{ oldStart: 1, lines: expect.arrayContaining(['-# thermo', '+# thermometer']) }],
      })
      expect(update?.rawOutput).toBe(undefined)
    },
  ))

test('an image reaches the model as its bytes', () =>
  withClaude(
    () => say('seen'),
    async ({ model, open }) => {
      const session = open().start()
      const data = PIXEL
      session.send({
        type: 'prompt',
        messageId: '7b0c9d2e-0000-4000-8000-000000000001',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image', mimeType: 'image/png', data },
        ],
      })
      await session.next('turn_ended')
      expect(model.requests[0]?.images.map((image) => image.mediaType)).toEqual(['image/png'])
      expect(model.requests[0]?.images[0]?.data.toString('base64')).toBe(data)
    },
  ))

test('a prompt of a megabyte, with everything that a shell would trip over, arrives unchanged', () =>
  withClaude(
    () => say('read'),
    async ({ model, open }) => {
      const session = open().start()
      const prompt = `--flag "quoted" $(rm -rf) \`x\` 'y' \\ \n\t${'🧶 wool\n'.repeat(120_000)}`
      await session.turn(prompt)
      expect(model.requests[0]?.lastUserText === prompt).toBe(true)
    },
  ))

test('model, effort and mode change in a running session', () =>
  withClaude(echo, async ({ model, open }) => {
    const session = open().start()
    await session.turn('one')
    session.send({ type: 'set_model', id: 'm1', model: 'sonnet' })
    session.send({ type: 'set_effort', id: 'e1', effort: 'low' })
    session.send({ type: 'set_mode', id: 'p1', mode: 'accept_edits' })
    expect(await session.next('session_info_update', ({ model }) => model !== undefined)).toMatchObject({
      model: expect.stringContaining('sonnet'),
    })
    expect(await session.next('current_mode_update')).toMatchObject({ modeId: 'accept_edits' })
    await session.turn('two')
    const request = model.requests.at(-1)
    expect(request?.model).toContain('sonnet')
    expect(request?.body).toMatchObject({ output_config: { effort: 'low' } })
    session.send({ type: 'set_mode', id: 'p2', mode: 'bypass' })
    expect(await session.next('notice')).toMatchObject({ code: 'refused_mode', severity: 'warning' })
  }))

test('how full the context is can be asked for', () =>
  withClaude(echo, async ({ open }) => {
    const session = open().start()
    await session.turn('one')
    session.send({ type: 'get_context_usage', id: 'c1' })
    const usage = await session.next('usage_update', ({ cost }) => cost === undefined)
    expect(usage.used).toBeGreaterThan(0)
    expect(usage.size).toBeGreaterThanOrEqual(200_000)
  }))

test('429 and 529 and a cut stream are told as retries, until the answer comes', () =>
  withClaude(
    [fail(429, { retryAfter: 0 }), fail(529, { retryAfter: 0 }), cut(text('half of the ans')), say('at last')],
    async ({ open }) => {
      const session = open().start()
      expect(await session.turn('try')).toMatchObject({
        stopReason: 'end_turn',
        result: expect.stringContaining('at last'),
      })
      const retries = session.all('notice').filter(({ retry }) => retry !== undefined)
      expect(retries.map(({ code }) => code)).toEqual(expect.arrayContaining(['rate_limit', 'overloaded']))
    },
  ))

for (const [status, code, retryable] of [
  [401, 'auth', false],
  [429, 'rate_limit', true],
  [529, 'overloaded', true],
  [400, 'invalid_request', false],
  [404, 'model', false],
] as const)
  test(`a server that goes on to answer ${status} ends the turn with the error ${code}`, () =>
    withClaude(
      () => fail(status, { retryAfter: 0 }),
      async ({ open }) => {
        const session = open().start()
        expect(await session.turn('try')).toMatchObject({ stopReason: 'error', error: { code, retryable } })
      },
    ))

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
