import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type * as z from 'zod'

/** A small JSON file in the home, for its owner alone; what does not fit its schema counts as not there. */
export class PrivateFile<T> {
  readonly #path: string
  readonly #schema: z.ZodType<T>

  constructor(path: string, schema: z.ZodType<T>) {
    this.#path = path
    this.#schema = schema
  }

  read(): T | undefined {
    try {
      const parsed = this.#schema.safeParse(JSON.parse(readFileSync(this.#path, 'utf8')))
      return parsed.success ? parsed.data : undefined
    } catch {
      return undefined
    }
  }

  /** All of it or nothing: whoever reads it never sees half a file. */
  write(value: T): void {
    const written = `${this.#path}.new`
    writeFileSync(written, `${JSON.stringify(value)}\n`, { mode: 0o600 })
    renameSync(written, this.#path)
  }
}
