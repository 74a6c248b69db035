import type { Ask, AskAnswer, PermissionMode } from '@skein/protocol'
import type { On } from '../on.ts'

/** A repository to work in. At most one of branch, tag and commit; the default branch where none is given. */
export interface RepositorySpec {
  /** What `git clone` takes, or a folder of this computer (beginning with `/`, `./`, `../` or `~/`). Never with a password in it. */
  readonly url: string
  readonly branch?: string
  readonly tag?: string
  /** A commit's whole id. */
  readonly commit?: string
  /** Where it is below the workspace, when there are several; by default the repository's name. */
  readonly folder?: string
  /** Bring so many commits of history and no more. */
  readonly depth?: number
  /** Check submodules out too. */
  readonly submodules?: boolean
}

/** A name and a password (or token) for a host; a text alone is a token. */
export type Credential = string | { readonly username: string; readonly password: string }

/**
 * Asked once for each host that a repository comes from by https. Its answer goes to git through a pipe: it is written nowhere, is
 * on no command line, and does not leave this computer.
 */
export type CredentialCallback = (host: string) => Credential | undefined | Promise<Credential | undefined>

/** A server of the Model Context Protocol, as agents take it: a command, or a URL. */
export type McpServer =
  | { readonly command: string; readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> }
  | { readonly type: 'http' | 'sse'; readonly url: string; readonly headers?: Readonly<Record<string, string>> }

/**
 * What to bring back: the list of changed files, all changes as a patch (`git apply` takes it), the new commits as a git bundle
 * (uncommitted changes as a last commit), or one file of the workspace.
 */
export type ArtifactRequest = 'changes' | 'patch' | 'bundle' | { readonly path: string }

/** Answers what an agent asks. Undefined: nobody is here, so the answer is no, and the agent is told so. */
export type AskCallback = (ask: Ask) => AskAnswer | undefined | Promise<AskAnswer | undefined>

/** What an agent is given to work with; the same for a run and for a session. */
export interface AgentOptions {
  readonly model?: string
  readonly effort?: string
  readonly permissionMode?: PermissionMode
  readonly tools?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] }
  readonly mcpServers?: Readonly<Record<string, McpServer>>
  /** Said to the agent beside its own instructions. */
  readonly instructions?: string
  readonly maxTurns?: number
  /** US dollars; the turn that crosses it is interrupted. */
  readonly budget?: number
  /** A JSON Schema: the answer comes as `structured`, too. */
  readonly outputSchema?: unknown
  /** Beside (and before) what the agent is given of this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** The agent's credentials by variable name, e.g. ANTHROPIC_API_KEY. By default those of this process's environment. */
  readonly secrets?: Readonly<Record<string, string>>
}

/** Where it works, and in what. */
export interface PlaceOptions {
  /** This computer by default. */
  readonly on?: On
  /** None: an empty workspace. One: the agent begins in it. Several: each in its folder, the agent begins above them. */
  readonly repositories?: string | RepositorySpec | readonly (string | RepositorySpec)[]
  readonly credential?: CredentialCallback
  /** Of the workspace; chosen by chance otherwise. */
  readonly name?: string
}

/** How long to wait for one prompt, and for what. */
export interface TurnOptions {
  /** Ends everything: the outcome is `cancelled`. */
  readonly signal?: AbortSignal
  /** For all of it, milliseconds: the outcome is `timed_out`. */
  readonly timeout?: number
  /** Of silence once the agent is at work, milliseconds: the outcome is `timed_out`. */
  readonly idleTimeout?: number
  readonly onAsk?: AskCallback
  readonly artifacts?: readonly ArtifactRequest[]
}

/** One prompt, to its result. */
export interface RunOptions extends AgentOptions, PlaceOptions, TurnOptions {
  readonly prompt: string
  /**
   * Names this run, for whoever may have to ask again: a second run with the same key, also from another process, is the same run. By
   * default every run is one of its own, and ends with the process that called it.
   */
  readonly key?: string
  /** Leave workspace and machine as they are. Needs a `home`, or a server. */
  readonly keep?: boolean
  /** Throw a `RunError` for every outcome but `succeeded`. */
  readonly throwOnFailure?: boolean
}
