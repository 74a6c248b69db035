import { SkeinError } from '@skein/protocol'

/** What a person reads of an error: what went wrong, and what to do. */
export function describeError(error: unknown): { message: string; next?: string } {
  if (error instanceof SkeinError) {
    return { message: error.message, ...(error.next === undefined ? {} : { next: error.next }) }
  }
  return { message: error instanceof Error ? error.message : String(error) }
}
