import type { BatchEvent, RequestOutcome } from 'skein'
import { cleanLine } from '../render/clean.ts'
import { clock } from '../render/figures.ts'
import { fit, type Row, row, span } from '../render/row.ts'
import { openScreen, type Screen } from '../render/screen.ts'
import type { Terminal } from '../terminal.ts'
import { labelOf, outcomeRow, type Progress, progressRows, retryRow, type UnderWay } from './rows.ts'

/** How often what is under way is drawn anew at least, and at most. */
const TICK_MS = 1_000
const FRAME_MS = 100

/** A batch for a person: what has ended as lines that stay, what is under way as a table that moves where there is a terminal. */
export class BatchView implements Disposable {
  readonly #screen: Screen
  readonly #labels: readonly string[]
  readonly #underWay = new Map<number, UnderWay>()
  readonly #progress: Omit<Progress, 'underWay' | 'costUsd'>
  readonly #tick: NodeJS.Timeout | undefined
  #frame: NodeJS.Timeout | undefined
  #spent = 0

  constructor(terminal: Terminal, requests: readonly { id: string; tag?: string }[], budget: number | undefined) {
    this.#screen = openScreen(terminal)
    this.#labels = requests.map(labelOf)
    this.#progress = {
      total: requests.length,
      ended: 0,
      failed: 0,
      budget,
      startedAt: Date.now(),
      parkedUntil: undefined,
      stopping: undefined,
    }
    this.#tick = this.#screen.live ? setInterval(() => this.#draw(), TICK_MS) : undefined
  }

  accept(event: BatchEvent): void {
    // One line each, where it is a table.
    const lasting = this.#apply(event).map((line) => (this.#screen.live ? fit(line, this.#screen.columns - 1) : line))
    if (lasting.length > 0) this.#screen.draw(lasting, this.#region())
    else this.#soon()
  }

  /** Answers the lines that stay. */
  #apply(event: BatchEvent): Row[] {
    switch (event.type) {
      case 'begun':
        this.#progress.ended = event.done
        return event.done > 0 ? [row(span(`${event.done} of ${event.requests} had ended before.`, 'dim'))] : []
      case 'started':
        this.#underWay.set(event.index, {
          label: this.#labels[event.index] ?? event.id,
          workspace: '',
          doing: event.followed ? 'found again' : 'starting',
          startedAt: Date.now(),
          costUsd: 0,
        })
        return []
      case 'progress': {
        const { workspace = '', doing, costUsd } = event
        Object.assign(this.#underWay.get(event.index) ?? {}, { workspace, doing, costUsd })
        return []
      }
      case 'retrying':
        this.#underWay.delete(event.index)
        return [retryRow(this.#labels[event.index] ?? event.id, event.failure, event.at, Date.now())]
      case 'ended':
        return [this.#ended(event.index, event.outcome)]
      case 'parked':
        this.#progress.parkedUntil = event.until
        return [row(span('‖ ', 'warn'), `Nothing is begun until ${clock(event.until)}: ${cleanLine(event.because)}`)]
      case 'resumed':
        this.#progress.parkedUntil = undefined
        return []
      case 'stopping':
        this.#progress.stopping = 'begins nothing more'
        return [row(span('! ', 'warn'), `Nothing more is begun: ${cleanLine(event.stop.message)}.`)]
      case 'finished':
        return []
    }
  }

  say(text: string): void {
    this.#screen.draw([row(span('! ', 'warn'), text)], this.#region())
  }

  [Symbol.dispose](): void {
    clearInterval(this.#tick)
    clearTimeout(this.#frame)
    this.#screen.close()
  }

  #ended(index: number, outcome: RequestOutcome): Row {
    this.#underWay.delete(index)
    this.#progress.ended++
    if (outcome.status === 'failed' || outcome.status === 'timed_out') this.#progress.failed++
    this.#spent += outcome.costUsd
    return outcomeRow(outcome)
  }

  /** Many things at once are one picture. */
  #soon(): void {
    if (!this.#screen.live) return
    this.#frame ??= setTimeout(() => this.#draw(), FRAME_MS)
  }

  #draw(): void {
    clearTimeout(this.#frame)
    this.#frame = undefined
    this.#screen.draw([], this.#region())
  }

  #region(): Row[] {
    if (!this.#screen.live) return []
    const underWay = [...this.#underWay.values()]
    const costUsd = underWay.reduce((sum, one) => sum + one.costUsd, this.#spent)
    return progressRows({ ...this.#progress, underWay, costUsd }, this.#screen.rows, Date.now())
  }
}
