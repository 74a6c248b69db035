import type { Ask, Check, Workspace } from '@skein/protocol'
import { visibleCharacters } from '../comments/visible-characters.ts'

/** Something that happened and that a person may want to hear of. */
export interface Notice {
  /** The same for one happening in every tab, so that it is told once. */
  id: string
  kind: NoticeKind
  title: string
  body: string
  workspaceId: string
  sessionId?: string
}

export const NOTICE_KINDS = ['turn', 'ask', 'check', 'workspace'] as const
export type NoticeKind = (typeof NOTICE_KINDS)[number]

/** What notices are found in. */
export interface Watched {
  workspaces: Iterable<Workspace>
  asks: Iterable<Ask>
  checks: Iterable<Check>
}

/** Every happening that the present state tells of. Comparing two answers by id gives what is new. */
export function happenings({ workspaces, asks, checks }: Watched): Notice[] {
  const notices: Notice[] = []
  const names = new Map<string, string>()
  for (const workspace of workspaces) {
    names.set(workspace.id, workspace.name)
    notices.push(...workspaceFailure(workspace), ...turnsThatEnded(workspace))
  }
  for (const ask of asks) if (ask.state === 'open') notices.push(openAsk(ask))
  for (const check of checks) notices.push(...failedCheck(check, names.get(check.workspaceId)))
  return notices
}

function workspaceFailure(workspace: Workspace): Notice[] {
  if (workspace.state !== 'failed') return []
  const step = workspace.steps.find((one) => one.state === 'failed')
  return [
    {
      id: `workspace:${workspace.id}:${step?.name ?? ''}:${step?.endedAt ?? ''}`,
      kind: 'workspace',
      title: `${workspace.name} could not be made`,
      body: oneLine(workspace.problem?.message ?? step?.note ?? workspace.status.because),
      workspaceId: workspace.id,
    },
  ]
}

function turnsThatEnded(workspace: Workspace): Notice[] {
  return workspace.sessions.flatMap((session) => {
    const turn = session.lastTurn
    // Interrupting is the person's own doing, and with prompts waiting the work goes on.
    if (turn?.endedAt === undefined || turn.stopReason === 'cancelled' || session.queued > 0) return []
    return [
      {
        id: `turn:${session.id}:${turn.id}`,
        kind: 'turn' as const,
        title: turn.error ? `${workspace.name} stopped with an error` : `${workspace.name} is done`,
        body: oneLine(turn.error?.message ?? turn.result ?? workspace.status.because),
        workspaceId: workspace.id,
        sessionId: session.id,
      },
    ]
  })
}

function openAsk(ask: Ask): Notice {
  const wants = { permission: 'asks for permission', question: 'has a question', plan: 'has a plan for you' }[ask.kind]
  return {
    id: `ask:${ask.id}`,
    kind: 'ask',
    title: `${ask.workspaceName} ${wants}`,
    body: oneLine(ask.title),
    workspaceId: ask.workspaceId,
    sessionId: ask.sessionId,
  }
}

function failedCheck(check: Check, workspaceName: string | undefined): Notice[] {
  const run = check.last
  if (!run || (run.state !== 'failed' && run.state !== 'error')) return []
  return [
    {
      id: `check:${run.id}`,
      kind: 'check',
      title: `${check.name} ${run.state === 'failed' ? 'fails' : 'could not be run'}${workspaceName ? ` in ${workspaceName}` : ''}`,
      body: oneLine(run.note ?? (run.exitCode === undefined ? check.run : `${check.run}: exit code ${run.exitCode}`)),
      workspaceId: check.workspaceId,
    },
  ]
}

function oneLine(text: string): string {
  const line = visibleCharacters(text).replaceAll(/\s+/g, ' ').trim()
  return line.length > 140 ? `${line.slice(0, 139)}…` : line
}

/**
 * Tells what is new. What was there when the page opened is old news; what happened while the connection was lost is not.
 */
export class NoticeWatch {
  #seen: Set<string> | undefined

  /** `ready`: the state is whole (it is not while the first answer still comes in). */
  look(watched: Watched, ready: boolean): Notice[] {
    if (!ready && !this.#seen) return []
    const all = happenings(watched)
    const seen = this.#seen
    const next = new Set(all.map((notice) => notice.id))
    // Ids stay known for good: a workspace that comes and goes during a reconnect must not speak twice.
    this.#seen = seen ? seen.union(next) : next
    return seen ? all.filter((notice) => !seen.has(notice.id)) : []
  }
}
