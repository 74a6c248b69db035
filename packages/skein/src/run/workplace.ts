import { createHash } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { uuidFrom } from '@skein/engine'
import {
  environmentForAgents,
  refuseCredentials,
  type SessionOptions,
  type SkeinApi,
  type WorkspaceRepository,
} from '@skein/protocol'
import type { On } from '../on.ts'
import { type CheckedRepository, checkedRepositories, machineOf } from './check.ts'
import type { AgentOptions, CredentialCallback, PlaceOptions } from './options.ts'

/** Where a workspace is to be, and of what: all that can be prepared before it is made. */
export interface Workplace {
  projectId: string
  base?: string
  repositories?: WorkspaceRepository[]
  on: string
}

/** Brings the repositories, and makes the machine's settings known. May be repeated under the same key. */
export async function prepareWorkplace(
  api: SkeinApi,
  key: string,
  options: PlaceOptions,
  signal: AbortSignal,
): Promise<Workplace> {
  const on = await prepareMachine(api, machineOf(options), signal)
  const wanted = checkedRepositories(options.repositories)
  const credentials = new Credentials(options.credential)
  const brought = await Promise.all(
    wanted.map((repository, n) => bring(api, uuidFrom(key, 'fetch', String(n)), repository, credentials, signal)),
  )
  const [first, ...others] = brought
  if (first !== undefined && others.length === 0) return { projectId: first.projectId, base: first.base, on }
  const blank = await api.call(
    'projects.blank',
    { key: uuidFrom(key, 'blank'), folders: brought.map(({ folder }) => folder) },
    signal,
  )
  return { projectId: blank.id, on, ...(brought.length === 0 ? {} : { repositories: brought }) }
}

async function bring(
  api: SkeinApi,
  key: string,
  repository: CheckedRepository,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<WorkspaceRepository> {
  const { url, path, folder, branch, tag, commit, depth, submodules } = repository
  // A clone of one's own is taken as it is, without the network.
  if (path !== undefined && depth === undefined && !submodules) {
    const project = await api.call('projects.open', { key, path }, signal)
    return {
      projectId: project.id,
      folder,
      base: commit ?? branch ?? (tag === undefined ? 'HEAD' : `refs/tags/${tag}`),
    }
  }
  const credential = await credentials.of(url)
  const { project, commit: base } = await api.call(
    'projects.fetch',
    {
      key,
      url: addressOf(repository),
      ...(branch === undefined ? {} : { branch }),
      ...(tag === undefined ? {} : { tag }),
      ...(commit === undefined ? {} : { commit }),
      ...(depth === undefined ? {} : { depth }),
      ...(submodules ? { submodules } : {}),
      ...(credential === undefined ? {} : { credential }),
    },
    signal,
  )
  return { projectId: project.id, folder, base }
}

/** git takes all of a folder's history unless that has an address. */
function addressOf({ url, path, depth }: CheckedRepository): string {
  if (path === undefined) return url
  return depth === undefined ? path : pathToFileURL(path).href
}

/** Asks once for each host. */
class Credentials {
  readonly #ask: CredentialCallback | undefined
  readonly #known = new Map<string, Promise<{ username: string; password: string } | undefined>>()

  constructor(ask: CredentialCallback | undefined) {
    this.#ask = ask
  }

  of(url: string): Promise<{ username: string; password: string } | undefined> {
    if (this.#ask === undefined || !/^https?:/i.test(url)) return Promise.resolve(undefined)
    const { host } = new URL(url)
    const answer = this.#known.get(host) ?? this.#answer(this.#ask, host)
    this.#known.set(host, answer)
    return answer
  }

  async #answer(ask: CredentialCallback, host: string) {
    const answer = await ask(host)
    if (answer === undefined || answer === '') return undefined
    // What GitHub, GitLab and Forgejo take beside a token.
    return typeof answer === 'string' ? { username: 'x-access-token', password: answer } : answer
  }
}

/** What `--on` would take. Settings of a machine that is made for a workspace get a name of their own, so that two runs may differ. */
async function prepareMachine(api: SkeinApi, { kind, name, settings }: On, signal: AbortSignal): Promise<string> {
  const named = name === '' ? kind : `${kind}:${name}`
  if (Object.keys(settings).length === 0) return named
  const kinds = await api.call('machines.kinds', {}, signal)
  const shared = kinds.find((one) => one.kind === kind)?.lifetime === 'shared'
  const text = JSON.stringify({ kind, name, settings })
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12)
  const own = shared ? name : `library-${digest}`
  // A kind whose machines are known by what they are called is told that, too.
  const takesApp = kind === 'fly' && name !== ''
  await api.call(
    'machines.add',
    {
      key: uuidFrom('machine', text),
      kind,
      name: own,
      settings: { ...settings, ...(takesApp ? { app: name } : {}) },
    },
    signal,
  )
  return `${kind}:${own}`
}

/** What the agent of a session is given. */
export async function sessionOptions(
  api: SkeinApi,
  options: AgentOptions,
  on: string,
  signal: AbortSignal,
): Promise<SessionOptions> {
  const { model, effort, tools, mcpServers, instructions, maxTurns, budget, outputSchema } = options
  const permissionMode = options.permissionMode ?? (await defaultMode(api, on, signal))
  return {
    permissionMode,
    environment: agentEnvironment(options),
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(tools?.allow === undefined ? {} : { allowedTools: [...tools.allow] }),
    ...(tools?.deny === undefined ? {} : { disallowedTools: [...tools.deny] }),
    ...(mcpServers === undefined
      ? {}
      : { mcpServers: structuredClone(mcpServers) as NonNullable<SessionOptions['mcpServers']> }),
    ...(instructions === undefined ? {} : { appendSystemPrompt: instructions }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(budget === undefined ? {} : { maxCost: budget }),
    ...(outputSchema === undefined ? {} : { jsonSchema: outputSchema }),
  }
}

/** Nobody is there to be asked: where the machine itself is the boundary, nothing needs to be. */
async function defaultMode(api: SkeinApi, on: string, signal: AbortSignal): Promise<'bypass' | 'sandboxed'> {
  const kind = on.split(':')[0]
  const kinds = await api.call('machines.kinds', {}, signal)
  return kinds.find((one) => one.kind === kind)?.isolated ? 'bypass' : 'sandboxed'
}

/** What was given by name comes before what this process has; credentials that were given stand for all of them. */
export function agentEnvironment({ env, secrets }: AgentOptions): NonNullable<SessionOptions['environment']> {
  const own = environmentForAgents(process.env)
  const given = environmentForAgents(
    Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, value])),
  )
  const merged = { ...own.env, ...env }
  for (const name of Object.keys(given.secrets)) delete merged[name]
  refuseCredentials(merged.ANTHROPIC_BASE_URL)
  return { env: merged, secrets: { ...(secrets ? {} : own.secrets), ...given.secrets, ...secrets } }
}
