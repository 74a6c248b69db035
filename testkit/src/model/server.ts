import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ApiRequestError, asRecord, parseApiRequest } from './messages-api.ts'
import { type ModelCall, ModelRecord, type WaitOptions } from './record.ts'
import { fail, type MessageReply, say, type Usage } from './reply.ts'
import { describeRequest, type ModelRequest } from './request.ts'
import { asFunction, type Script, type ScriptFunction } from './script.ts'
import { ClientLeft, type Delivery, sendError, sendJson, sendMessage, streamMessage } from './stream.ts'

export interface ModelOptions {
  /** 0, the default, takes a free port. */
  port?: number
  /** Another key in a request is answered with 401. Default: any key will do. */
  requireKey?: string
  /** Before each delta, in milliseconds, for blocks that do not say. */
  delayMs?: number
  charsPerDelta?: number
  /** Answers what is neither the agent's loop nor a sub-agent's; the default says `<summary>OK</summary>`. */
  side?: ScriptFunction
  /** Answers a sub-agent's requests; the default gives them to the script. */
  subagent?: ScriptFunction
  pingEveryMs?: number
  /** How many requests and calls are recorded; for servers that live long. Default: all. */
  keep?: number
}

export interface Model extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** What the script saw, oldest first. */
  readonly requests: readonly ModelRequest[]
  /** What it was spared: titles, summaries, probes. */
  readonly sideRequests: readonly ModelRequest[]
  /** Every HTTP call, oldest first. */
  readonly calls: readonly ModelCall[]
  /** What scripts, or the server itself, threw; each was answered with 500. */
  readonly failures: readonly Error[]
  /** Takes effect with the next request. */
  setScript(script: Script): void
  /** The first request, past or to come, that fits. Fails at its deadline with a list of what came. */
  waitForRequest(fits: (request: ModelRequest) => boolean, options?: WaitOptions): Promise<ModelRequest>
  /** Variables that make an agent talk to this server. */
  env(): { ANTHROPIC_BASE_URL: string; ANTHROPIC_API_KEY: string }
}

/** Starts a server on loopback that speaks Anthropic's Messages API and says what `script` tells it to. */
export async function startModel(script: Script, options: ModelOptions = {}): Promise<Model> {
  const answers = new Answers(script, options)
  const server = createServer((request, response) => void answers.to(request, response))
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const { record, closing } = answers

  return {
    url,
    port,
    requests: record.requests,
    sideRequests: record.sideRequests,
    calls: record.calls,
    failures: answers.failures,
    setScript: (next) => answers.setScript(next),
    waitForRequest: (fits, waiting) => record.waitForRequest(fits, closing.signal, waiting),
    env: () => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: options.requireKey ?? 'sk-ant-testkit' }),
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the model server closes'))
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

class Answers {
  readonly record: ModelRecord
  readonly failures: Error[] = []
  readonly closing = new AbortController()
  #script: ScriptFunction
  readonly #options: ModelOptions
  /** By conversation. */
  readonly #memories = new Map<string, Map<string, unknown>>()
  /** By loop. */
  readonly #turns = new Map<string, number>()
  readonly #promptTokens = new Map<string, number>()

  constructor(script: Script, options: ModelOptions) {
    this.#script = asFunction(script)
    this.#options = options
    this.record = new ModelRecord(options.keep ?? Number.POSITIVE_INFINITY)
  }

  setScript(script: Script): void {
    this.#script = asFunction(script)
  }

