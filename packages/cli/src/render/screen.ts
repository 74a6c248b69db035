import type { Terminal } from '../terminal.ts'
import { fit, paint, type Row, widthOfRow } from './row.ts'

/** Where rows go: those that stay, and a region at the bottom that is replaced as things move. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  /** Does the region at the bottom show? */
  readonly live: boolean
  /** Adds rows for good and replaces the region at the bottom. */
  draw(lasting: readonly Row[], moving: readonly Row[]): void
  /** Takes the region away and keeps everything back until the answer is called: somebody else draws meanwhile. */
  hold(): () => void
  /** Takes the region away. */
  close(): void
}

/** A screen for what is live when the terminal is, and for plain lines otherwise. */
export function openScreen(terminal: Terminal): Screen {
  return Number.isFinite(terminal.columns()) ? new LiveScreen(terminal) : new PlainScreen(terminal)
}

/** Plain lines, for files, pipes and dumb terminals. */
class PlainScreen implements Screen {
  readonly columns = Number.POSITIVE_INFINITY
  readonly rows = Number.POSITIVE_INFINITY
  readonly live = false
  readonly #terminal: Terminal

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  draw(lasting: readonly Row[]): void {
    if (lasting.length === 0) return
    this.#terminal.stdout.write(lasting.map((line) => `${paint(line, this.#terminal.palette)}\n`).join(''))
  }

  hold(): () => void {
    return () => {}
  }

  close(): void {}
}

const BEGIN = '\x1b[?2026h'
const END = '\x1b[?2026l'
const CLEAR_REST_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

/** Redraws the region at the bottom in place, writing only the lines that changed. */
class LiveScreen implements Screen {
  readonly live = true
  readonly #terminal: Terminal
  /** The region as it stands on the terminal; the cursor is at the end of its last line. */
  #shown: { text: string; width: number }[] = []
  #drawnAt = 0
  #held = 0
  #kept: { lasting: Row[]; moving: readonly Row[] } = { lasting: [], moving: [] }

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  get columns(): number {
    return this.#terminal.columns()
  }

  get rows(): number {
    return this.#terminal.rows()
  }

  draw(lasting: readonly Row[], moving: readonly Row[]): void {
    if (this.#held > 0) {
      this.#kept.lasting.push(...lasting)
      this.#kept.moving = moving
      return
    }
    // The last column stays free: a terminal that is there already may or may not have wrapped.
    const region = moving.slice(-(this.rows - 1)).map((line) => {
      const fitted = fit(line, this.columns - 1)
      return { text: paint(fitted, this.#terminal.palette), width: widthOfRow(fitted) }
    })
    if (this.#drawnAt !== this.columns) this.#erase()
    else if (lasting.length === 0 && same(region, this.#shown)) return
    this.#drawnAt = this.columns
    const written = lasting.map((line) => `${paint(line, this.#terminal.palette)}${CLEAR_REST_OF_LINE}\n`).join('')
    const unchanged = lasting.length === 0 ? 0 : Number.POSITIVE_INFINITY
    this.#terminal.stdout.write(BEGIN + this.#toTop() + written + this.#region(region, unchanged) + END)
    this.#shown = region
  }

  hold(): () => void {
    if (this.#held++ === 0) {
      this.#kept = { lasting: [], moving: [] }
      this.#erase()
    }
    let open = true
    return () => {
      if (!open) return
      open = false
      if (--this.#held > 0) return
      const { lasting, moving } = this.#kept
      this.draw(lasting, moving)
    }
  }

  close(): void {
    this.#erase()
  }

  #erase(): void {
    if (this.#shown.length > 0) this.#terminal.stdout.write(`${this.#toTop()}${CLEAR_BELOW}`)
    this.#shown = []
  }

  /** To the first column of the region's first line; lines may take several rows after the window was made narrower. */
  #toTop(): string {
    const rows = this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.width / this.columns)), 0)
    return rows > 1 ? `\r\x1b[${rows - 1}A` : '\r'
  }

  #region(region: readonly { text: string }[], from: number): string {
    const lines = region.map(({ text }, index) =>
      from === 0 && this.#shown[index]?.text === text ? '' : `\r${text}${CLEAR_REST_OF_LINE}`,
    )
    // A line that was skipped leaves the cursor in the first column; the last one ends where its text does.
    const last = region.at(-1)
    if (lines.at(-1) === '' && last) lines[lines.length - 1] = `\r${last.text}`
    return lines.join('\r\n') + (region.length < this.#shown.length || from !== 0 ? CLEAR_BELOW : '')
  }
}

function same(a: readonly { text: string }[], b: readonly { text: string }[]): boolean {
  return a.length === b.length && a.every(({ text }, index) => text === b[index]?.text)
}
