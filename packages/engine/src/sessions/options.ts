import type { SessionOptions } from '@skein/protocol'

/** A session's options as they are stored: all but the environment and the servers, which have columns of their own. */
export type StoredOptions = Omit<SessionOptions, 'environment' | 'agent' | 'mcpServers'>

/** A change of them; null takes an option away. */
export type OptionsChange = { [K in keyof StoredOptions]?: StoredOptions[K] | null }

/** The options after a change. */
export function changedOptions(options: StoredOptions, change: OptionsChange): StoredOptions {
  const entries = Object.entries({ ...options, ...change }).filter(([, value]) => value !== null)
  return Object.fromEntries(entries) as StoredOptions
}

export type SessionOrigin = { how: 'new' } | { how: 'fork'; from: string; at?: string }
