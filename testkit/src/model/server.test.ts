import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { cut, fail, failMidway, hang, reply, say, text, think, toolUse } from './reply.ts'
import { type Model, startModel } from './server.ts'

const PROMPT = {
  model: 'claude-test',
  max_tokens: 100,
  tools: [{ name: 'Bash' }],
  messages: [{ role: 'user', content: 'hi' }],
}

function post(model: Model, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${model.url}/v1/messages?beta=true`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-claude-code-session-id': 'c1', ...headers },
    body: JSON.stringify(body),
  })
}

/** What a test looks into without saying first what it is. */
// biome-ignore lint/suspicious/noExplicitAny: an assertion on the wrong shape fails, which is what a test is for
type Json = any

async function documentOf(response: Promise<Response>): Promise<Json> {
  return (await response).json()
}

async function eventsOf(response: Response): Promise<Json[]> {
  const events = (await response.text()).split('\n\n').filter(Boolean)
  return events.map((event) => {
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
    const parsed = JSON.parse(data ?? '')
    expect(parsed.type).toBe(name)
    return parsed
  })
}

test('a streamed reply has the events of the Messages API, in order, and its deltas join to the whole', async () => {
  const blocks = reply([
    text('Grüße, 🧶 and more', { deltas: 5 }),
    toolUse('Bash', { command: 'echo "a"' }, { deltas: 3 }),
  ])
  await using model = await startModel([blocks])
  const events = await eventsOf(await post(model, { ...PROMPT, stream: true }))

  expect(events.map((event) => event.type)).toEqual([
    ...['message_start', 'ping', 'content_block_start', ...Array(5).fill('content_block_delta'), 'content_block_stop'],
    ...[
      'content_block_start',
      ...Array(3).fill('content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ],
  ])
  const deltas = events.flatMap((event) => (event.type === 'content_block_delta' ? [event.delta] : []))
  expect(deltas.map((delta: { text?: string }) => delta.text ?? '').join('')).toBe('Grüße, 🧶 and more')
  const input = deltas.map((delta: { partial_json?: string }) => delta.partial_json ?? '').join('')
  expect(JSON.parse(input)).toEqual({ command: 'echo "a"' })
  expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: { input_tokens: 4 } })
})

test('thinking is streamed with its signature, and a reply that is not streamed is one document', async () => {
  await using model = await startModel(() => think('Hm.', 'Yes.'))
  const events = await eventsOf(await post(model, { ...PROMPT, stream: true }))
  const types = events.flatMap((event: { delta?: { type?: string } }) => event.delta?.type ?? [])
  expect(types).toEqual(['thinking_delta', 'signature_delta', 'text_delta'])

  const document = await documentOf(post(model, PROMPT))
  expect(document).toMatchObject({ type: 'message', stop_reason: 'end_turn', model: 'claude-test' })
  expect(document.content).toMatchObject([
    { type: 'thinking', thinking: 'Hm.' },
    { type: 'text', text: 'Yes.' },
  ])
})

test.each([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [429, 'rate_limit_error'],
  [500, 'api_error'],
  [529, 'overloaded_error'],
] as const)('error %i has the shape of the API: %s', async (status, type) => {
  await using model = await startModel(() => fail(status, { retryAfter: 7 }))
  const response = await post(model, { ...PROMPT, stream: true })
  expect(response.status).toBe(status)
  expect(response.headers.get('retry-after')).toBe('7')
  expect(await response.json()).toMatchObject({ type: 'error', error: { type } })
})

test('a cut stream has its start, then ends without an end', async () => {
  await using model = await startModel(() => cut(text('one two three four', { deltas: 4 })))
  const response = await post(model, { ...PROMPT, stream: true })
  const decoder = new TextDecoder()
  let seen = ''
  const readAll = async () => {
    for await (const chunk of response.body ?? []) seen += decoder.decode(chunk as Uint8Array)
  }
  await expect(readAll()).rejects.toThrow()
  expect(seen).toContain('message_start')
  expect(seen).toContain('"one ')
  expect(seen).not.toContain('message_stop')
  expect(model.failures).toEqual([])
})

test('an error can come in the middle of a stream', async () => {
  await using model = await startModel(() => failMidway(fail(529), text('half of it', { deltas: 4 })))
  const events = await eventsOf(await post(model, { ...PROMPT, stream: true }))
  expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } })
  expect(events.filter((event) => event.type === 'content_block_delta')).toHaveLength(2)
})

test('a stalled stream sends pings until it is let go, then ends well', async () => {
  const go = new AbortController()
  await using model = await startModel(() => hang(go.signal, text('before after', { deltas: 2 })), { pingEveryMs: 10 })
  const response = await post(model, { ...PROMPT, stream: true })
  const decoder = new TextDecoder()
  let seen = ''
  for await (const chunk of response.body ?? []) {
    seen += decoder.decode(chunk as Uint8Array)
    if (seen.split('event: ping').length > 3) go.abort()
  }
  expect(seen.indexOf('before')).toBeLessThan(seen.lastIndexOf('event: ping'))
  expect(seen.indexOf('after')).toBeGreaterThan(seen.lastIndexOf('event: ping'))
  expect(seen).toContain('message_stop')
})

test('closing the server ends a stalled stream', async () => {
  const model = await startModel(() => hang())
  const response = await post(model, { ...PROMPT, stream: true })
  await model[Symbol.asyncDispose]()
  await expect(response.text()).rejects.toThrow()
  expect(model.failures).toEqual([])
})

test('a client that resets its connection before the answer, or in its own request, is no failure', async () => {
  const body = JSON.stringify({ ...PROMPT, stream: true })
  const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
  // The server writes before it can have read that the client is gone.
  const model = await startModel(() => {
    waiting.resetAndDestroy()
    return say('too late')
  })
  const waiting = connect(model.port, '127.0.0.1', () => waiting.write(head + body))
  await once(waiting, 'close')
  const asking = connect(model.port, '127.0.0.1', () => {
    asking.write(head + body.slice(0, 9), () => asking.resetAndDestroy())
  })
  await once(asking, 'close')
  await model[Symbol.asyncDispose]()
  expect(model.requests).toHaveLength(1)
  expect(model.failures).toEqual([])
})

test('a list of steps goes on per conversation, and says when it is over', async () => {
  await using model = await startModel([say('first'), (request) => say(`second after ${request.turn}`)])
  const textOf = async (conversation: string) =>
    (await documentOf(post(model, PROMPT, { 'x-claude-code-session-id': conversation }))).content?.[0]?.text
  expect(await textOf('a')).toBe('first')
  expect(await textOf('b')).toBe('first')
  expect(await textOf('a')).toBe('second after 2')
  expect(await textOf('a')).toBe(undefined)
  expect((await post(model, PROMPT, { 'x-claude-code-session-id': 'a' })).status).toBe(400)
})

test('ids depend on the conversation and the place in it, not on the run', async () => {
  const idsOf = async (conversation: string) => {
    await using model = await startModel(() => reply([toolUse('Bash', {}), toolUse('Bash', {})]))
    const ask = () => post(model, PROMPT, { 'x-claude-code-session-id': conversation })
    const documents = [await documentOf(ask()), await documentOf(ask())]
    return documents.flatMap((document) => document.content.map((block: { id: string }) => block.id))
  }
  const first = await idsOf('a')
  expect(await idsOf('a')).toEqual(first)
  expect(new Set([...first, ...(await idsOf('b'))]).size).toBe(8)
})

test('requests without tools are side requests: the script does not see them', async () => {
  await using model = await startModel([say('main')])
  const { tools, ...side } = PROMPT
  expect((await documentOf(post(model, side))).content[0].text).toBe('<summary>OK</summary>')
  expect((await documentOf(post(model, PROMPT))).content[0].text).toBe('main')
  expect([model.requests.length, model.sideRequests.length, tools.length]).toEqual([1, 1, 1])
})

test('a wrong key, a wrong body and an unknown path are refused as the API refuses them', async () => {
  await using model = await startModel(() => say('never'), { requireKey: 'right' })
  expect((await post(model, PROMPT, { 'x-api-key': 'wrong' })).status).toBe(401)
  expect((await post(model, { model: 'x' }, { 'x-api-key': 'right' })).status).toBe(400)
  expect((await fetch(`${model.url}/v1/nothing`, { headers: { authorization: 'Bearer right' } })).status).toBe(404)
  expect(model.requests).toEqual([])
  expect(model.calls.map((call) => call.headers['x-api-key'])).toEqual(['wrong', 'right', undefined])
})

test('models are listed and tokens counted', async () => {
  await using model = await startModel(() => say('never'))
  const models = await documentOf(fetch(`${model.url}/v1/models`))
  expect(models.data[0]).toMatchObject({ type: 'model', id: expect.stringContaining('claude') })
  const counted = await fetch(`${model.url}/v1/messages/count_tokens?beta=true`, {
    method: 'POST',
    body: '{"a":"12345678"}',
  })
  expect(await counted.json()).toEqual({ input_tokens: 4 })
})

test('a script that throws is answered with 500 and recorded', async () => {
  await using model = await startModel(() => {
    throw new Error('no such step')
  })
  const response = await post(model, PROMPT)
  expect(response.status).toBe(500)
  expect(model.failures.map(String)).toEqual(['Error: no such step'])
})

test('a request can be waited for, and the failure to see it says what came', async () => {
  await using model = await startModel(() => say('ok'))
  const coming = model.waitForRequest((request) => request.turn === 2)
  await post(model, PROMPT)
  await post(model, PROMPT)
  expect((await coming).lastUserText).toBe('hi')
  await expect(model.waitForRequest((request) => request.turn === 9, { timeoutMs: 20 })).rejects.toThrow(
    /none fitted in 20 ms; it got\n {2}main 1: "hi"\n {2}main 2: "hi"/,
  )
})
