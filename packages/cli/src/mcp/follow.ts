import { type Session, SkeinError, type Workspace } from '@skein/protocol'
import * as z from 'zod'
import { PAGE } from './bounded.ts'
import type { ToolCall } from './define.ts'
import { transcriptLines } from './transcript.ts'
import { askView } from './views.ts'

/** What one answer of `follow` says of a workspace. */
interface Followed {
  workspace: Workspace
  settled: boolean
  /** It has come to rest in another way than the cursor knows. */
  news: boolean
}

/** How far a caller has got: of each session the last event, of each workspace how it had come to rest. */
const Cursor = z.record(z.string(), z.object({ seqs: z.record(z.string(), z.number().int()), rest: z.string() }))
type Cursor = z.infer<typeof Cursor>

const HEARTBEAT_MS = 15_000
/** What a turn changed is looked at when it has ended; so long is waited for that. */
const LOOK_MS = 5_000
const EVENTS_AT_ONCE = 500

export interface FollowRequest {
  workspaces: readonly Workspace[]
  cursor: string | undefined
  waitMs: number
  /** `any`: one of them has news. `all`: none of them is at work. */
  until: 'any' | 'all'
}

/** Waits until somebody is needed or something has ended, and answers what happened since the cursor. */
export async function follow(request: FollowRequest, call: ToolCall): Promise<Record<string, unknown>> {
  const cursor = readCursor(request.cursor)
  const { followed, why } = await settle(request, cursor, call)
  const next: Cursor = {}
  let room = PAGE
  const workspaces = []
  for (const { workspace, settled } of followed) {
    const before = cursor[workspace.id]
    const { lines, seqs, more } = await events(workspace, before?.seqs ?? {}, room, call)
    room = Math.max(0, room - lines.join('').length)
    next[workspace.id] = { seqs, rest: settled && !more ? restOf(workspace) : (before?.rest ?? '') }
    const asks =
      workspace.openAsks > 0 ? await call.api.call('asks.list', { workspaceId: workspace.id }, call.signal) : []
    workspaces.push({
      workspace: workspace.name,
      id: workspace.id,
      status: workspace.status.status,
      because: workspace.status.because,
      atWork: !settled,
      events: lines,
      ...(more ? { more: true } : {}),
      ...(asks.length > 0 ? { asks: asks.map(askView) } : {}),
      ...(workspace.problem ? { problem: workspace.problem } : {}),
      ...(workspace.diff ? { changed: workspace.diff } : {}),
    })
  }
  return { why, workspaces, cursor: writeCursor(next) }
}

async function settle(
  { workspaces, waitMs, until }: FollowRequest,
  cursor: Cursor,
  call: ToolCall,
): Promise<{ followed: Followed[]; why: string }> {
  const now = new Map(workspaces.map((workspace) => [workspace.id, workspace]))
  const look = (is: (workspace: Workspace) => boolean): Followed[] =>
    [...now.values()].map((workspace) => {
      const settled = is(workspace)
      return { workspace, settled, news: settled && cursor[workspace.id]?.rest !== restOf(workspace) }
    })
  const isEnough = (followed: readonly Followed[]) =>
    followed.every(({ settled }) => settled) || (until === 'any' && followed.some(({ news }) => news))
  const timeout = AbortSignal.timeout(waitMs)
  const lookedLong = new AbortController()
  let patience: NodeJS.Timeout | undefined
  let told = ''
  const tell = () => call.progress(told)
  const heartbeat = setInterval(tell, HEARTBEAT_MS)
  try {
    const stop = AbortSignal.any([call.signal, timeout, lookedLong.signal])
    for await (const change of call.api.subscribe('changes', {}, stop)) {
      if (change.type === 'workspace_gone') now.delete(change.workspaceId)
      else if (change.type === 'workspace' && now.has(change.workspace.id))
        now.set(change.workspace.id, change.workspace)
      else if (change.type !== 'ready') continue
      const followed = look(isLookedAt)
      const text = summary(now.values())
      if (text !== told) {
        told = text
        tell()
      }
      if (isEnough(followed)) return { followed, why: reason(followed) }
      if (!isEnough(look(isAtRest))) {
        clearTimeout(patience)
        patience = undefined
      } else patience ??= setTimeout(() => lookedLong.abort(), LOOK_MS)
    }
  } finally {
    clearInterval(heartbeat)
    clearTimeout(patience)
  }
  if (call.signal.aborted) throw new SkeinError('cancelled', 'following was cancelled; the agents work on')
  const followed = look(isAtRest)
  if (lookedLong.signal.aborted) return { followed, why: reason(followed) }
  return { followed, why: 'time is up; they are still at work: call follow again with this cursor' }
}

