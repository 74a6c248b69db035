import type { RunnerClient } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { environmentOn } from '../machines/environment.ts'
import { repositoryOf } from '../machines/places.ts'
import { environmentOf } from '../sessions/create.ts'
import type { Script } from '../setup/commands.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { workspaceVariables } from './variables.ts'

/** The environment of what a repository runs in a workspace: the variables that its agents get, and none of their secrets. */
export async function scriptEnvironment(
  context: EngineContext,
  runner: RunnerClient,
  project: Pick<Store['projects'], 'id' | 'path'>,
  workspace: WorkspaceTable,
): Promise<Record<string, string>> {
  return {
    HOME: runner.hello.home,
    PATH: runner.hello.path,
    ...(await givenEnvironment(context, workspace)),
    ...workspaceVariables(workspace),
    CONDUCTOR_ROOT_PATH: repositoryOf(context, project, workspace, runner),
    CONDUCTOR_WORKSPACE_NAME: workspace.name,
    CONDUCTOR_WORKSPACE_PATH: workspace.path,
    CONDUCTOR_DEFAULT_BRANCH: workspace.base_ref,
    CONDUCTOR_PORT: String(workspace.port ?? ''),
  }
}

/** `zsh` where the machine has it, `sh` where not. */
export async function argvOf(runner: RunnerClient, script: Script): Promise<string[]> {
  if (script.argv[0] !== 'zsh') return script.argv
  const shell = await runner.call('exec', { argv: ['sh', '-c', 'command -v zsh || true'], timeoutMs: 5000 })
  return shell.stdout.trim() === '' ? ['sh', ...script.argv.slice(1)] : script.argv
}

/** The variables that the workspace was made with. */
async function givenEnvironment(context: EngineContext, workspace: WorkspaceTable): Promise<Record<string, string>> {
  const session = await context.db
    .selectFrom('sessions')
    .select(['id', 'env'])
    .where('workspace_id', '=', workspace.id)
    .orderBy('created_at')
    .executeTakeFirst()
  return {
    ...(session ? environmentOn(workspace.machine_id, environmentOf(context, session)) : {}),
    ...(await context.machines.machine(workspace.machine_id)).environment?.(),
  }
}
