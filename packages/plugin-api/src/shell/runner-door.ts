import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'
import type { Diagnosis, ProviderContext } from '../machine.ts'
import { bringScript, entryCommand, markerOf, type RunnerVerb, scriptCommand } from './bootstrap.ts'
import { diagnosesOf, PROBE } from './diagnose.ts'
import type { ShellDoor, ShellRun } from './door.ts'
import { endedEarly, failedThere, runnerError, timedOut } from './failure.ts'
import { type MarkedLine, MarkedLines } from './marked-lines.ts'
import { nodeArchive, nodeExecutable, npmRegistry, publicRegistry } from './node-archive.ts'
import { NODE_RELEASE, type NodeRelease } from './node-release.ts'

const ANSWER_MS = 30_000
const STEP_MS = 60_000
const FETCH_MS = 300_000
const KILL_MS = 2000
const PART = 256 * 1024

export interface RunnerDoorOptions {
  /** Names this installation of Skein: each has a runner of its own on the machine. */
  owner: string
  /** The runner ends after this long without a client and without anything that runs; 10 minutes unless given. */
  idleExitMs?: number
  /** The runner's folder on the machine, absolute or `~/…`; `~/.local/state/skein/<owner>` unless given. */
  directory?: string
  /** How long the machine may take to say its first word; 30 s unless given. */
  answerMs?(): number
  /** The Node that is brought where there is none. */
  node?: NodeRelease
}

/** What the machine is, as its runner told when it was joined. */
export interface MachineFacts {
  /** Where the door's commands begin. */
  cwd: string
  home: string
  /** The runner's folder. */
  dir: string
  /** The Node that it runs on. */
  node: string
  nodeVersion: string
  platform: string
  arch: string
}

/**
 * The way to a machine's runner, and by it to its ports, over any door that can run a command line there. It brings whatever
 * the machine lacks: the runner's bundle, and Node. When nothing is lacking, it is one command and one round trip.
 */
export class RunnerDoor {
  readonly #door: ShellDoor
  readonly #context: ProviderContext
  readonly #options: RunnerDoorOptions
  #facts: MachineFacts | undefined

  constructor(door: ShellDoor, context: ProviderContext, options: RunnerDoorOptions) {
    if (options.directory !== undefined && !/^(~|\/)[\w@%+=:,./ -]*$/.test(options.directory)) {
      throw new SkeinError(
        'invalid',
        `${door.name}: ${JSON.stringify(options.directory)} cannot be the runner's folder`,
        {
          next: 'Give an absolute path, or one below ~/, of letters, digits and . _ - + = @ % , :',
        },
      )
    }
    this.#door = door
    this.#context = context
    this.#options = options
  }

  /** Known after the first `open`. */
  get facts(): MachineFacts | undefined {
    return this.#facts
  }

  /** A stream to the runner, ready for its protocol. Destroying it ends what carries it. */
  async open(signal?: AbortSignal): Promise<Duplex> {
    const idle = this.#options.idleExitMs ?? 600_000
    const { stream, answer } = await this.#enter(['attach', '--idle-exit-ms', String(idle)], signal)
    this.#facts = JSON.parse(answer) as MachineFacts
    return stream
  }

  /** A stream to a port of the machine's own loopback, 127.0.0.1 or ::1. */
  async openPort(port: number, signal?: AbortSignal): Promise<Duplex> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new SkeinError('invalid', `${this.#door.name}: there is no port ${port}`)
    return (await this.#enter(['port', String(port)], signal)).stream
  }