  async to(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController()
    response.once('close', () => left.abort(new ClientLeft()))
    const signal = AbortSignal.any([left.signal, this.closing.signal])
    try {
      await this.#route(request, response, signal)
    } catch (error) {
      if (signal.aborted || error instanceof ClientLeft) return void response.destroy()
      this.failures.push(error instanceof Error ? error : new Error(String(error)))
      if (response.headersSent) response.destroy()
      else sendError(response, fail(500, { message: `the script failed: ${error}` }))
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { method = '', headers } = request
    const { pathname: path } = new URL(request.url ?? '/', 'http://localhost')
    const body = await text(request).catch((cause) => {
      throw new ClientLeft({ cause })
    })
    this.record.addCall({ method, path, headers, body })

    if (path === '/api/hello') return sendJson(response, 200, { message: 'hello' })
    const { requireKey } = this.#options
    if (requireKey !== undefined && keyIn(headers) !== requireKey) return sendError(response, fail(401))
    switch (`${method} ${path}`) {
      case 'GET /v1/models':
        return sendJson(response, 200, MODELS)
      case 'POST /v1/messages/count_tokens':
        return sendJson(response, 200, { input_tokens: tokensIn(body) })
      case 'POST /v1/messages':
        return this.#message(body, headers, response, signal)
      default:
        return sendError(response, fail(404, { message: `${method} ${path} is not served here` }))
    }
  }

  async #message(
    body: string,
    headers: IncomingHttpHeaders,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const request = this.#parse(body, headers)
    if (request instanceof Error) return sendError(response, fail(400, { message: request.message }))
    this.record.addRequest(request)
    const memory = upsert(this.#memories, request.conversation, () => new Map<string, unknown>())
    const reply = await this.#scriptFor(request)(request, { signal, memory })
    if (reply.kind === 'error') return sendError(response, reply)
    const deliver = asRecord(request.body)?.stream === true ? streamMessage : sendMessage
    return deliver(response, reply, this.#delivery(request, reply, body, signal))
  }

  #parse(body: string, headers: IncomingHttpHeaders): ModelRequest | ApiRequestError | SyntaxError {
    try {
      const json: unknown = JSON.parse(body)
      const request = describeRequest(parseApiRequest(json), json, headers)
      const loop = loopOf(request)
      const turn = (this.#turns.get(loop) ?? 0) + 1
      this.#turns.set(loop, turn)
      return { ...request, turn }
    } catch (error) {
      if (error instanceof ApiRequestError || error instanceof SyntaxError) return error
      throw error
    }
  }

  #scriptFor(request: ModelRequest): ScriptFunction {
    if (request.kind === 'side') return this.#options.side ?? (() => say('<summary>OK</summary>'))
    if (request.kind === 'subagent') return this.#options.subagent ?? this.#script
    return this.#script
  }

  #delivery(request: ModelRequest, reply: MessageReply, body: string, signal: AbortSignal): Delivery {
    return {
      model: request.model,
      usage: { ...this.#usage(request, JSON.stringify(reply.blocks), body), ...reply.usage },
      delayMs: this.#options.delayMs ?? 0,
      charsPerDelta: this.#options.charsPerDelta ?? 24,
      idSeed: `${loopOf(request)}/${request.messages.length}/${request.turn}`,
      signal,
      pingEveryMs: this.#options.pingEveryMs ?? 5_000,
    }
  }

  /** As with prompt caching: what was sent before is read from the cache, what is new is written to it. */
  #usage(request: ModelRequest, answer: string, body: string): Usage {
    const loop = loopOf(request)
    const prompt = tokensIn(body)
    const read = Math.min(this.#promptTokens.get(loop) ?? 0, prompt)
    this.#promptTokens.set(loop, prompt)
    return {
      input_tokens: 4,
      output_tokens: tokensIn(answer),
      cache_read_input_tokens: read,
      cache_creation_input_tokens: prompt - read,
    }
  }
}

/** One agent's series of requests: the main loop of a conversation, or that of one sub-agent. */
function loopOf(request: Omit<ModelRequest, 'turn'>): string {
  return `${request.conversation}/${request.agentId ?? request.kind}`
}

function keyIn(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['x-api-key']
  return typeof key === 'string' ? key : headers.authorization?.replace(/^Bearer /, '')
}

function upsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make()
  map.set(key, found)
  return found
}

/** Four characters a token is near enough for a model that does not read. */
function tokensIn(content: string): number {
  return Math.ceil(content.length / 4)
}

const MODELS = {
  data: [
    { type: 'model', id: 'claude-opus-5-5', display_name: 'Claude Opus', created_at: '2026-01-01T00:00:00Z' },
    { type: 'model', id: 'claude-sonnet-5-5', display_name: 'Claude Sonnet', created_at: '2026-01-01T00:00:00Z' },
    { type: 'model', id: 'claude-haiku-5-5', display_name: 'Claude Haiku', created_at: '2026-01-01T00:00:00Z' },
  ],
  has_more: false,
  first_id: 'claude-opus-5-5',
  last_id: 'claude-haiku-5-5',
}
