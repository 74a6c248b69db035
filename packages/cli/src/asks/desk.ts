import { randomUUID } from 'node:crypto'
import type { Ask, SkeinApi } from '@skein/protocol'
import type { HumanReport } from '../follow/human-report.ts'
import { cleanLine } from '../render/clean.ts'
import { paint, row, span } from '../render/row.ts'
import type { Terminal } from '../terminal.ts'
import { answerer, answerInWords, howItEnded } from './answered.ts'
import { askRows } from './ask-rows.ts'

export interface DeskOptions {
  api: SkeinApi
  terminal: Terminal
  report: HumanReport
  /** Leaves the keys to the desk until the answer is called. */
  takeKeys(): () => void
  /** The person pressed Ctrl-C instead of answering. */
  interrupt(): void
  fail(error: unknown): void
}

/** Asks the person at the terminal one thing at a time; what is answered elsewhere meanwhile is taken away again. */
export class Desk {
  readonly #options: DeskOptions
  readonly #known = new Map<string, AbortController>()
  readonly #closing = new AbortController()
  #line: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** How an ask is now: open ones are asked, others are taken off the desk. */
  update(ask: Ask): void {
    const known = this.#known.get(ask.id)
    if (ask.state !== 'open') {
      known?.abort(ask)
      return
    }
    if (known) return
    const withdrawn = new AbortController()
    this.#known.set(ask.id, withdrawn)
    this.#next(() => this.#ask(ask, withdrawn.signal))
  }

  /** Something else that needs the terminal for itself, in its turn. */
  use(job: (signal: AbortSignal) => Promise<void>): void {
    this.#next(() => job(this.#closing.signal))
  }

  get busy(): boolean {
    return this.#waiting > 0
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#line
  }

  #next(job: () => Promise<void>): void {
    this.#waiting++
    this.#line = this.#line.then(async () => {
      if (this.#closing.signal.aborted) return
      const show = this.#options.report.hold()
      const giveKeys = this.#options.takeKeys()
      try {
        await job()
      } catch (error) {
        this.#options.fail(error)
      } finally {
        this.#waiting--
        giveKeys()
        show()
      }
    })
  }

  async #ask(ask: Ask, withdrawn: AbortSignal): Promise<void> {
    const { api, terminal, report } = this.#options
    if (withdrawn.aborted) return
    const { answerAtTerminal } = await import('./terminal-answer.ts')
    // Questions are shown by the prompt itself.
    const rows = ask.kind === 'question' && ask.questions ? [] : [[], ...askRows(ask, terminal.columns() - 1)]
    terminal.stdout.write(rows.map((line) => `${paint(line, terminal.palette)}\n`).join(''))
    const signal = AbortSignal.any([withdrawn, this.#closing.signal])
    const answer = await answerAtTerminal(ask, signal)
    if (this.#closing.signal.aborted) return
    if (withdrawn.aborted) {
      const now = withdrawn.reason as Ask
      report.show([row(span('· ', 'dim'), 'Answered elsewhere. ', cleanLine(howItEnded(now)))])
      return
    }
    if (answer === undefined) {
      // It stays open: asked again unless the turn ends by the interruption.
      this.#known.delete(ask.id)
      this.#options.interrupt()
      return
    }
    const { counted, ask: now } = await api.call('asks.answer', {
      key: randomUUID(),
      askId: ask.id,
      inputHash: ask.inputHash,
      answer,
      by: answerer(),
    })
    const said = counted ? cleanLine(answerInWords(now)) : `Too late. ${cleanLine(howItEnded(now))}`
    report.show([row(span('↳ ', 'dim'), span(said, 'dim'))])
  }
}
