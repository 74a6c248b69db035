import { type ApiMethod, apiMethods, SkeinError } from '@skein/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type AskOptions, type WebServer, webServer } from '../fixtures/web-server.ts'

let web: WebServer
beforeAll(async () => {
  web = await webServer()
})
afterAll(() => web[Symbol.asyncDispose]())

const ask = (path: string, { headers = {}, ...options }: AskOptions = {}) =>
  web.ask(path, { ...options, headers: { authorization: `Bearer ${web.token}`, ...headers } })

describe('a query', () => {
  it('is answered to GET as to POST; text stands as it is, anything else is JSON', async () => {
    const seen: unknown[] = []
    const call = web.behind.call
    web.behind.call = async (method, params) => {
      seen.push([method, params])
      return call('asks.list', {}) as never
    }
    try {
      await ask(
        '/v1/workspaces.diff?workspaceId=123&paths=%5B%22a%20b%22,%22c%22%5D&offset=5&ignoreWhitespace=true&tree=true',
      )
      await ask(`/v1/workspaces.diff`, { method: 'POST', body: '{"workspaceId":"123","offset":5}' })
    } finally {
      web.behind.call = call
    }
    expect(seen).toEqual([
      ['workspaces.diff', { workspaceId: '123', paths: ['a b', 'c'], offset: 5, ignoreWhitespace: true, tree: 'true' }],
      ['workspaces.diff', { workspaceId: '123', offset: 5 }],
    ])
  })

  it('that is written wrongly says where', async () => {
    const wrong = async (path: string) => JSON.parse((await ask(path)).body)
    expect(await wrong('/v1/workspaces.diff?workspaceId=1&offset=five')).toMatchObject({
      code: 'invalid',
      message: 'workspaces.diff: offset is not JSON',
    })
    expect((await wrong('/v1/workspaces.diff?workspaceId=1&workspaceId=2')).message).toContain('given twice')
    expect((await wrong('/v1/workspaces.diff')).message).toMatch(/^workspaces\.diff: workspaceId: /)
    expect((await wrong('/v1/projects.open?key=k&path=/')).next).toBe('Use POST /v1/projects.open.')
  })
})

