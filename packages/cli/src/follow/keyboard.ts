/** What a person can do at the keyboard while a turn runs. */
export interface KeyHandlers {
  interrupt(): void
  enter?: (() => void) | undefined
}

const CTRL_C = '\x03'
const CTRL_Z = '\x1a'
const CTRL_BACKSLASH = '\x1c'

/**
 * Reads keys while nobody is asked anything. Raw, so that nothing is echoed into the moving region, and so that what was
 * typed ahead is gone before a question appears: an Enter that was meant for something else must not allow a command.
 */
export class Keyboard implements Disposable {
  readonly #stdin: NodeJS.ReadStream
  readonly #handlers: KeyHandlers
  #paused = 0
  #open = true

  constructor(stdin: NodeJS.ReadStream, handlers: KeyHandlers) {
    this.#stdin = stdin
    this.#handlers = handlers
    process.on('SIGCONT', this.#listen)
    this.#listen()
  }

  /** Leaves the keys to somebody else until the answer is called. */
  pause(): () => void {
    if (this.#paused++ === 0) this.#release()
    let open = true
    return () => {
      if (!open) return
      open = false
      if (--this.#paused === 0 && this.#open) this.#listen()
    }
  }

  [Symbol.dispose](): void {
    this.#open = false
    process.off('SIGCONT', this.#listen)
    this.#release()
    this.#stdin.pause()
  }

  #listen = (): void => {
    if (this.#paused > 0) return
    this.#stdin.off('data', this.#receive)
    this.#stdin.setRawMode(true)
    this.#stdin.on('data', this.#receive)
    this.#stdin.resume()
  }

  #release(): void {
    this.#stdin.off('data', this.#receive)
    this.#stdin.setRawMode(false)
  }

  #receive = (bytes: Buffer | string): void => {
    const text = bytes.toString()
    if (text.includes(CTRL_C)) this.#handlers.interrupt()
    else if (text === '\r' || text === '\n') this.#handlers.enter?.()
    else if (text === CTRL_Z) this.#signal('SIGTSTP')
    else if (text === CTRL_BACKSLASH) this.#signal('SIGQUIT')
  }

  /** In raw mode the terminal sends no signals by itself. */
  #signal(name: 'SIGTSTP' | 'SIGQUIT'): void {
    this.#stdin.setRawMode(false)
    process.kill(process.pid, name)
  }
}
