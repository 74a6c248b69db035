import { type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { endOf } from '../machines/process-end.ts'
import { outputOf } from '../machines/process-output.ts'
import { type CommandSource, untrusted } from '../projects/commands.ts'
import { projectRow } from '../projects/projects.ts'
import type { Script } from '../setup/commands.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { CheckRunTable } from '../store/schema-work.ts'
import { argvOf, scriptEnvironment } from '../workspaces/script-environment.ts'
import type { KeptLogs } from './kept-logs.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export const checkProcessId = (runId: string) => `check-${runId}`

const STOP_GRACE_MS = 2000

/**
 * Takes a recorded run to its verdict: starts its process unless it was started, and waits for its end. Whatever died meanwhile,
 * doing it again finds the same process.
 */
export async function carryOut(
  context: EngineContext,
  source: CommandSource,
  run: CheckRunTable,
  workspace: WorkspaceTable,
): Promise<Verdict> {
  const id = checkProcessId(run.id)
  for (;;) {
    const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
    try {
      const status = await runner.call('process.status', { id })
      if (!status && (await isCancelled(context, run))) return { state: 'cancelled', exitCode: null, note: null }
      if (!status) await start(context, runner, source, run, workspace)
      // Whoever cancels writes it down first, and then stops what there is.
      if (await isCancelled(context, run)) await runner.call('process.stop', { id, graceMs: STOP_GRACE_MS })
      return verdictOf(await endOf(context, { machineId: workspace.machine_id, id, epoch: 1 }), run.timeout_ms)
    } catch (error) {
      if (context.signal.aborted) throw error
      const failure = SkeinError.from(error, `running the check "${run.name}"`)
      if (failure.code === 'internal') throw failure
      if (failure.code !== 'unavailable')
        return { state: 'error', exitCode: null, note: context.redactor.redactText(failure.message) }
    }
  }
}

async function isCancelled(context: EngineContext, run: CheckRunTable): Promise<boolean> {
  const row = await context.db.selectFrom('check_runs').select('cancelled').where('id', '=', run.id).executeTakeFirst()
  return row?.cancelled === 1
}

async function start(
  context: EngineContext,
  runner: RunnerClient,
  source: CommandSource,
  run: CheckRunTable,
  workspace: WorkspaceTable,
): Promise<void> {
  // Asked again: trust may have been taken back since it was recorded.
  const commands = await source.of(workspace)
  if (!commands.trusted) throw untrusted('it was not run', workspace, commands)
  const script = JSON.parse(run.script) as Script
  const project = await projectRow(context, workspace.project_id)
  await runner.call('process.start', {
    id: checkProcessId(run.id),
    epoch: 1,
    kind: 'script',
    argv: await argvOf(runner, script),
    ...(script.stdin === undefined ? {} : { stdin: script.stdin }),
    cwd: workspace.path,
    env: {
      ...(await scriptEnvironment(context, runner, project, workspace)),
      ...commands.env,
      SKEIN_CHECK: run.name,
    },
    timeoutMs: run.timeout_ms,
  })
}

/** Ends the process of a run, with its whole group. */
export async function stopRun(context: EngineContext, run: CheckRunTable, machineId: string): Promise<void> {
  const runner = await context.machines.runner(machineId)
  await runner.call('process.stop', { id: checkProcessId(run.id), graceMs: STOP_GRACE_MS })
}

/** Brings the log of an ended run to us, and lets the machine forget it. */
export async function bringLog(
  context: EngineContext,
  logs: KeptLogs,
  run: CheckRunTable,
  machineId: string,
): Promise<void> {
  const id = checkProcessId(run.id)
  await logs.keep(run.id, outputOf(context, { machineId, id, epoch: 1 }, context.signal))
  context.signal.throwIfAborted()
  await context.db.updateTable('check_runs').set({ log: 'file' }).where('id', '=', run.id).execute()
  const runner = await context.machines.runner(machineId)
  await runner.call('process.forget', { id })
}
