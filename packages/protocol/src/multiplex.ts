import * as z from 'zod'
import { ErrorBody } from './errors.ts'

/**
 * The frames of `/v1/socket`: one WebSocket carries any number of calls and subscriptions, each with an id that the client
 * chooses. A frame is one text message of JSON; a server may send several at once, as an array of them in their order.
 */

/** How often each end says that it is there, milliseconds. */
export const BEAT_MS = 10_000

/** An end that said nothing for so long has gone, milliseconds. */
export const SILENCE_MS = 3 * BEAT_MS

/** Items that may be on their way to a reader that has taken none of them yet. */
export const CREDITS = 512

const Id = z.number().int().nonnegative()

export const ClientFrame = z.union([
  z.object({ id: Id, call: z.string(), params: z.unknown() }),
  /** At most `credits` items are sent before `more` allows further ones, so that a slow reader stalls nobody else. */
  z.object({ id: Id, subscribe: z.string(), params: z.unknown(), credits: z.number().int().positive().max(65_536) }),
  z.object({ id: Id, more: z.number().int().positive().max(65_536) }),
  z.object({ id: Id, cancel: z.literal(true) }),
  z.object({ beat: z.literal(true) }),
])
export type ClientFrame = z.infer<typeof ClientFrame>

export const ServerFrame = z.union([
  z.object({ id: Id, error: ErrorBody }),
  z.object({ id: Id, end: z.literal(true) }),
  /** A server answers each beat, and beats by itself. */
  z.object({ beat: z.literal(true) }),
  z.object({ id: Id, item: z.unknown() }),
  z.object({ id: Id, result: z.unknown() }),
])
/** As it is trusted once it comes from the server that we signed in to. */
export type ServerFrame =
  | { id: number; error: ErrorBody }
  | { id: number; end: true }
  | { beat: true }
  | { id: number; item: unknown }
  | { id: number; result: unknown }

/** Close codes of the socket, beside the standard ones. */
export const SocketClose = {
  /** The server stops; connect again. */
  stopping: 4001,
  /** This browser was signed out. */
  signedOut: 4003,
  /** The client broke the protocol. */
  broken: 4400,
} as const
