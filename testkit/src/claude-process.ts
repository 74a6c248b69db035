import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { SkeinError } from '@skein/protocol'
import { claudeEnv, claudeExecutable } from './claude.ts'
import type { Model } from './model/server.ts'

/** One line of claude's stdout, parsed. */
export type ClaudeMessage = { type: string } & Record<string, unknown>

export interface CanUseTool {
  requestId: string
  toolName: string
  toolUseId: string
  input: Record<string, unknown>
}

export interface ClaudeOptions {
  model: Pick<Model, 'env'>
  cwd: string
  /** Its HOME; its configuration is kept below. */
  home: string
  /** After those that stream-json mode needs. */
  args?: string[]
  env?: Record<string, string>
}

/**
 * The real claude in stream-json mode, driven by hand: for tests of what claude does, and of the scripted model. Product code
 * has its own way (runner and plugin); this one is deliberately nothing but a pipe.
 */
export class ClaudeProcess implements AsyncDisposable {
  readonly process: ChildProcess
  readonly messages: ClaudeMessage[] = []
  stderr = ''
  readonly #changed = new EventTarget()
  #read = 0

  constructor(options: ClaudeOptions) {
    const mode = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose']
    const args = [...mode, '--permission-prompt-tool', 'stdio', ...(options.args ?? [])]
    this.process = spawn(claudeExecutable(), args, {
      cwd: options.cwd,
      env: claudeEnv(options.model, options.home, options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      // A process group of its own, so that its helpers can be killed with it.
      detached: true,
    })
    this.process.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk
    })
    if (this.process.stdout === null) throw new SkeinError('internal', 'starting claude: it has no stdout')
    createInterface(this.process.stdout).on('line', (line) => {
      this.messages.push(JSON.parse(line) as ClaudeMessage)
      this.#changed.dispatchEvent(new Event('change'))
    })
    this.process.once('close', () => this.#changed.dispatchEvent(new Event('change')))
  }

  write(message: unknown): void {
    this.process.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  send(content: string | unknown[]): void {
    this.write({ type: 'user', message: { role: 'user', content }, parent_tool_use_id: null, session_id: '' })
  }

  /** The next message, not returned before, that fits; those before it are passed over. */
  async next(fits: (message: ClaudeMessage) => boolean, timeoutMs = 45_000): Promise<ClaudeMessage> {
    const deadline = AbortSignal.timeout(timeoutMs)
    for (;;) {
      const index = this.messages.findIndex((message, at) => at >= this.#read && fits(message))
      const message = this.messages[index]
      if (message !== undefined) {
        this.#read = index + 1
        return message
      }
      const ended = this.#hasEnded()
      if (ended || deadline.aborted) throw this.#notSeen(ended ? 'it has ended' : `none in ${timeoutMs} ms`)
      await once(this.#changed, 'change', { signal: deadline }).catch(() => undefined)
    }
  }

  /** The next request for permission, a plan's approval or an answer. */
  async nextAsk(toolName?: string): Promise<CanUseTool> {
    const message = await this.next((candidate) => {
      const request = candidate.request as Record<string, unknown> | undefined
      const isAsk = candidate.type === 'control_request' && request?.subtype === 'can_use_tool'
      return isAsk && (toolName === undefined || request?.tool_name === toolName)
    })
    const request = message.request as Record<string, unknown>
    return {
      requestId: String(message.request_id),
      toolName: String(request.tool_name),
      toolUseId: String(request.tool_use_id),
      input: request.input as Record<string, unknown>,
    }
  }

  allow(ask: CanUseTool, updatedInput: Record<string, unknown> = ask.input, extra: Record<string, unknown> = {}): void {
    this.#answer(ask, { behavior: 'allow', updatedInput, ...extra })
  }

  deny(ask: CanUseTool, message: string): void {
    this.#answer(ask, { behavior: 'deny', message })
  }

  /** The end of the turn. */
  result(timeoutMs?: number): Promise<ClaudeMessage> {
    return this.next((message) => message.type === 'result', timeoutMs)
  }

  /** Sends a prompt and waits for the end of its turn. */
  async turn(content: string | unknown[]): Promise<ClaudeMessage> {
    this.send(content)
    return this.result()
  }

  /** SIGKILL, to the whole process group: killed alone, claude would leave the proxies of its sandbox behind. */
  kill(): void {
    if (this.process.pid !== undefined) process.kill(-this.process.pid, 'SIGKILL')
  }

  /** SIGTERM first: only then does claude tidy up after its sandbox. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded()) return
    const closed = once(this.process, 'close')
    this.process.kill('SIGTERM')
    const impatience = setTimeout(() => this.kill(), 5_000)
    await closed
    clearTimeout(impatience)
  }

  #hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  #answer(ask: CanUseTool, response: Record<string, unknown>): void {
    this.write({ type: 'control_response', response: { subtype: 'success', request_id: ask.requestId, response } })
  }

  #notSeen(why: string): SkeinError {
    const last = this.messages.slice(-5).map((message) => `  ${JSON.stringify(message).slice(0, 300)}`)
    return new SkeinError(
      'timed_out',
      `waiting for a message from claude: ${why}. Its last messages:\n${last.join('\n')}\nstderr: ${this.stderr}`,
    )
  }
}