  /** What the machine has and lacks for Skein's work. A door that does not open is a finding too. */
  async diagnose(signal?: AbortSignal): Promise<Diagnosis[]> {
    try {
      await using visit = await Visit.begin(this.#door, scriptCommand, this.#options.answerMs?.() ?? ANSWER_MS, signal)
      await visit.next(STEP_MS)
      await visit.script(PROBE)
      const sentAt = Date.now()
      const answers = new Map<string, string>()
      for (let line = await visit.next(STEP_MS); line?.word === 'fact'; line = await visit.next(STEP_MS)) {
        const [name = '', ...value] = line.rest.split(' ')
        answers.set(name, value.join(' '))
      }
      return diagnosesOf(answers, { from: sentAt, to: Date.now() })
    } catch (error) {
      const { message, next } = SkeinError.from(error, this.#door.name)
      return [{ ok: false, severity: 'error', what: message, ...(next === undefined ? {} : { remedy: next }) }]
    }
  }

  async #enter(verb: RunnerVerb, signal?: AbortSignal): Promise<{ stream: Duplex; answer: string }> {
    try {
      return await this.#visit(verb, false, signal)
    } catch (error) {
      // What was there the last time is there no more, or does not work any more.
      if (!(error instanceof SkeinError) || error.details?.ended !== true || error.details.phase !== 'known')
        throw error
      return await this.#visit(verb, true, signal)
    }
  }

  async #visit(verb: RunnerVerb, verify: boolean, signal?: AbortSignal): Promise<{ stream: Duplex; answer: string }> {
    const { sha256 } = await this.#context.runnerBundle()
    const folders = this.#folders()
    const command = (marker: string) =>
      entryCommand({ marker, folders, sha256, verb: [...verb, '--announce', '$m'], verify })
    await using visit = await Visit.begin(this.#door, command, this.#options.answerMs?.() ?? ANSWER_MS, signal)
    let patience = STEP_MS
    let known = true
    for (;;) {
      const line = await visit.next(patience, known ? 'known' : 'bring')
      patience = STEP_MS
      switch (line.word) {
        case 'script':
          known = false
          await visit.script(await this.#bringScript(visit.marker, folders))
          break
        case 'doing':
          if (line.rest === 'fetch') {
            this.#context.progress('fetching Node on the machine')
            patience = FETCH_MS
          }
          break
        case 'need':
          await this.#bring(line.rest.split(' '), visit)
          break
        case 'ready':
          return { stream: await visit.keep(), answer: line.rest }
        case 'error':
          throw runnerError(this.#door.name, line.rest)
        case 'failed':
          throw failedThere(this.#door.name, line.rest)
      }
    }
  }

  #folders(): string[] {
    const { directory, owner } = this.#options
    const name = owner.replaceAll(/[^\w.-]/g, '_')
    // An empty word where the variable is not set.
    if (directory === undefined)
      return [
        `"\${HOME:+$HOME/.local/state/skein/${name}}"`,
        `"\${XDG_STATE_HOME:+$XDG_STATE_HOME/skein/${name}}"`,
        `"/var/tmp/skein-$u/${name}"`,
      ]
    return [directory.startsWith('~') ? `"$HOME${directory.slice(1)}"` : `"${directory}"`]
  }

  async #bringScript(marker: string, folders: readonly string[]): Promise<string> {
    const { path, sha256 } = await this.#context.runnerBundle()
    const bundle = { sha256, size: (await readFile(path)).length }
    const registry = publicRegistry(await npmRegistry()) ?? ''
    const random = marker.replaceAll(/[^0-9a-f]/g, '').slice(-12)
    return bringScript({ random, folders, bundle, node: this.#options.node ?? NODE_RELEASE, registry })
  }

  async #bring([what, platform = '', form]: string[], visit: Visit): Promise<void> {
    if (what === 'bundle') {
      const { path } = await this.#context.runnerBundle()
      this.#context.progress('bringing the runner to the machine')
      return await visit.send(await readFile(path))
    }
    const node = (this.#options.node ?? NODE_RELEASE)[platform]
    if (node === undefined) return await visit.send(`none there is no Node for ${platform}\n`)
    let announced = false
    try {
      this.#context.progress(`getting Node ${node.version} for the machine`)
      const archive = await nodeArchive(this.#context.home, node, visit.signal)
      const { size, sha256 } = archive.executable
      const whole = form === 'tgz' ? archive.size : size
      announced = true
      await visit.send(`${whole} ${sha256}\n`)
      const parts =
        form === 'tgz' ? createReadStream(archive.path, { highWaterMark: PART }) : nodeExecutable(archive.path)
      let sent = 0
      let told = -1
      for await (const part of parts as AsyncIterable<Buffer>) {
        await visit.send(part)
        sent += part.length
        const percent = Math.floor((sent / whole) * 10) * 10
        if (percent === told) continue
        told = percent
        this.#context.progress(`bringing Node ${node.version} to the machine: ${percent} %`)
      }
    } catch (error) {
      if (!(error instanceof SkeinError) || error.code === 'cancelled' || announced) throw error
      await visit.send(`none ${error.message.replaceAll(/\s+/g, ' ')}\n`)
    }
  }
}

/** One command at the door, from its first word to the stream that is handed on, or its end. */
class Visit implements AsyncDisposable {
  readonly marker: string
  readonly #door: ShellDoor
  readonly #run: ShellRun
  readonly #lines: MarkedLines
  readonly #outer: AbortSignal
  #kept = false

  private constructor(door: ShellDoor, run: ShellRun, marker: string, outer: AbortSignal) {
    this.#door = door
    this.#run = run
    this.marker = marker
    this.#outer = outer
    this.#lines = new MarkedLines(run.stream, marker)
  }

  static async begin(
    door: ShellDoor,
    command: (marker: string) => string,
    answerMs: number,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Visit> {
    const marker = markerOf(randomBytes(12).toString('hex'))
    // The stream outlives the caller's patience with its opening.
    const opening = new AbortController()
    const onAbort = () => opening.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const run = await door
      .run(command(marker), opening.signal)
      .finally(() => signal.removeEventListener('abort', onAbort))
    const visit = new Visit(door, run, marker, signal)
    try {
      await visit.next(answerMs, 'answer')
      return visit
    } catch (error) {
      await visit[Symbol.asyncDispose]()
      throw error
    }
  }

  get signal(): AbortSignal {
    return this.#outer
  }

  async next(patience: number, phase = 'bring'): Promise<MarkedLine> {
    const late = AbortSignal.timeout(patience)
    let line: MarkedLine | undefined
    try {
      line = await this.#lines.next(AbortSignal.any([late, this.#outer]))
    } catch (error) {
      if (error instanceof SkeinError) throw error
      if (this.#outer.aborted)
        throw new SkeinError('cancelled', `${this.#door.name}: cancelled`, { cause: this.#outer.reason })
      throw timedOut(this.#door.name, patience, phase, this.#lines.noise, this.#run.stderr())
    }
    if (line !== undefined) return line
    throw await endedEarly(this.#door, this.#run, phase, this.#lines.noise)
  }

  async script(text: string): Promise<void> {
    await this.send(`${Buffer.byteLength(text)}\n${text}`)
  }

  /** Resolves when it is on its way; what is sent to one who takes nothing more is lost, and his end is seen by `next`. */
  async send(content: string | Buffer): Promise<void> {
    const late = AbortSignal.timeout(STEP_MS)
    await new Promise<void>((resolve, reject) => {
      const stop = () =>
        reject(
          this.#outer.aborted
            ? new SkeinError('cancelled', `${this.#door.name}: cancelled`)
            : timedOut(this.#door.name, STEP_MS, 'send', this.#lines.noise, this.#run.stderr()),
        )
      const signal = AbortSignal.any([late, this.#outer])
      signal.addEventListener('abort', stop, { once: true })
      this.#run.stream.write(content, () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
    })
  }

  async keep(): Promise<Duplex> {
    this.#kept = true
    await this.#lines.release()
    return this.#run.stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kept) return
    this.#run.stream.on('error', () => {})
    this.#run.kill()
    await Promise.race([this.#run.exited, sleep(KILL_MS, undefined, { ref: false })])
  }
}
