/** Tables of `migration-web.ts`. JSON columns and times are as in `schema.ts`. */

export interface WebTables {
  turns: TurnTable
  comments: CommentTable
  clones: CloneTable
  /** What the index of words knows: `id` is its row there and counts up with time. */
  search_entries: { id: number; session_id: string; seq: number; kind: string }
  /** Up to which event each session is in the index. */
  search_progress: { session_id: string; seq: number }
}

export interface TurnTable {
  session_id: string
  id: string
  number: number
  origin: string
  message_ids: string
  started_at: number
  ended_at: number | null
  stop_reason: string | null
  cost: number | null
  first_seq: number
  last_seq: number | null
  /** Where the agent's conversation stood at its end, in the agent's own words; for a fork. */
  fork_at: string | null
  from_tree: string | null
  to_tree: string | null
}

export interface CommentTable {
  id: string
  workspace_id: string
  session_id: string
  place: string
  /** `CommentContent`, sealed when it holds a secret. */
  content: string
  author: string
  state: 'draft' | 'open' | 'met'
  created_at: number
  sent_at: number | null
}

/** A clone that was asked for; finished or taken back also when the server dies meanwhile. */
export interface CloneTable {
  key: string
  /** Without user and password. */
  url: string
  username: string | null
  password_sealed: string | null
  /** Where it is to be. */
  path: string
  /** Where it is made, beside it. */
  folder: string
  state: 'running' | 'done' | 'failed' | 'cancelled'
  problem: string | null
  created_at: number
}
