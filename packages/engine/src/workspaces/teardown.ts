import { SkeinError } from '@skein/protocol'
import { KeptLogs } from '../checks/kept-logs.ts'
import type { EngineContext } from '../context.ts'
import { endOf } from '../machines/process-end.ts'
import { outputOf } from '../machines/process-output.ts'
import type { CommandSource } from '../projects/commands.ts'
import { projectRow } from '../projects/projects.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { argvOf, scriptEnvironment } from './script-environment.ts'

const LIMIT_MS = 5 * 60_000
const SHOWN = 2000

const teardownProcessId = (workspaceId: string) => `teardown-${workspaceId}`

/**
 * Runs the repository's teardown, if it has one that is trusted, in a workspace that goes away. What it might delete is kept in a
 * snapshot of its own. If it fails that is told, and the workspace goes all the same.
 */
export async function runTeardown(
  context: EngineContext,
  source: CommandSource,
  workspace: WorkspaceTable,
): Promise<void> {
  const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
  if (workspace.base === null || !(await runner.call('fs.stat', { path: workspace.path }))) return
  const id = teardownProcessId(workspace.id)
  try {
    const { teardown, trusted, env } = await source.of(workspace)
    if (!teardown) return
    if (!trusted) return tell(context, workspace, `${teardown.source} is not trusted, so its teardown was not run`)
    const project = await projectRow(context, workspace.project_id)
    if (!(await runner.call('process.status', { id })))
      await runner.call('git.snapshot', {
        path: workspace.path,
        ref: `refs/skein/trash/${workspace.id}-before-teardown`,
        message: `Workspace ${workspace.name}, before its teardown`,
      })
    await runner.call('process.start', {
      id,
      epoch: 1,
      kind: 'script',
      argv: await argvOf(runner, teardown.script),
      cwd: workspace.path,
      env: { ...(await scriptEnvironment(context, runner, project, workspace)), ...env },
      timeoutMs: LIMIT_MS,
    })
    const start = { machineId: workspace.machine_id, id, epoch: 1 }
    const exit = await endOf(context, start)
    const logs = new KeptLogs(context, 'teardown')
    await logs.keep(workspace.id, outputOf(context, start, context.signal))
    if (exit?.reason === 'exited' && exit.code === 0) return await logs.forget(workspace.id)
    const how =
      exit?.reason === 'timeout' ? 'took over five minutes' : `ended with exit code ${exit?.code ?? 'unknown'}`
    let end = ''
    for await (const { text } of logs.read(workspace.id)) end = (end + text).slice(-SHOWN)
    tell(context, workspace, `its teardown ${how}; the log is ${logs.path(workspace.id)}`, end.trim())
  } catch (error) {
    const failure = SkeinError.from(error, 'the teardown')
    if (context.signal.aborted || failure.code === 'unavailable') throw error
    tell(context, workspace, `its teardown was not run: ${failure.message}`)
  } finally {
    if (!context.signal.aborted) await runner.call('process.forget', { id }).catch(() => undefined)
  }
}

function tell(context: EngineContext, workspace: WorkspaceTable, what: string, output?: string): void {
  context.log('warn', 'a teardown did not do its work', { workspaceId: workspace.id, what })
  context.changes.notice('warning', `${workspace.name} is removed, but ${what}`, output)
}
