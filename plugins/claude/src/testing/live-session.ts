import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import {
  type AgentCommand,
  type AgentEvent,
  type AgentEventOf,
  type DecodedEvent,
  type LaunchOptions,
  type ProcessExit,
  type Recovery,
  SkeinError,
} from '@skein/plugin-api'
import { type ClaudeState, claudeAgent } from '../index.ts'

type Options = Partial<LaunchOptions> & Pick<LaunchOptions, 'cwd' | 'executable' | 'env'> & { folder: string }

/**
 * A session with the real Claude Code through the plugin alone: what the runner and the engine do between them, without their
 * journals and stores. For tests.
 */
export class LiveSession implements AsyncDisposable {
  readonly nativeSessionId: string
  readonly events: DecodedEvent[] = []
  /** The journal, line by line. */
  readonly lines: string[] = []
  state: ClaudeState
  epoch = 0
  process: ChildProcess | undefined
  recovery: Recovery | undefined
  stderr = ''
  readonly #options: Options
  readonly #changed = new EventTarget()
  #read = 0

  constructor(options: Options) {
    this.#options = options
    this.nativeSessionId = options.nativeSessionId ?? randomUUID()
    this.state = claudeAgent.start(0, undefined)
  }

  /** Starts Claude Code for the next epoch. */
  start(how: LaunchOptions['start'] = { how: 'new' }): this {
    this.epoch++
    this.stderr = ''
    this.recovery = undefined
    const dir = join(this.#options.folder, `process-${this.nativeSessionId}-${this.epoch}`)
    const launch = claudeAgent.launch(this.#launchOptions(how))
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    for (const [name, content] of Object.entries(launch.files ?? {}))
      writeFileSync(join(dir, name), content, { mode: 0o600 })
    const inDir = (text: string) => text.replaceAll('{dir}', dir)
    const [command = '', ...args] = launch.argv.map(inDir)
    const env = Object.fromEntries(Object.entries(launch.env).map(([name, value]) => [name, inDir(value)]))
    const child = spawn(command, args, {
      cwd: this.#options.cwd,
      env,
      // A group of its own, to be ended with all that it started.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    for (const fd of [3, 4]) (child.stdio[fd] as Writable).end(launch.secretFds?.[String(fd)] ?? '')
    this.process = child
    this.state = claudeAgent.start(this.epoch, this.state)
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk
    })
    if (child.stdout === null) throw new SkeinError('internal', 'starting claude: it has no stdout')
    createInterface(child.stdout).on('line', (line) => this.#receive(line))
    child.once('close', (code, signal) => this.#ended(code, signal))
    for (const { line } of launch.greeting) this.#write(line)
    return this
  }

  send(command: AgentCommand): void {
    for (const { line } of claudeAgent.encode(this.state, command).lines) this.#write(line)
  }

  prompt(text: string, messageId: string = randomUUID()): string {
    this.send({ type: 'prompt', messageId, content: [{ type: 'text', text }] })
    return messageId
  }

  /** The next event of a type, not given before, that fits. */
  async next<T extends AgentEvent['type']>(
    type: T,
    fits: (event: AgentEventOf<T>) => boolean = () => true,
    timeoutMs = 45_000,
  ): Promise<AgentEventOf<T>> {
    const deadline = AbortSignal.timeout(timeoutMs)
    for (;;) {
      for (; this.#read < this.events.length; this.#read++) {
        const event = this.events[this.#read]?.event
        if (event?.type !== type || !fits(event as AgentEventOf<T>)) continue
        this.#read++
        return event as AgentEventOf<T>
      }
      if (deadline.aborted || (this.recovery !== undefined && this.#read >= this.events.length))
        throw new SkeinError('timed_out', `waiting for ${type}: it did not come. ${this.#history()}`)
      await once(this.#changed, 'change', { signal: deadline }).catch(() => undefined)
    }
  }

  /** Sends a prompt and waits for the end of its turn. */
  async turn(text: string): Promise<AgentEventOf<'turn_ended'>> {
    this.prompt(text)
    return this.next('turn_ended')
  }

  /** Answers a permission request with one of its options, or in another way. */
  answer(
    request: AgentEventOf<'permission_request'>,
    answer: Extract<AgentCommand, { type: 'answer_permission' }>['answer'],
  ): void {
    const { requestId, input, options } = request
    this.send({ type: 'answer_permission', id: randomUUID(), requestId, input, answer, options })
  }

  all<T extends AgentEvent['type']>(type: T): AgentEventOf<T>[] {
    return this.events.flatMap(({ event }) => (event.type === type ? [event as AgentEventOf<T>] : []))
  }

  /** As the runner does on a machine that goes down: the whole group, at once. */
  async kill(): Promise<void> {
    const { process: child } = this
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    process.kill(-child.pid, 'SIGKILL')
    await closed
  }

  /** Waits until the process has ended by itself. */
  async ended(): Promise<Recovery> {
    const deadline = AbortSignal.timeout(30_000)
    while (this.recovery === undefined) {
      if (deadline.aborted) throw new SkeinError('timed_out', `waiting for claude's end. ${this.#history()}`)
      await once(this.#changed, 'change', { signal: deadline }).catch(() => undefined)
    }
    return this.recovery
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { process: child } = this
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close', { signal: AbortSignal.timeout(5_000) })
    child.kill('SIGTERM')
    await closed.catch(() => this.kill())
  }

  #launchOptions(start: LaunchOptions['start']): LaunchOptions {
    return {
      additionalFolders: [],
      permissionMode: 'ask',
      allowedTools: [],
      disallowedTools: [],
      trusted: true,
      sandboxAvailable: false,
      isolatedMachine: false,
      root: process.getuid?.() === 0,
      secrets: {},
      denyRead: [],
      ...this.#options,
      nativeSessionId: this.nativeSessionId,
      start,
    }
  }

  #write(line: string): void {
    this.process?.stdin?.write(`${line}\n`)
  }

  #receive(line: string): void {
    this.lines.push(line)
    const { state, events } = claudeAgent.decode(this.state, line)
    this.#apply(state, events)
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const exit: ProcessExit = {
      code,
      reason: 'exited',
      at: 0,
      stderrTail: this.stderr.slice(-4096),
      ...(signal === null ? {} : { signal }),
    }
    const { state, events, recovery } = claudeAgent.exit(this.state, exit)
    this.recovery = recovery
    this.#apply(state, events)
  }

  #apply(state: ClaudeState, events: DecodedEvent[]): void {
    // Through JSON, as it is stored.
    this.state = JSON.parse(JSON.stringify(state)) as ClaudeState
    this.events.push(...events)
    this.#changed.dispatchEvent(new Event('change'))
  }

  #history(): string {
    const last = this.events.slice(-8).map(({ event }) => `  ${JSON.stringify(event).slice(0, 300)}`)
    return `The last events:\n${last.join('\n')}\nstderr: ${this.stderr.slice(-500)}`
  }
}
