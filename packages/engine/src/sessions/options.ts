import type { SessionOptions } from '@skein/protocol'

/** A session's options as they are stored: all but the environment, which has columns of its own. */
export type StoredOptions = Omit<SessionOptions, 'environment' | 'agent'>

export type SessionOrigin = { how: 'new' } | { how: 'fork'; from: string; at?: string }
