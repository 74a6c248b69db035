import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { WebglAddon } from '@xterm/addon-webgl'
import { type ITheme, Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'

export interface ScreenOptions {
  fontFamily: string
  fontSize: number
  scrollback: number
  screenReader: boolean
  theme: ITheme
}

export interface ScreenEvents {
  input(data: string): void
  resized(size: { cols: number; rows: number }): void
  /** A person wants out of the terminal, by the keyboard. */
  leave(): void
  /** Ctrl+Shift+F. */
  find(): void
  selected(text: string): void
  /** Several lines are about to be pasted into a program that runs each at once; resolves to whether to. */
  confirmPaste(text: string): Promise<boolean>
  link(uri: string): void
}

/** What a terminal answers to a program's questions (device attributes, cursor and mode reports, colours): not typed by anyone. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals answer with control sequences
const REPORT = /^\x1b(?:\[[?>=]?[\d;]*(?:\$y|[cnR])|[P\]])/

/** One terminal on the page: xterm with our keys, paste, links and theme. Owns its element's content. */
export class Screen implements Disposable {
  readonly #terminal: Terminal
  readonly #fit = new FitAddon()
  readonly #search = new SearchAddon()
  readonly #element: HTMLElement
  readonly #events: ScreenEvents
  readonly #ended = new AbortController()
  #replaying = false

  constructor(element: HTMLElement, options: ScreenOptions, events: ScreenEvents) {
    this.#element = element
    this.#events = events
    this.#terminal = new Terminal({
      ...terminalOptions(options),
      allowProposedApi: true,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      macOptionIsMeta: true,
      minimumContrastRatio: 4.5,
      linkHandler: {
        activate: (_event, uri) => events.link(uri),
        hover: (_event, uri) => this.#hint(uri),
        leave: () => this.#hint(undefined),
      },
    })
    this.#terminal.loadAddon(this.#fit)
    this.#terminal.loadAddon(this.#search)
    this.#terminal.loadAddon(new WebLinksAddon((_event, uri) => events.link(uri)))
    this.#terminal.open(element)
    this.#accelerate()
    this.#terminal.attachCustomKeyEventHandler((event) => this.#key(event))
    this.#terminal.onData((data) => {
      // Another tab's screen may show the same terminal; only one that somebody looks at answers for it.
      if (REPORT.test(data) && (this.#replaying || document.visibilityState !== 'visible')) return
      events.input(data)
    })
    this.#terminal.onBinary((data) => events.input(data))
    this.#terminal.onResize((size) => events.resized(size))
    this.#terminal.onSelectionChange(() => events.selected(this.#terminal.getSelection()))
    element.addEventListener('paste', (event) => this.#paste(event), { capture: true, signal: this.#ended.signal })
    const observer = new ResizeObserver(() => this.fit())
    observer.observe(element)
    this.#ended.signal.addEventListener('abort', () => observer.disconnect())
    this.fit()
  }

  get size(): { cols: number; rows: number } {
    return { cols: this.#terminal.cols, rows: this.#terminal.rows }
  }

  /** Shows everything anew: what the terminal's buffer holds. */
  async reset(data: string): Promise<void> {
    this.#terminal.reset()
    this.#replaying = true
    await this.write(data)
    this.#replaying = false
  }

  /** Resolves once it is shown, so that a flood of output waits at its source. */
  write(data: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(data, resolve))
  }

  fit(): void {
    if (this.#element.clientWidth > 0 && this.#element.clientHeight > 0) this.#fit.fit()
  }

  focus(): void {
    this.#terminal.focus()
  }

  selection(): string {
    return this.#terminal.getSelection()
  }

  set(options: ScreenOptions): void {
    Object.assign(this.#terminal.options, terminalOptions(options))
    this.fit()
  }

  /** Whether it was found. */
  find(text: string, direction: 'next' | 'previous'): boolean {
    if (text === '') {
      this.#search.clearDecorations()
      return true
    }
    const options = { caseSensitive: /[A-Z]/.test(text) }
    return direction === 'next' ? this.#search.findNext(text, options) : this.#search.findPrevious(text, options)
  }

  [Symbol.dispose](): void {
    this.#ended.abort()
    this.#terminal.dispose()
  }

  /** On the graphics card where there is one; the plain renderer shows the same. */
  #accelerate(): void {
    try {
      const webgl = new WebglAddon()
      webgl.onContextLoss(() => webgl.dispose())
      this.#terminal.loadAddon(webgl)
    } catch {
      // No WebGL 2 here.
    }
  }

  /** false: not for the terminal. */
  #key(event: KeyboardEvent): boolean {
    const { ctrlKey, shiftKey, metaKey, altKey } = event
    const combined = ctrlKey && shiftKey && !metaKey && !altKey
    const act = (run: () => void): false => {
      event.preventDefault()
      event.stopPropagation()
      if (event.type === 'keydown') run()
      return false
    }
    if ((combined && event.key === 'Escape') || (shiftKey && event.key === 'F6')) return act(() => this.#events.leave())
    if (combined && event.code === 'KeyF') return act(() => this.#events.find())
    if (combined && event.code === 'KeyC')
      return act(() => void navigator.clipboard?.writeText(this.#terminal.getSelection()))
    // The browser pastes by itself; the paste event does the rest.
    if (combined && event.code === 'KeyV') return false
    return true
  }

  #paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    event.preventDefault()
    event.stopPropagation()
    if (text === '') return
    const runsEachLine = /[\r\n]/.test(text.trimEnd()) || /[\r\n]$/.test(text)
    if (this.#terminal.modes.bracketedPasteMode || !runsEachLine) {
      this.#terminal.paste(text)
      return
    }
    void this.#events.confirmPaste(text).then((confirmed) => {
      if (confirmed && !this.#ended.signal.aborted) this.#terminal.paste(text)
      this.#terminal.focus()
    })
  }

  /** A link's text may say anything; this is where it leads. */
  #hint(uri: string | undefined): void {
    if (uri === undefined) this.#element.removeAttribute('title')
    else this.#element.title = uri
  }
}

function terminalOptions(options: ScreenOptions) {
  const { fontFamily, fontSize, scrollback, screenReader, theme } = options
  return { fontFamily, fontSize, scrollback, screenReaderMode: screenReader, theme }
}
