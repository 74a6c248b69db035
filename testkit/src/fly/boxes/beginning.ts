import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'
import type { BoxSpec } from './box.ts'
import { eachLine } from './lines.ts'

/** What a box says until its main process runs. */
export class Beginning {
  readonly #outer: ChildProcess
  readonly #spec: BoxSpec
  readonly #channel: Duplex
  #failure: Error | undefined
  #main: number | undefined
  /** Everything that it and its machine wrote has been handed on. */
  readonly written: Promise<unknown>
  #isStarted = false
  #last = ''

  constructor(outer: ChildProcess, spec: BoxSpec) {
    this.#outer = outer
    this.#spec = spec
    outer.on('error', (error) => {
      this.#failure = error
    })
    const channel = outer.stdio[3] as Duplex | null
    if (channel === null || outer.stdout === null || outer.stderr === null) throw new Error('no pipes to a machine')
    this.#channel = channel
    channel.on('error', () => undefined)
    channel.on('data', (chunk: Buffer) => {
      this.#main = Number(chunk.toString())
    })
    const lines = [outer.stdout, outer.stderr].map((stream) => eachLine(stream, (line) => this.#line(line)))
    this.written = Promise.all(lines)
  }

  #line(line: string): void {
    this.#last = line
    this.#spec.onLine(line)
  }

  /** Throws as soon as it has ended instead. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#check()
      await sleep(3)
    }
  }

  #check(): void {
    if (this.#failure) throw this.#failure
    const { exitCode, signalCode } = this.#outer
    if ((exitCode !== null || signalCode !== null) && !this.#isStarted && this.#main === undefined)
      throw new SkeinError(
        'internal',
        `starting machine ${this.#spec.id}: it ended with ${exitCode ?? signalCode}: ${this.#last}`,
      )
  }

  /** The main process, by the number that it has inside. */
  async go(): Promise<number> {
    this.#channel.write('go\n')
    while (this.#main === undefined) {
      const over = ended(this.#outer)
      // A channel that breaks is the end, too; that it ended says more.
      await Promise.race([once(this.#channel, 'data').catch(() => over), over])
      this.#check()
    }
    return this.#main
  }

  started(): void {
    this.#isStarted = true
    this.#channel.destroy()
  }
}

/** How it ended, when it has and nothing more comes from it. */
export async function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode }
}
