import type { Writable } from 'node:stream'

// biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor up and down
const MOVES = /\n|\x1b\[(\d*)([AB])/g

/**
 * An output for a prompt that knows how many rows below its first one the cursor stands: a prompt that is aborted leaves its
 * frame on the screen, and somebody has to take it away.
 */
export class PromptFrame {
  readonly output: Writable
  readonly #stdout: NodeJS.WriteStream
  #rows = 0

  constructor(stdout: NodeJS.WriteStream) {
    this.#stdout = stdout
    this.output = new Proxy(stdout, {
      get: (target, property) => {
        if (property === 'write') return this.#write
        const value: unknown = Reflect.get(target, property, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  /** Takes away all that was drawn. */
  erase(): void {
    this.#stdout.write(`\r${this.#rows > 0 ? `\x1b[${this.#rows}A` : ''}\x1b[J`)
    this.#rows = 0
  }

  #write = (...args: Parameters<NodeJS.WriteStream['write']>): boolean => {
    for (const [all, count, direction] of String(args[0]).matchAll(MOVES)) {
      this.#rows += all === '\n' ? 1 : Number(count || 1) * (direction === 'A' ? -1 : 1)
    }
    return this.#stdout.write(...args)
  }
}
