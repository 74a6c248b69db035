import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { type CredentialWanted, daemonEnvironment } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { HOME_MACHINE } from './machines.ts'

type Credentials = { username?: string; password?: string }

const PATIENCE_MS = 60_000

/**
 * Git on a machine asks for credentials. It gets those that git on this computer would use, and only for hosts from which a
 * project comes that has a workspace there: an agent there must not collect what else the person may reach.
 */
export async function credentialsFor(
  context: EngineContext,
  machineId: string,
  wanted: CredentialWanted,
): Promise<Credentials> {
  if (wanted.protocol !== 'https') return {}
  const project = await projectFrom(context, machineId, wanted.host)
  if (project === undefined) {
    context.log('warn', 'credentials were asked for that no project there needs', { machineId, host: wanted.host })
    return {}
  }
  const found = await fill(project, wanted, context.signal)
  if (found.password !== undefined) context.redactor.add(found.password)
  return found
}

/** The clone of a project with a workspace on the machine that has a remote at the host. */
async function projectFrom(context: EngineContext, machineId: string, host: string): Promise<string | undefined> {
  const rows = await context.db
    .selectFrom('workspaces')
    .innerJoin('projects', 'projects.id', 'workspaces.project_id')
    .select('projects.path')
    .distinct()
    .where('machine_id', '=', machineId)
    .where('workspaces.state', '<>', 'removed')
    .execute()
  const home = await context.machines.runner(HOME_MACHINE)
  for (const { path } of rows) {
    const { remotes } = await home.call('git.inspect', { path })
    if (remotes.some(({ url }) => hostOf(url) === host)) return path
  }
  return undefined
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}

/** What the person's own helpers know. Nobody is asked at a terminal: there may be none. */
async function fill(repo: string, wanted: CredentialWanted, signal: AbortSignal): Promise<Credentials> {
  const child = spawn('git', ['-C', repo, 'credential', 'fill'], {
    env: { ...daemonEnvironment(process.env), GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: 'true', SSH_ASKPASS: 'true' },
    stdio: ['pipe', 'pipe', 'ignore'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  })
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  child.stdin.end(
    `${Object.entries(wanted)
      .filter(([, value]) => typeof value === 'string' && !/[\n\0]/.test(value))
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')}\n`,
  )
  const lines = (await text(child.stdout)).split('\n').map((line) => line.split(/=(.*)/s))
  const value = (name: string) => lines.find(([key]) => key === name)?.[1]
  const [username, password] = [value('username'), value('password')]
  return {
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  }
}
