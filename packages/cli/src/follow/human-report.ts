import type { Envelope, StepName, Workspace, WorkspaceStep } from '@skein/protocol'
import { cleanLine } from '../render/clean.ts'
import { dollars, duration } from '../render/figures.ts'
import { type Row, row, span } from '../render/row.ts'
import { openScreen, type Screen } from '../render/screen.ts'
import { Transcript } from '../render/transcript.ts'
import type { Terminal } from '../terminal.ts'
import type { OutOfReach } from './out-of-reach.ts'
import type { Report } from './report.ts'

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const TICK_MS = 80
const DRAW_MS = 25
const SLOW_STEP_MS = 1_000
/** Of what a step prints, so many lines show while it runs, and stay when it fails. */
const LOG_ROWS = { running: 4, failed: 20 }

export interface HumanReportOptions {
  terminal: Terminal
  /** Show prompts and turn ends as well, as of a transcript that is read afterwards. */
  whole?: boolean
  /** Show proposed plans in the transcript. */
  plans?: boolean
  /** What the keys do, at the end of the status line. */
  hint?: string
}

/** What a person sees: the transcript as it grows, and below it one line that says what goes on, for how long, at what cost. */
export class HumanReport implements Report {
  readonly #screen: Screen
  readonly #transcript: Transcript
  readonly #hint: string | undefined
  readonly #steps = new Map<string, WorkspaceStep['state']>()
  readonly #ticker: NodeJS.Timeout | undefined
  #drawing: NodeJS.Timeout | undefined
  #queued: Row[] = []
  #label: string | undefined
  #since = Date.now()
  #cost = 0
  #log: string[] = []
  #openLine = ''
  /** A step has failed: what it printed stays. */
  #failed = false
  #closed = false

  constructor({ terminal, whole = false, plans = !terminal.interactive, hint }: HumanReportOptions) {
    this.#screen = openScreen(terminal)
    this.#hint = hint
    this.#transcript = new Transcript({
      columns: () => this.#screen.columns,
      rows: () => this.#screen.rows,
      whole,
      plans,
    })
    if (this.#screen.live) this.#ticker = setInterval(() => this.#draw(), TICK_MS)
  }

  workspace(workspace: Workspace): void {
    for (const step of workspace.steps) this.#step(step)
    for (const session of workspace.sessions) this.#cost = Math.max(this.#cost, session.usage.cost)
  }

  #step(step: WorkspaceStep): void {
    if (this.#steps.get(step.name) === step.state) return
    this.#steps.set(step.name, step.state)
    if (step.state === 'done') this.#forgetLog()
    if (step.state === 'failed') this.#failed = true
    const took = (step.endedAt ?? 0) - (step.startedAt ?? 0)
    const note = span(step.note ? `  ${cleanLine(step.note)}` : '', 'dim')
    if (step.state === 'failed') this.show([row(span('✗ ', 'bad'), span(STEPS[step.name], 'strong'), note)])
    else if (step.state === 'done' && took >= SLOW_STEP_MS) {
      this.show([row(span('✓ ', 'good'), STEPS[step.name], note, span(`  ${duration(took)}`, 'dim'))])
    } else if (step.state === 'running') this.activity(STEPS[step.name])
  }

  log(step: StepName, text: string): void {
    const lines = (this.#openLine + text).split('\n')
    this.#openLine = lines.pop() ?? ''
    const whole = lines.map(cleanLine).filter((line) => line.trim() !== '')
    this.#log = [...this.#log, ...whole].slice(-LOG_ROWS.failed)
    // Whoever reads a file instead of a screen waits as long for a machine.
    if (!this.#screen.live && step === 'machine') this.show(whole.map((line) => row(span(`  ${line}`, 'dim'))))
    this.#soon()
  }

  #forgetLog(): void {
    this.#log = []
    this.#openLine = ''
  }

  event(envelope: Envelope): void {
    if (envelope.event.type === 'usage_update') this.#cost = Math.max(this.#cost, envelope.event.cost?.amount ?? 0)
    if (envelope.event.type === 'turn_started') this.#forgetLog()
    this.#transcript.accept(envelope)
    this.#soon()
  }

  notice(severity: 'info' | 'warning' | 'error', title: string, detail?: string): void {
    const mark = { info: span('· ', 'dim'), warning: span('! ', 'warn'), error: span('✗ ', 'bad') }[severity]
    this.show([row(mark, cleanLine(title), span(detail ? ` — ${cleanLine(detail)}` : '', 'dim'))])
  }

  outOfReach(machine: string, lost: OutOfReach | undefined): void {
    // On a screen the line at the bottom says so, for as long as it is so.
    if (this.#screen.live) return
    if (lost) this.notice('warning', `Reconnecting to ${machine}`, `${lost.because}; the agent works on`)
    else this.notice('info', `${machine} is back`)
  }

  /** Rows that stay. */
  show(rows: readonly Row[]): void {
    this.#queued.push(...this.#transcript.take(), ...rows)
    this.#soon()
  }

  activity(label: string | undefined): void {
    if (label === this.#label) return
    if (this.#label === undefined) this.#since = Date.now()
    this.#label = label
    this.#soon()
  }

  hold(): () => void {
    this.#draw()
    return this.#screen.hold()
  }

  close(): void {
    if (this.#closed) return
    this.#label = undefined
    this.#transcript.end()
    if (this.#failed && this.#screen.live) this.show(this.#log.map((line) => row(span(`  ${line}`, 'dim'))))
    this.#draw()
    this.#closed = true
    clearInterval(this.#ticker)
    clearTimeout(this.#drawing)
    this.#screen.close()
  }

  /** Many events in one moment are drawn once. */
  #soon(): void {
    if (this.#closed || !this.#screen.live) this.#draw()
    else this.#drawing ??= setTimeout(() => this.#draw(), DRAW_MS)
  }

  #draw(): void {
    clearTimeout(this.#drawing)
    this.#drawing = undefined
    const lasting = [...this.#queued, ...this.#transcript.take()]
    this.#queued = []
    this.#screen.draw(lasting, this.#closed ? [] : this.#moving())
  }

  #moving(): Row[] {
    const now = Date.now()
    const spinner = SPINNER[Math.floor(now / TICK_MS) % SPINNER.length] ?? ''
    const rows = this.#transcript.moving(spinner, now)
    if (this.#label === undefined) return rows
    const figures = [duration(now - this.#since), ...(this.#cost > 0 ? [dollars(this.#cost)] : [])].join(' · ')
    const task = this.#transcript.task
    const status = row(
      span(`${spinner} `, 'accent'),
      this.#label,
      span(` ${figures}${task ? ` · ${task}` : ''}`, 'dim'),
      span(this.#hint ? `   ${this.#hint}` : '', 'dim'),
    )
    return [
      ...rows,
      ...this.#log.slice(-LOG_ROWS.running).map((line) => row(span(`  ${line}`, 'dim'))),
      ...(this.#screen.rows > 8 ? [[]] : []),
      status,
    ]
  }
}

const STEPS: Record<StepName, string> = {
  machine: 'Preparing the machine',
  checkout: 'Checking out',
  files: 'Bringing ignored files along',
  setup: 'Running the setup script',
  ready: 'Getting ready',
}
