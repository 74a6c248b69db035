import { type ProcessExit, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { endOf } from '../machines/process-end.ts'
import { type CommandSource, untrusted } from '../projects/commands.ts'
import { projectRow } from '../projects/projects.ts'
import type { Script } from '../setup/commands.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { ServiceTable } from '../store/schema-work.ts'
import { argvOf, scriptEnvironment } from '../workspaces/script-environment.ts'

export const serviceProcessId = (workspaceId: string, name: string) => shortId('service-', workspaceId, name)

export const STOP_GRACE_MS = 5000

/**
 * Takes a service that was recorded as starting, or as running, to its end. Its process is started unless it was; `running` is
 * told of it. Whatever died meanwhile, doing it again finds the same process.
 */
export async function runService(
  context: EngineContext,
  source: CommandSource,
  row: ServiceTable,
  workspace: WorkspaceTable,
  running: (pid: number | null) => Promise<void>,
): Promise<ProcessExit> {
  const id = serviceProcessId(workspace.id, row.name)
  const gone = (message: string): ProcessExit => ({ code: null, reason: 'lost', message, at: context.clock.now() })
  for (;;) {
    const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
    try {
      let status = await runner.call('process.status', { id })
      if (!status || status.epoch < row.epoch) {
        if (await isUnwanted(context, row)) return { code: null, reason: 'stopped', at: context.clock.now() }
        if (row.pid !== null) return gone('the machine knows nothing of it any more')
        status = await start(context, runner, source, row, workspace)
      }
      // Whoever stops it writes that down first, and then stops what there is.
      if (await isUnwanted(context, row)) await runner.call('process.stop', { id, graceMs: STOP_GRACE_MS })
      if (!status.exit) await running(status.pid ?? null)
      const exit = await endOf(context, { machineId: workspace.machine_id, id, epoch: row.epoch })
      return exit ?? gone('the machine knows nothing of it any more')
    } catch (error) {
      if (context.signal.aborted) throw error
      const failure = SkeinError.from(error, `running the service "${row.name}"`)
      if (failure.code === 'internal') throw failure
      if (failure.code !== 'unavailable')
        return { code: null, reason: 'start_failed', message: failure.message, at: context.clock.now() }
    }
  }
}

async function isUnwanted(context: EngineContext, { workspace_id, name }: ServiceTable): Promise<boolean> {
  const row = await context.db
    .selectFrom('services')
    .select('wanted')
    .where('workspace_id', '=', workspace_id)
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.wanted !== 1
}

async function start(
  context: EngineContext,
  runner: RunnerClient,
  source: CommandSource,
  row: ServiceTable,
  workspace: WorkspaceTable,
) {
  const commands = await source.of(workspace)
  if (!commands.trusted) throw untrusted('it was not started', workspace, commands)
  const script = JSON.parse(row.script) as Script
  const project = await projectRow(context, workspace.project_id)
  const id = serviceProcessId(workspace.id, row.name)
  const port = row.port === null || workspace.port === null ? undefined : workspace.port + row.port
  const status = await runner.call('process.start', {
    id,
    epoch: row.epoch,
    kind: 'script',
    argv: await argvOf(runner, script),
    ...(script.stdin === undefined ? {} : { stdin: script.stdin }),
    cwd: workspace.path,
    env: {
      ...(await scriptEnvironment(context, runner, project, workspace)),
      ...(port === undefined ? {} : { PORT: String(port) }),
      ...commands.env,
      SKEIN_SERVICE: row.name,
    },
    strays: true,
  })
  // Only the last start's log is kept.
  await runner.call('process.ack', { id, cursor: { epoch: row.epoch, offset: 0 } })
  return status
}
