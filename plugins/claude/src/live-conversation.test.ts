import { echo, longText, say, streamsLong, think, useTool } from '@skein/testkit'
import { expect, test } from 'vitest'
import { withClaude } from './testing/with-claude.ts'

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
      await session.next('user_message_update', ({ state }) => state === 'completed')
      expect(session.all('user_message_update').map(({ state }) => state)).toEqual(['sent', 'started', 'completed'])

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
    await session.turn('two')
    expect(session.all('session_info_update').at(-1)?.model).toContain('sonnet')
    expect(session.all('current_mode_update').at(-1)?.modeId).toBe('accept_edits')
    const request = model.requests.at(-1)
    expect(request?.model).toContain('sonnet')
    expect(request?.body).toMatchObject({ output_config: { effort: 'low' } })
    expect(() => session.send({ type: 'set_mode', id: 'p2', mode: 'bypass' })).toThrow(/not isolated/)
    session.send({ type: 'set_model', id: 'm2', model: null })
    session.send({ type: 'set_effort', id: 'e2', effort: null })
    await session.turn('three')
    const [first] = model.requests
    const last = model.requests.at(-1)
    const effort = (body: unknown) => (body as { output_config?: { effort?: string } }).output_config?.effort
    expect([last?.model, effort(last?.body)]).toEqual([first?.model, effort(first?.body)])
  }))

test('a result in the wanted form is given as structured output', () =>
  withClaude(
    (request) => (request.toolResults.length > 0 ? say('done') : useTool('StructuredOutput', { answer: 42 })),
    async ({ open }) => {
      const jsonSchema = { type: 'object', properties: { answer: { type: 'number' } }, required: ['answer'] }
      const session = open({ jsonSchema }).start()
      expect(await session.turn('how many?')).toMatchObject({ structuredOutput: { answer: 42 } })
    },
  ))

test('a prompt that begins with a slash is a command if there is one of that name, and otherwise goes to the model', () =>
  withClaude(echo, async ({ model, open }) => {
    const session = open().start()
    expect(await session.turn('/etc/hosts looks odd')).toMatchObject({ result: '/etc/hosts looks odd' })
    await session.turn('/context')
    expect(session.all('agent_message').at(-1)?.content[0]).toMatchObject({ text: expect.stringContaining('Context') })
    expect(model.requests).toHaveLength(1)
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

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
