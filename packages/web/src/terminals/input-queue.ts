/**
 * Keys on their way to a terminal: in order, one call at a time, and what is typed meanwhile goes with the next call. When
 * a call fails, what waits behind it is dropped too: half of a command line must not be typed without its other half.
 */
export class InputQueue {
  readonly #send: (data: string) => Promise<unknown>
  readonly #failed: (error: unknown) => void
  #waiting = ''
  #busy = false

  /** `failed` is told once a call; what that call carried is gone, since it may have been typed. */
  constructor(send: (data: string) => Promise<unknown>, failed: (error: unknown) => void) {
    this.#send = send
    this.#failed = failed
  }

  push(data: string): void {
    this.#waiting += data
    if (!this.#busy) void this.#run()
  }

  async #run(): Promise<void> {
    this.#busy = true
    while (this.#waiting !== '') {
      const data = take(this.#waiting)
      this.#waiting = this.#waiting.slice(data.length)
      try {
        await this.#send(data)
      } catch (error) {
        this.#waiting = ''
        this.#failed(error)
      }
    }
    this.#busy = false
  }
}

/** The most that goes with one call; a large paste takes several. */
const MAX_INPUT = 32 * 1024

function take(text: string): string {
  if (text.length <= MAX_INPUT) return text
  const code = text.charCodeAt(MAX_INPUT)
  return text.slice(0, code >= 0xdc00 && code <= 0xdfff ? MAX_INPUT - 1 : MAX_INPUT)
}
