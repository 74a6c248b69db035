import { type ProcessExit, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { repositoryOf } from '../machines/places.ts'
import { resolveSetup } from '../setup/config.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { argvOf, scriptEnvironment } from './script-environment.ts'

const SETUP_LIMIT_MS = 60 * 60_000

export const setupProcessId = (workspaceId: string) => `setup-${workspaceId}`

/**
 * Runs the repository's setup script as a process of the runner: its log is a journal, so a server that dies meanwhile finds it
 * again, running or ended, and does not run it twice.
 */
export async function runSetup(
  context: EngineContext,
  runner: RunnerClient,
  project: Store['projects'],
  workspace: WorkspaceTable,
  trusted: boolean,
): Promise<{ note?: string; skipped?: boolean }> {
  const setup = await resolveSetup(async (file) => {
    const repo = repositoryOf(context, project, workspace, runner)
    const shown = await runner.call('git.show', { repo, commit: workspace.base ?? 'HEAD', file })
    return shown ? Buffer.from(shown.base64, 'base64').toString('utf8') : null
  })
  if (!setup) return { skipped: true, note: 'no setup script' }
  // It is for work trees of this computer; what a machine of the scripts' own needs, its provision does.
  if (setup.source === '.flight/worktree-setup' && Number(workspace.in_place) === 1)
    return { skipped: true, note: `${setup.source} is for local work trees` }
  if (!trusted)
    return { skipped: true, note: `${setup.source} wants to run a setup script; not trusted, so not run (skein trust)` }
  const id = setupProcessId(workspace.id)
  const argv = await argvOf(runner, setup)
  await runner.call('process.start', {
    id,
    epoch: 1,
    argv,
    cwd: workspace.path,
    kind: 'script',
    ...(setup.stdin === undefined ? {} : { stdin: setup.stdin }),
    env: { ...(await scriptEnvironment(context, runner, project, workspace)), ...setup.env },
    timeoutMs: SETUP_LIMIT_MS,
  })
  const exit = await exitOf(context, runner, id)
  if (exit.code === 0) return { note: setup.source }
  const tail = await tailOf(runner, id)
  const how =
    exit.reason === 'timeout'
      ? 'took over an hour'
      : exit.signal === undefined
        ? `ended with exit code ${exit.code}`
        : `was ended by ${exit.signal}`
  throw new SkeinError('conflict', `the setup script of ${setup.source} ${how}${tail === '' ? '' : `: ${tail}`}`, {
    next: `Read the log with: skein logs --setup ${workspace.name}. Run it again with: skein retry ${workspace.name}`,
  })
}

/** Waits for a process's end; its output is read by whoever wants to see it. */
async function exitOf(context: EngineContext, runner: RunnerClient, id: string): Promise<ProcessExit> {
  const ended = Promise.withResolvers<ProcessExit>()
  const subscription = await runner.subscribe(
    { id, from: 'tail' },
    { data: () => undefined, gap: () => undefined, exit: ({ exit }) => ended.resolve(exit) },
  )
  context.machines.whenLost(runner, () =>
    ended.reject(new SkeinError('unavailable', 'the link to the machine was lost during setup')),
  )
  const onAbort = () => ended.reject(new SkeinError('cancelled', 'the server is stopping'))
  context.signal.addEventListener('abort', onAbort, { once: true })
  try {
    const now = await runner.call('process.status', { id })
    if (now?.exit) return now.exit
    return await ended.promise
  } finally {
    context.signal.removeEventListener('abort', onAbort)
    ended.promise.catch(() => undefined)
    await subscription.unsubscribe().catch(() => undefined)
  }
}

async function tailOf(runner: RunnerClient, id: string): Promise<string> {
  const parts: string[] = []
  const read = Promise.withResolvers<void>()
  const subscription = await runner.subscribe(
    { id, from: 'start' },
    {
      data: ({ text }) => {
        parts.push(text)
        if (parts.length > 4) parts.shift()
      },
      gap: () => undefined,
      exit: () => read.resolve(),
    },
  )
  await read.promise
  await subscription.unsubscribe().catch(() => undefined)
  return parts.join('').trimEnd().split('\n').slice(-5).join('\n').slice(-800)
}
