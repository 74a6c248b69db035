import type { IncomingMessage } from 'node:http'

/** What the log may say of a request: never its query, its headers or its body. */
export interface RequestNote {
  /** What kind of place it asked for, where that is not a method of the API. */
  route?: string
  /** Why it was turned away. */
  refused?: string
  /** Of an upgrade that was refused. */
  status?: number
}

const notes = new WeakMap<IncomingMessage, RequestNote>()

/** The note that belongs to a request, for whoever has something to say of it. */
export function noteOf(request: IncomingMessage): RequestNote {
  const known = notes.get(request)
  if (known) return known
  const note: RequestNote = {}
  notes.set(request, note)
  return note
}
