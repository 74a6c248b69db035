import type { AgentOptions, PlaceOptions, TurnOptions } from '../run/options.ts'

/** What a session is made with. */
export interface NewSessionOptions extends AgentOptions, PlaceOptions {
  /**
   * Where it is kept when no `Skein` is given: a folder that is one process's at a time. By default `library` in Skein's own folder
   * (`$SKEIN_HOME`, `~/.skein`).
   */
  readonly home?: string
  /** It is removed, with its workspace and its machine, when it was not used for so long, milliseconds. Zero and less: never. */
  readonly ttl?: number
  /** Ends the making; what was made of it is undone. */
  readonly signal?: AbortSignal
}

/** One prompt of a session. */
export interface PromptOptions extends TurnOptions {
  /** The agent's credentials from now on; by default those that the session has. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Throw a `RunError` for every outcome but `succeeded`. */
  readonly throwOnFailure?: boolean
  /** Names this prompt: asking again under the same key, also from another process, follows the same turn. */
  readonly key?: string
}
