import type { FileChange, GitStatus, Session, Workspace } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { age, count, dollars, duration } from '../render/figures.ts'
import { monitorRows } from '../render/machine-rows.ts'
import { type Row, row, type Span, span } from '../render/row.ts'
import { fileRows, STATUS, sumOfChanges } from '../render/workspace-rows.ts'

const FILES = 20

/** `skein show`: everything about one workspace. */
export async function show(name: string, options: { json?: boolean }, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const workspace = await findWorkspace(api, name)
  const workspaceId = workspace.id
  const [git, changes] =
    workspace.state === 'ready'
      ? await Promise.all([
          api.call('workspaces.git', { workspaceId }),
          api.call('workspaces.changes', { workspaceId }),
        ])
      : []
  const [asks, { monitored }] = await Promise.all([
    api.call('asks.list', { workspaceId }),
    api.call('machines.monitor', { workspaceId }),
  ])
  if (options.json) {
    writeJson(terminal.stdout, { type: 'workspace', workspace })
    if (git && changes) writeJson(terminal.stdout, { type: 'git', workspaceId, git, files: changes.files })
    for (const ask of asks) writeJson(terminal.stdout, { type: 'ask', ask })
    if (monitored) writeJson(terminal.stdout, { type: 'monitor', workspaceId, monitored })
    return ExitCode.ok
  }
  print(terminal, [
    ...headRows(workspace),
    ...workspace.steps.filter(({ state }) => state === 'failed' || state === 'running').map(stepRow),
    ...workspace.sessions.flatMap(sessionRows),
    ...asks.map((ask) => row(span('? ', 'warn'), cleanLine(ask.title), span(`  skein answer ${ask.id}`, 'code'))),
    ...(monitored ? monitorRows(monitored) : []),
    ...(git && changes ? gitRows(git, changes.files) : []),
  ])
  return ExitCode.ok
}

function headRows(workspace: Workspace): Row[] {
  const { mark, word, tone } = STATUS[workspace.status.status]
  const alive = workspace.state === 'ready' || workspace.state === 'creating'
  return [
    row(span(cleanLine(workspace.name), 'strong'), span(`  ${workspace.id}`, 'dim')),
    alive
      ? row(span(`${mark} ${word}`, tone), span(`  ${cleanLine(workspace.status.because)}`))
      : row(span(workspace.state, 'warn'), span(restorable(workspace), 'dim')),
    ...workspace.status.evidence.map(({ what, at }) =>
      row(span(`    ${cleanLine(what)}${at === undefined ? '' : ` (${age(Date.now() - at)})`}`, 'dim')),
    ),
    ...(workspace.problem ? [row(span('✗ ', 'bad'), cleanLine(workspace.problem.message))] : []),
    ...(workspace.problem?.next ? [row(span(`  ${cleanLine(workspace.problem.next)}`, 'dim'))] : []),
    field('project', cleanLine(workspace.projectName)),
    field(
      'branch',
      span(cleanLine(workspace.branch), 'code'),
      span(` from ${cleanLine(workspace.baseRef)} (${workspace.base.slice(0, 10)})`, 'dim'),
    ),
    field('machine', cleanLine(workspace.machine)),
    field('path', cleanLine(workspace.path)),
    ...(workspace.port === undefined ? [] : [field('ports', `${workspace.port}–${workspace.port + 9}`)]),
    field('made', `${age(Date.now() - workspace.createdAt)} ago`),
  ]
}

function restorable({ name, restorableUntil }: Workspace): string {
  return restorableUntil === undefined
    ? ''
    : `  until ${new Date(restorableUntil).toLocaleDateString()}: skein restore ${name}`
}

function stepRow({ name, state, note, startedAt }: Workspace['steps'][number]): Row {
  const since = startedAt === undefined ? '' : ` ${duration(Date.now() - startedAt)}`
  return field('step', `${name} ${state}`, span(`${state === 'running' ? since : ''} ${cleanLine(note ?? '')}`, 'dim'))
}

function sessionRows(session: Session): Row[] {
  const { usage, lastTurn } = session
  const context =
    usage.contextUsed && usage.contextSize
      ? ` · context ${Math.round((usage.contextUsed / usage.contextSize) * 100)} %`
      : ''
  return [
    field(
      'agent',
      cleanLine([session.agent, session.model].filter(Boolean).join(' ')),
      span(`  ${session.state} · ${session.permissionMode}`, 'dim'),
    ),
    field(
      'turns',
      String(session.turns),
      span(
        ` · ${dollars(usage.cost)}${context}${session.queued > 0 ? ` · ${count(session.queued, 'prompt')} queued` : ''}`,
        'dim',
      ),
    ),
    ...(lastTurn?.stopReason && lastTurn.stopReason !== 'end_turn'
      ? [
          field(
            'last turn',
            lastTurn.stopReason.replaceAll('_', ' '),
            span(` ${cleanLine(lastTurn.error?.message ?? '')}`, 'dim'),
          ),
        ]
      : []),
    ...(session.problem ? [row(span('✗ ', 'bad'), cleanLine(session.problem.message))] : []),
    field(
      'resume',
      span(`${session.agent} --resume ${session.nativeSessionId}`, 'code'),
      span('  (in the path above)', 'dim'),
    ),
  ]
}

function gitRows(git: GitStatus, files: FileChange[]): Row[] {
  const figures = [
    ...(git.ahead > 0 ? [`${count(git.ahead, 'commit')} ahead`] : []),
    ...(git.behind > 0 ? [`${git.behind} behind`] : []),
    ...(git.unmerged > 0 ? [`${git.unmerged} unmerged`] : []),
    ...(git.inProgress ? [`${git.inProgress.replace('_', '-')} unfinished`] : []),
  ]
  return [
    [],
    row(...sumOfChanges(files), span(figures.length > 0 ? `  ${figures.join(' · ')}` : '', 'dim')),
    ...fileRows(files, FILES),
  ]
}

function field(name: string, ...values: (Span | string)[]): Row {
  return row(span(name.padEnd(10), 'dim'), ...values)
}
