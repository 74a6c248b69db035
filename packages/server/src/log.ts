import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { type Logger, pino } from 'pino'

const LARGEST_LOG = 10 * 1024 * 1024

export interface ServerLog {
  logger: Logger
  close(): void
}

/** The server's log: lines of JSON, for its owner alone; at 10 MB it becomes `….1` and a new one begins. */
export function openLog(path: string, largest = LARGEST_LOG): ServerLog {
  const file = new RotatedFile(path, largest)
  return { logger: pino({ base: { pid: process.pid } }, file), close: () => file.close() }
}

/** Written at once and not buffered: a few lines a second, and none is lost when the process is killed. */
class RotatedFile {
  readonly #path: string
  readonly #largest: number
  #file: number | undefined
  #size = 0

  constructor(path: string, largest: number) {
    this.#path = path
    this.#largest = largest
    this.#open()
  }

  write(line: string): void {
    try {
      if (this.#size > this.#largest) this.#rotate()
      if (this.#file !== undefined) this.#size += writeSync(this.#file, line)
    } catch {
      // A full disk must not stop the server.
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #open(): void {
    this.#file = openSync(this.#path, 'a', 0o600)
    this.#size = fstatSync(this.#file).size
  }

  #rotate(): void {
    this.close()
    renameSync(this.#path, `${this.#path}.1`)
    this.#open()
  }
}
