import { Serial } from '../serial.ts'

/** Runs what concerns one thing one after the other, and what concerns several at once. */
export class Turns {
  readonly #lines = new Map<string, { serial: Serial; waiting: number }>()

  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(name) ?? { serial: new Serial(), waiting: 0 }
    this.#lines.set(name, line)
    line.waiting++
    try {
      return await line.serial.run(task)
    } finally {
      line.waiting--
      if (line.waiting === 0) this.#lines.delete(name)
    }
  }
}
