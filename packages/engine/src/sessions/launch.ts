import { join } from 'node:path'
import type { AgentPlugin, AgentProbe, LaunchOptions } from '@skein/plugin-api'
import { type ProcessSpec, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { environmentOn } from '../machines/environment.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { trustedNow } from '../projects/trust.ts'
import type { SessionTable, WorkspaceTable } from '../store/schema.ts'
import { workspaceVariables } from '../workspaces/variables.ts'
import { environmentOf, secretsOf } from './create.ts'
import { processId } from './journal.ts'
import { serversOf } from './mcp-servers.ts'
import type { SessionOrigin, StoredOptions } from './options.ts'

const PROBE_KEEPS_MS = 60_000
const probes = new WeakMap<EngineContext, Map<string, { at: number; probe: Promise<AgentProbe> }>>()

/** What a machine has of an agent; asked anew after a minute. */
export function probeAgent(
  context: EngineContext,
  runner: RunnerClient,
  agent: AgentPlugin,
  env: Record<string, string>,
): Promise<AgentProbe> {
  const known = probes.get(context) ?? new Map<string, { at: number; probe: Promise<AgentProbe> }>()
  probes.set(context, known)
  const key = `${runner.hello.daemonId}\0${agent.kind}\0${env.PATH ?? ''}`
  const last = known.get(key)
  if (last && context.clock.now() - last.at < PROBE_KEEPS_MS) return last.probe
  const probe = agent.probe(async (argv, options) => {
    const { code, stdout, stderr } = await runner.call('exec', { argv, env, timeoutMs: options?.timeoutMs ?? 10_000 })
    return { code, stdout, stderr }
  })
  const entry = { at: context.clock.now(), probe }
  known.set(key, entry)
  // Only a good answer is worth keeping: what was missing may have been installed meanwhile.
  void probe.then(
    (result) => {
      if (!result.found || result.problems.some(({ severity }) => severity === 'error')) known.delete(key)
    },
    () => known.delete(key),
  )
  return probe
}

/** Everything that the runner needs to start the next process of a session. */
export async function launchSession(
  context: EngineContext,
  agent: AgentPlugin,
  session: SessionTable,
  workspace: WorkspaceTable,
  runner: RunnerClient,
): Promise<{ spec: ProcessSpec; greeting: { key: string; line: string }[] }> {
  const options = JSON.parse(session.options) as StoredOptions
  const { env: given, secrets } = await environmentFor(context, session, workspace)
  const env = {
    HOME: runner.hello.home,
    PATH: runner.hello.path,
    ...given,
    ...workspaceVariables(workspace),
    SKEIN_SESSION: session.id,
  }
  const probe = await probeAgent(context, runner, agent, env)
  if (!probe.found || probe.executable === undefined) {
    const problem = probe.problems.find(({ severity }) => severity === 'error') ?? probe.problems[0]
    throw new SkeinError('missing', problem?.what ?? `${agent.name} is not installed`, {
      next: problem?.remedy ?? 'Run: skein doctor',
    })
  }
  const unusable = probe.problems.find(({ severity }) => severity === 'error')
  if (unusable) throw new SkeinError('missing', unusable.what, { next: unusable.remedy })
  const launchOptions: LaunchOptions = {
    nativeSessionId: session.native_id,
    start: startOf(session),
    cwd: workspace.path,
    additionalFolders: [],
    permissionMode: options.permissionMode ?? 'sandboxed',
    model: options.model,
    effort: options.effort,
    maxTurns: options.maxTurns,
    maxCost: options.maxCost,
    allowedTools: options.allowedTools ?? [],
    disallowedTools: options.disallowedTools ?? [],
    appendSystemPrompt: options.appendSystemPrompt,
    jsonSchema: options.jsonSchema,
    mcpServers: serversOf(context, session),
    trusted: await trustedNow(context, workspace, session.epoch > 1),
    sandboxAvailable: probe.sandboxAvailable,
    isolatedMachine: await context.machines.isolated(workspace.machine_id),
    root: runner.hello.root,
    env,
    secrets,
    executable: probe.executable,
    denyRead: workspace.machine_id === HOME_MACHINE ? privatePaths(context.home) : privateElsewhere(runner.hello.dir),
  }
  const { greeting, ...launch } = agent.launch(launchOptions)
  const spec: ProcessSpec = {
    id: processId(session.id),
    epoch: session.epoch,
    kind: 'lines',
    cwd: workspace.path,
    ...launch,
    snapshotOnExpiry: [{ path: workspace.path, ref: `refs/skein/lease/${workspace.id}` }],
  }
  return { spec, greeting }
}

/** What an agent gets: of the demo project, what its scripted model needs, and nothing of the person's own. */
async function environmentFor(
  context: EngineContext,
  session: SessionTable,
  workspace: WorkspaceTable,
): Promise<{ env: Record<string, string>; secrets: Record<string, string> }> {
  const project = await context.db
    .selectFrom('projects')
    .select('demo')
    .where('id', '=', workspace.project_id)
    .executeTakeFirst()
  if (!project || Number(project.demo) === 0)
    return {
      env: {
        ...environmentOn(workspace.machine_id, environmentOf(context, session)),
        ...(await context.machines.machine(workspace.machine_id)).environment?.(),
      },
      secrets: secretsOf(context, session),
    }
  if (!context.demo)
    throw new SkeinError('missing', 'the demo project’s agents need the server that comes with it', {
      next: 'Start it with: skein up',
    })
  const { env = {}, secrets = {} } = await context.demo.environment()
  for (const secret of Object.values(secrets)) context.redactor.add(secret)
  return { env, secrets }
}

/** What of Skein's own state an agent must not read; its workspace lies beside. */
function privatePaths(home: string): string[] {
  return ['runner', 'store.db', 'store.db-wal', 'store.db-shm', 'secret.key', 'server.sock', 'blobs', 'logs'].map(
    (name) => join(home, name),
  )
}

/** The same on another machine, where workspaces and clones lie in the runner's own folder. */
function privateElsewhere(dir: string): string[] {
  return ['s', 'sock', 'blobs', 'exec', 'tmp', 'trash', 'lease.json', 'runner.log', 'login-path.json'].map((name) =>
    join(dir, name),
  )
}

function startOf(session: SessionTable): LaunchOptions['start'] {
  if (session.has_conversation) return { how: 'resume' }
  const origin = JSON.parse(session.origin) as SessionOrigin
  return origin.how === 'fork' ? { how: 'fork', from: origin.from, atMessage: origin.at } : { how: 'new' }
}