describe('a subscription', () => {
  it('comes as server-sent events where they are asked for, and goes on after the last event that was seen', async () => {
    const events = await firstEvents({ 'last-event-id': '41' }, 3)
    expect(events.map(({ id }) => id)).toEqual([undefined, '42', '43'])
    expect(JSON.parse(events[1]?.data ?? '')).toMatchObject({ type: 'event', envelope: { seq: 42, sessionId: 's' } })
  })

  it('that fails as server-sent events tells its error as one', async () => {
    const answer = await ask('/v1/sessions.follow?sessionId=none', { headers: { accept: 'text/event-stream' } })
    expect(answer.headers['content-type']).toBe('text/event-stream')
    expect(answer.body).toMatch(/^:\n\nevent: error\ndata: \{"code":"not_found"/)
  })

  it('comes as lines of JSON otherwise', async () => {
    const answer = await ask('/v1/sessions.follow?sessionId=none')
    expect(answer.headers['content-type']).toBe('application/x-ndjson')
    expect(answer.body).toMatch(/^\n\{"error":\{"code":"not_found"/)
  })

  async function firstEvents(headers: Record<string, string>, count: number) {
    const ending = new AbortController()
    const response = await fetch(`${web.origin}/v1/sessions.follow?sessionId=s`, {
      headers: { authorization: `Bearer ${web.token}`, accept: 'text/event-stream', ...headers },
      signal: ending.signal,
    })
    let text = ''
    for await (const part of response.body ?? []) {
      text += new TextDecoder().decode(part)
      if (text.split('\n\n').filter((event) => event.includes('data:')).length > count) break
    }
    ending.abort()
    return text
      .split('\n\n')
      .filter((event) => event.includes('data: '))
      .slice(0, count)
      .map((event) => ({ id: /^id: (.*)$/m.exec(event)?.[1], data: /^data: (.*)$/m.exec(event)?.[1] ?? '' }))
  }
})

describe('the OpenAPI document', () => {
  it('has the structure that OpenAPI 3.1 asks for, and every reference in it leads somewhere', async () => {
    const document = OpenApi.parse(JSON.parse((await ask('/openapi.json')).body))
    const text = JSON.stringify(document)
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) => reference)
    expect(references.length).toBeGreaterThan(50)
    for (const reference of new Set(references)) {
      const [, name = ''] = /^#\/components\/schemas\/(\w+)$/.exec(reference) ?? []
      expect([reference, Object.hasOwn(document.components.schemas, name)]).toEqual([reference, true])
    }
    expect(text).not.toMatch(/\$defs|"\$schema"/)
    const operations = Object.values(document.paths).flatMap((path) => [path.get, path.post])
    const ids = operations.flatMap((operation) => (operation ? [operation.operationId] : []))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has every method, commands as POST alone', async () => {
    const document = OpenApi.parse(JSON.parse((await ask('/openapi.json')).body))
    expect(Object.keys(document.paths)).toEqual(Object.keys(apiMethods).map((method) => `/v1/${method}`))
    for (const [method, { kind, about }] of Object.entries(apiMethods)) {
      const path = document.paths[`/v1/${method}`]
      expect([method, path?.get !== undefined, path?.post.summary]).toEqual([method, kind !== 'command', about])
    }
  })

  it('says of requests and answers what the server takes and gives', async () => {
    const text = (await ask('/openapi.json')).body
    const schemaOf = (pick: (document: z.infer<typeof OpenApi>) => unknown) => {
      const document = OpenApi.parse(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')))
      const schema = z.record(z.string(), z.unknown()).parse(pick(document))
      return z.fromJSONSchema({ ...schema, $defs: document.components.schemas } as never)
    }
    const answer = (method: ApiMethod, status: '200' | 'default') =>
      schemaOf(
        (document) => document.paths[`/v1/${method}`]?.post.responses[status]?.content['application/json']?.schema,
      )
    const request = (method: ApiMethod) =>
      schemaOf((document) => document.paths[`/v1/${method}`]?.post.requestBody?.content['application/json']?.schema)

    const real = async (method: ApiMethod, params: unknown) => {
      expect(request(method).safeParse(params).error).toBeUndefined()
      const { status, body } = await ask(`/v1/${method}`, { method: 'POST', body: JSON.stringify(params) })
      const { error } = answer(method, status === 200 ? '200' : 'default').safeParse(JSON.parse(body))
      expect([method, status, error]).toEqual([method, status, undefined])
      return status
    }
    expect(await real('server.info', {})).toBe(200)
    expect(await real('server.browsers', {})).toBe(200)
    expect(await real('server.link', { key: 'k' })).toBe(200)
    expect(await real('projects.open', { key: 'k', path: '/a' })).toBe(200)
    expect(await real('workspaces.list', {})).toBe(200)
    expect(await real('asks.get', { askId: 'a' })).toBe(404)
    expect(await real('workspaces.remove', { key: 'k', workspaceId: 'w' })).toBe(409)
    expect(request('projects.open').safeParse({ key: 'k' }).success).toBe(false)
    expect(answer('server.info', '200').safeParse({}).success).toBe(false)
  })
})

it('a reader that takes nothing loses its subscription with an error that says where to go on', async () => {
  await using short = await webServer()
  const { answerSubscription } = await import('../subscription.ts')
  const response = answerSubscription(
    async function* () {
      for (let seq = 1; ; seq++) yield { type: 'live', seq }
    },
    {
      method: 'sessions.follow',
      heartbeatMs: 1_000,
      stopping: new AbortController().signal,
      stallMs: 20,
      onError: (error) => expect(error).toBeInstanceOf(SkeinError),
    },
  )
  const reader = response.body?.getReader()
  await reader?.read()
  await reader?.read()
  await new Promise((resolve) => setTimeout(resolve, 200))
  const rest: string[] = []
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    rest.push(new TextDecoder().decode(part.value))
  expect(JSON.parse(rest.at(-1) ?? '')).toMatchObject({
    error: { code: 'unavailable', details: { connection: 'dropped' } },
  })
  expect(short.server.web).toBeDefined()
})

/** What the specification requires of the parts that we use: https://spec.openapis.org/oas/v3.1.1. */
const Schema = z.record(z.string(), z.unknown())
const Content = z
  .record(z.string(), z.strictObject({ schema: Schema }))
  .refine((types) => Object.keys(types).length > 0)
const Responses = z
  .record(
    z.string().regex(/^(?:[1-5](?:\d\d|XX)|default)$/),
    z.strictObject({ description: z.string(), content: Content }),
  )
  .refine((responses) => Object.keys(responses).length > 0)
const Operation = z.strictObject({
  operationId: z.string(),
  summary: z.string().min(1),
  tags: z.array(z.string()),
  requestBody: z.strictObject({ required: z.boolean(), content: Content }).optional(),
  responses: Responses,
  parameters: z
    .array(
      z.union([
        z.strictObject({ name: z.string(), in: z.literal('query'), required: z.boolean(), schema: Schema }),
        z.strictObject({ name: z.string(), in: z.literal('query'), required: z.boolean(), content: Content }),
      ]),
    )
    .refine((parameters) => new Set(parameters.map(({ name }) => name)).size === parameters.length)
    .optional(),
})
const OpenApi = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    description: z.string(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  servers: z.array(z.strictObject({ url: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  tags: z.array(z.strictObject({ name: z.string() })),
  paths: z.record(
    z.string().startsWith('/'),
    z.strictObject({ get: Operation.omit({ requestBody: true }).optional(), post: Operation }),
  ),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[\w.-]+$/), Schema),
    securitySchemes: z.record(
      z.string(),
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('http'), scheme: z.string(), description: z.string() }),
        z.strictObject({
          type: z.literal('apiKey'),
          in: z.enum(['cookie', 'header', 'query']),
          name: z.string(),
          description: z.string(),
        }),
      ]),
    ),
  }),
})
