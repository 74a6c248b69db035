import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogPart } from '@skein/protocol'
import * as z from 'zod'
import type { EngineContext } from '../context.ts'

const Line = z.object({ offset: z.number(), text: z.string() })

/** Logs of what has ended, `<home>/logs/<kind>/<id>.log`: a line of JSON for each part, without secrets. */
export class KeptLogs {
  readonly #folder: string

  constructor(context: Pick<EngineContext, 'home'>, kind: 'checks' | 'teardown') {
    this.#folder = join(context.home, 'logs', kind)
  }

  path(id: string): string {
    return join(this.#folder, `${id}.log`)
  }

  /** On the disk as a whole when it resolves. */
  async keep(id: string, parts: AsyncIterable<LogPart>): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const unfinished = `${this.path(id)}.unfinished`
    const file = await open(unfinished, 'w', 0o600)
    try {
      for await (const part of parts) await file.write(`${JSON.stringify(part)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, this.path(id))
  }

  /** Nothing where there is none. */
  async *read(id: string): AsyncGenerator<LogPart> {
    const stream = createReadStream(this.path(id), 'utf8')
    let rest = ''
    try {
      for await (const chunk of stream) {
        const lines = (rest + String(chunk)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) yield Line.parse(JSON.parse(line))
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    } finally {
      stream.destroy()
    }
  }

  async forget(id: string): Promise<void> {
    await rm(this.path(id), { force: true })
  }
}
