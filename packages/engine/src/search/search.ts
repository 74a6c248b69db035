import { type ApiParams, type ApiResult, type Envelope, type SearchHit, SkeinError } from '@skein/protocol'
import { sql } from 'kysely'
import type { EngineContext } from '../context.ts'
import type { SearchIndexer } from './indexer.ts'
import { searchable } from './searchable.ts'
import { snippetOf, wantedIn } from './words.ts'

/** A search waits so long for what was said last; older sessions that are not indexed yet are found when they are. */
const CATCH_UP_MS = 250
const PAGE = 50
/** So many candidates are looked at for one answer. */
const MOST_LOOKED_AT = 2000

/** Finds words in what was said, asked and done, the newest first. */
export async function search(
  context: EngineContext,
  indexer: SearchIndexer,
  params: ApiParams<'search'>,
): Promise<ApiResult<'search'>> {
  const { text, limit = 50 } = params
  const { words, query } = wantedIn(text)
  if (query === undefined) return { hits: [], cursor: null }
  await indexer.catchUp(CATCH_UP_MS)
  const hits: SearchHit[] = []
  let before = cursorOf(params.cursor)
  for (let looked = 0; ; ) {
    const rows = await candidates(context, params, query, before)
    for (const row of rows) {
      looked += 1
      before = row.id
      const hit = hitOf(row, words)
      if (hit) hits.push(hit)
      if (hits.length === limit) return { hits, cursor: String(before) }
    }
    if (rows.length < PAGE) return { hits, cursor: null }
    if (looked >= MOST_LOOKED_AT) return { hits, cursor: String(before) }
  }
}

function cursorOf(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER
  const before = Number(cursor)
  if (/^\d{1,16}$/.test(cursor) && Number.isSafeInteger(before)) return before
  throw new SkeinError('invalid', 'search: the cursor is not one of an answer')
}

interface Candidate {
  id: number
  session_id: string
  seq: number
  kind: string
  envelope: string
  workspace_id: string
  workspace_name: string
  project_id: string
}

async function candidates(
  context: EngineContext,
  { projectId, workspaceId, sessionId }: ApiParams<'search'>,
  query: string,
  before: number,
): Promise<Candidate[]> {
  const within = [
    ...(sessionId === undefined ? [] : [sql`and e.session_id = ${sessionId}`]),
    ...(workspaceId === undefined ? [] : [sql`and w.id = ${workspaceId}`]),
    ...(projectId === undefined ? [] : [sql`and w.project_id = ${projectId}`]),
  ]
  const { rows } = await sql<Candidate>`
    select e.id, e.session_id, e.seq, e.kind, v.envelope, w.id as workspace_id, w.name as workspace_name, w.project_id
    from search_text as f
    join search_entries as e on e.id = f.rowid
    join sessions as s on s.id = e.session_id
    join workspaces as w on w.id = s.workspace_id
    join events as v on v.session_id = e.session_id and v.seq = e.seq
    where f.search_text match ${query} and f.rowid < ${before} ${sql.join(within, sql` `)}
    order by f.rowid desc limit ${PAGE}`.execute(context.db)
  return rows
}

function hitOf(row: Candidate, words: readonly string[]): SearchHit | undefined {
  const { event, at } = JSON.parse(row.envelope) as Envelope
  const found = searchable(event)
  const snippet = found && snippetOf(found.text, words)
  if (!snippet) return undefined
  return {
    projectId: row.project_id,
    workspaceId: row.workspace_id,
    workspaceName: row.workspace_name,
    sessionId: row.session_id,
    seq: row.seq,
    at,
    kind: row.kind as SearchHit['kind'],
    snippet,
  }
}