function reason(followed: readonly Followed[]): string {
  if (!followed.some(({ news }) => news)) return 'none of them is at work, and nothing is new since the cursor'
  const news = followed
    .filter((one) => one.news)
    .map(({ workspace }) => `${workspace.name}: ${workspace.status.status}`)
  return news.join(', ')
}

const AT_WORK: ReadonlySet<Session['state']> = new Set(['working', 'starting', 'waiting'])

/** It needs somebody, or nothing goes on there. One that cannot be reached is neither: nobody knows. */
function isAtRest({ status: { status }, state, sessions }: Workspace): boolean {
  if (status === 'needs_you' || status === 'failed' || state === 'removed') return true
  if (status !== 'idle' && status !== 'ready_for_review') return false
  return sessions.every((session) => !AT_WORK.has(session.state) && session.queued === 0)
}

/** And what its last turn changed is known, on which it depends whether there is something to review. */
function isLookedAt(workspace: Workspace): boolean {
  if (!isAtRest(workspace)) return false
  const ended = workspace.sessions.flatMap(({ lastTurn }) => lastTurn?.endedAt ?? [])
  return workspace.status.status !== 'idle' || ended.every((at) => (workspace.diff?.at ?? 0) >= at)
}

/** How it came to rest, so that the same rest is not told twice. */
function restOf({ status, sessions, openAsks }: Workspace): string {
  const turns = sessions.map(({ id, turns, lastTurn }) => `${id}:${turns}:${lastTurn?.stopReason ?? ''}`)
  const asks = status.status === 'needs_you' ? status.evidence.map(({ ref }) => ref) : []
  return [status.status, status.because, openAsks, ...turns, ...asks].join(' ')
}

async function events(
  workspace: Workspace,
  before: Record<string, number>,
  room: number,
  { api, signal }: ToolCall,
): Promise<{ lines: string[]; seqs: Record<string, number>; more: boolean }> {
  const seqs: Record<string, number> = { ...before }
  const lines: string[] = []
  let more = false
  let left = room
  for (const { id, seq } of workspace.sessions) {
    const after = before[id] ?? 0
    if (seq <= after) continue
    if (left <= 0) {
      more = true
      continue
    }
    const { events, last } = await api.call('sessions.events', { sessionId: id, after, limit: EVENTS_AT_ONCE }, signal)
    const part = transcriptLines(events, { page: left })
    lines.push(...part.lines)
    left -= part.lines.join('').length
    seqs[id] = Math.max(part.seq, after)
    more ||= part.more || seqs[id] < last
  }
  return { lines, seqs, more }
}

function summary(workspaces: Iterable<Workspace>): string {
  return [...workspaces].map(({ name, status }) => `${name}: ${status.because}`).join('; ')
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

function readCursor(text: string | undefined): Cursor {
  if (text === undefined) return {}
  try {
    return Cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
  } catch (cause) {
    throw new SkeinError('invalid', 'this is no cursor of follow', {
      next: 'Give the cursor of the last answer as it was, or none to begin from the beginning.',
      cause,
    })
  }
}
