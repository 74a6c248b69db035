import type { Ask, Session, Workspace } from '@skein/protocol'
import { bounded, boundedValue } from './bounded.ts'

/** A workspace in a list. */
export function workspaceRow(workspace: Workspace): Record<string, unknown> {
  const { id, name, projectName, branch, machine, status, openAsks, diff, sessions } = workspace
  return {
    name,
    id,
    project: projectName,
    branch,
    machine,
    status: status.status,
    because: bounded(status.because, 300),
    ...(openAsks > 0 ? { openAsks } : {}),
    ...(diff ? { changed: { files: diff.files, added: diff.added, deleted: diff.deleted } } : {}),
    costUsd: round(sessions.reduce((sum, { usage }) => sum + usage.cost, 0)),
  }
}

/** All about one that a model may want to know. */
export function workspaceView(workspace: Workspace): Record<string, unknown> {
  const { state, path, base, baseRef, steps, problem, status, sessions, restorableUntil } = workspace
  const unfinished = steps.filter((step) => step.state !== 'done' && step.state !== 'skipped')
  return {
    ...workspaceRow(workspace),
    because: status.because,
    state,
    path,
    base: { commit: base, ref: baseRef },
    evidence: status.evidence.map(({ what }) => what),
    ...(state === 'creating' || state === 'failed' ? { steps: unfinished } : {}),
    ...(problem ? { problem } : {}),
    ...(restorableUntil === undefined ? {} : { restorableUntil: new Date(restorableUntil).toISOString() }),
    sessions: sessions.map(sessionView),
  }
}

function sessionView(session: Session): Record<string, unknown> {
  const { id, title, agent, state, turns, queued, permissionMode, model, usage, lastTurn, problem, parent } = session
  return {
    id,
    ...(title === undefined ? {} : { title }),
    agent,
    state,
    turns,
    queued,
    permissionMode,
    ...(model === undefined ? {} : { model }),
    ...(parent === undefined ? {} : { startedBySession: parent }),
    costUsd: round(usage.cost),
    ...(lastTurn
      ? {
          lastTurn: {
            stopReason: lastTurn.stopReason ?? 'it runs',
            ...(lastTurn.error ? { error: lastTurn.error } : {}),
            ...(lastTurn.result === undefined ? {} : { result: bounded(lastTurn.result) }),
            ...(lastTurn.structuredOutput === undefined
              ? {}
              : { structuredOutput: boundedValue(lastTurn.structuredOutput) }),
          },
        }
      : {}),
    ...(problem ? { problem } : {}),
  }
}

/** An ask with all that an answer needs. `shown` stands for exactly what is shown here. */
export function askView(ask: Ask): Record<string, unknown> {
  const { id, workspaceName, kind, title, toolName, reason, input, options, questions, plan, state } = ask
  return {
    ask: id,
    shown: shownOf(ask),
    workspace: workspaceName,
    kind,
    state,
    title: bounded(title, 500),
    ...(toolName === undefined ? {} : { tool: toolName }),
    ...(reason === undefined ? {} : { reason }),
    ...(plan ? { plan: bounded(plan.markdown) } : kind === 'question' ? {} : { input: boundedValue(input) }),
    ...(questions ? { questions } : {}),
    ...(options.length > 0 ? { options: options.map(({ optionId, name, kind }) => ({ optionId, name, kind })) } : {}),
    ...(ask.answer === undefined ? {} : { answer: boundedValue(ask.answer), answeredBy: ask.answeredBy }),
  }
}

/** By which an answer is bound to what was shown: the beginning of the input's hash. */
export function shownOf({ inputHash }: Ask): string {
  return inputHash.slice(0, 12)
}

function round(dollars: number): number {
  return Math.round(dollars * 10_000) / 10_000
}
