import { randomUUID } from 'node:crypto'
import { type FileChange, type Session, SkeinError, type Workspace } from '@skein/protocol'
import { howToAnswer } from '../asks/answer-flags.ts'
import { type CommandContext, print, remark } from '../context.ts'
import { ExitCode, exitCodeOfTurn } from '../exit-codes.ts'
import { failure } from '../follow/await-workspace.ts'
import type { FollowEnd } from '../follow/follow.ts'
import { writeJson } from '../json-output.ts'
import { writePatch } from '../patch.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'
import { summaryRows } from '../render/summary.ts'

export interface ConcludeOptions extends CommandContext {
  startedAt: number
  options: { keep?: boolean; rm?: boolean; patch?: string; json?: boolean; quiet?: boolean; advice?: boolean }
}

/** What is left of a run. */
export type Left = 'workspace' | 'branch' | 'nothing'

/** The end of `run` and `send --wait`: result, patch, clean-up and exit code. */
export async function conclude(end: FollowEnd, context: ConcludeOptions): Promise<ExitCode> {
  switch (end.how) {
    case 'ask':
      return tellAsk(end, context)
    case 'detached':
    case 'terminated':
    case 'overtime':
    case 'left':
      return tellDetached(end, context)
    case 'workspace_failed':
      return giveUp(end.workspace, context)
    case 'ended':
      return settle(end, context)
  }
}

async function settle(end: FollowEnd, context: ConcludeOptions): Promise<ExitCode> {
  const { api, terminal, options, cwd } = context
  const { session } = end
  if (end.workspace.state === 'removing' || end.workspace.state === 'removed') {
    throw new SkeinError('conflict', `the workspace ${end.workspace.name} was removed meanwhile`, {
      next: `Bring it back with: skein restore ${end.workspace.name}`,
    })
  }
  const workspaceId = end.workspace.id
  const [{ files, head }] = await Promise.all([
    api.call('workspaces.changes', { workspaceId }),
    session ? api.call('sessions.hibernate', { key: randomUUID(), sessionId: session.id }).catch(keepAlive) : undefined,
  ])
  const patch = options.patch === undefined ? undefined : await writePatch(api, workspaceId, options.patch, cwd)
  const left = await cleanUp(end.workspace, files.length > 0 || head !== end.workspace.base, context)
  const exitCode = exitCodeOf(end)
  const summary = { end, files, left, exitCode, patch, durationMs: Date.now() - context.startedAt }
  if (options.json) writeResult(summary, context)
  else if (options.quiet) writeQuietly(end, context)
  else print(terminal, summaryRows(summary, options.advice ?? true))
  return exitCode
}

/** A session that is busy after all goes on; it hibernates by itself when it is idle. */
function keepAlive(error: unknown): void {
  if (!(error instanceof SkeinError)) throw error
}

export function exitCodeOf(end: FollowEnd): ExitCode {
  if (end.timedOut) return ExitCode.limit
  if (end.interrupted) return ExitCode.interrupted
  return end.turn ? exitCodeOfTurn(end.turn.stopReason) : ExitCode.failed
}

/** Removes what nobody needs: a workspace without changes, or with `--rm` all but the branch. */
async function cleanUp(workspace: Workspace, changed: boolean, { api, options }: ConcludeOptions): Promise<Left> {
  const remove = { key: randomUUID(), workspaceId: workspace.id }
  if (options.rm && changed) {
    await api.call('workspaces.remove', { ...remove, keepBranch: true, confirm: true })
    return 'branch'
  }
  if (changed || options.keep) return 'workspace'
  // That it holds nothing was seen just now, and what comes into it meanwhile goes into the snapshot; so nobody waits for the rest.
  await api.call('workspaces.remove', { ...remove, confirm: true, wait: false })
  return 'nothing'
}

export interface Summary {
  end: FollowEnd
  files: FileChange[]
  left: Left
  exitCode: ExitCode
  patch: string | undefined
  durationMs: number
}

function writeResult({ end, files, left, exitCode, patch, durationMs }: Summary, { terminal }: ConcludeOptions): void {
  const { turn, session, workspace } = end
  const error = turn?.error ?? session?.lastTurn?.error ?? problemOf(session)
  writeJson(terminal.stdout, {
    type: 'result',
    workspaceId: workspace.id,
    workspace: workspace.name,
    sessionId: session?.id ?? '',
    branch: workspace.branch,
    ...(turn ? { stopReason: turn.stopReason } : {}),
    ...(turn?.result === undefined ? {} : { result: turn.result }),
    ...(turn?.structuredOutput === undefined ? {} : { structuredOutput: turn.structuredOutput }),
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
    files,
    cost: session?.usage.cost ?? 0,
    durationMs,
    left,
    ...(patch === undefined ? {} : { patch }),
    exitCode,
  })
}

function problemOf(session: Session | undefined): { code: string; message: string } | undefined {
  return session?.problem ? { code: 'session', message: session.problem.message } : undefined
}

/** The result and nothing else; why it failed on stderr. */
function writeQuietly({ turn, session }: FollowEnd, { terminal }: ConcludeOptions): void {
  if (turn?.result) terminal.stdout.write(`${turn.result.trimEnd()}\n`)
  const problem = turn?.error?.message ?? (turn ? undefined : session?.problem?.message)
  if (problem) remark(terminal, [row('skein: ', cleanLine(problem))])
}

function tellAsk({ ask, workspace }: FollowEnd, { terminal, options }: ConcludeOptions): ExitCode {
  if (options.json) {
    if (ask) writeJson(terminal.stdout, { type: 'ask', ask, next: howToAnswer(ask)[0] ?? '' })
  } else if (ask) {
    remark(terminal, [
      row(span('? ', 'warn'), span(cleanLine(ask.title), 'strong')),
      row('  It waits for an answer, and nobody is here to give one. Answer it from any terminal:'),
      ...howToAnswer(ask).map((command) => row('    ', span(command, 'code'))),
      row('  Then follow the rest with: ', span(`skein attach ${workspace.name}`, 'code')),
    ])
  }
  return ExitCode.askWaits
}

function tellDetached(end: FollowEnd, { terminal, options }: ConcludeOptions): ExitCode {
  const next = `skein attach ${end.workspace.name}`
  if (options.json) {
    writeJson(terminal.stdout, { type: 'detached', workspaceId: end.workspace.id, workspace: end.workspace.name, next })
  } else if (end.how !== 'left') {
    const why = end.how === 'overtime' ? 'The turn did not end when it was told to.' : 'Detached.'
    remark(terminal, [row(`${why} The agent in ${end.workspace.name} works on. Come back with: `, span(next, 'code'))])
  }
  if (end.how === 'terminated') return ExitCode.terminated
  return end.how === 'overtime' ? ExitCode.limit : end.how === 'left' ? ExitCode.ok : ExitCode.interrupted
}

/** A workspace that could not be made: what there is of it goes, unless its setup script has something to tell. */
async function giveUp(workspace: Workspace, { api, options }: ConcludeOptions): Promise<never> {
  const why = failure(workspace)
  const inSetup = why.details?.step === 'setup'
  if (options.keep || inSetup) throw why
  await api.call('workspaces.remove', { key: randomUUID(), workspaceId: workspace.id }).catch(keepAlive)
  throw new SkeinError(why.code, why.message, { next: workspace.problem?.next, details: why.details })
}
