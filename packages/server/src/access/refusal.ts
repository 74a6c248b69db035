import type { IncomingMessage } from 'node:http'
import { SkeinError } from '@skein/protocol'
import { noteOf } from './request-note.ts'

/** A request that the chain turns away, with the status of its answer. */
export class Refusal extends SkeinError {
  readonly status: number

  /** @param why a word or two for the log */
  constructor(request: IncomingMessage, status: number, why: string, message: string, next?: string) {
    super('unauthorized', message, { next })
    this.status = status
    noteOf(request).refused = why
  }
}
