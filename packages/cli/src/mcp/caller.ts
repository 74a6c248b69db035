import { sep } from 'node:path'
import { FREEDOM, type PermissionMode, type Session, type SkeinApi, SkeinError, type Workspace } from '@skein/protocol'

/**
 * Who asks. Outside any workspace it is a person's own agent or program, which may do what the person may. Inside one it is an agent
 * that Skein runs: it sees its own workspace and those that come from it, acts on the latter alone, and gets nobody more rights than it
 * has. That keeps an agent that errs, or was talked into something, from the person's other work; it is no wall against one that can run
 * whatever it likes as the person.
 */
export class Caller {
  readonly #api: SkeinApi
  readonly #path: string | undefined
  readonly #cwd: string | undefined
  readonly #sessionId: string | undefined

  constructor(api: SkeinApi, env: NodeJS.ProcessEnv, cwd: string | undefined) {
    this.#api = api
    this.#path = env.SKEIN_WORKSPACE_PATH
    this.#cwd = cwd
    this.#sessionId = env.SKEIN_SESSION
  }

  /** All that this caller may see, those that need somebody first. */
  async workspaces(removed = false): Promise<Workspace[]> {
    const all = await this.#api.call('workspaces.list', removed ? { removed } : {})
    const own = this.#own(all)
    if (!own) return all
    const reach = descendants(own, all)
    return all.filter(({ id }) => id === own.id || reach.has(id))
  }

  /** One that may be looked at, by id, name, or a unique beginning of either. */
  async find(name: string): Promise<Workspace> {
    const [found, seen] = await Promise.all([
      this.#api.call('workspaces.get', { workspace: name }),
      this.workspaces(true),
    ])
    if (seen.some(({ id }) => id === found.id)) return found
    throw new SkeinError('not_found', `the workspace ${name} is neither yours nor one that you made`, {
      next: 'Call list_workspaces for those that you may look at.',
    })
  }

  /** One that may be acted on. */
  async findToAct(name: string): Promise<Workspace> {
    const found = await this.find(name)
    const inside = await this.inside()
    if (inside?.workspace.id !== found.id) return found
    throw new SkeinError(
      'conflict',
      `${found.name} is the workspace that you are in, and an agent does not act on its own`,
      {
        next: 'End your turn with what you want to say; a person decides about your workspace.',
      },
    )
  }

  /** The workspace and session of the agent that asks; undefined outside. */
  async inside(): Promise<{ workspace: Workspace; session: Session } | undefined> {
    const workspace = this.#own(await this.#api.call('workspaces.list', {}))
    if (!workspace) return undefined
    const newest = workspace.sessions.toSorted((a, b) => b.createdAt - a.createdAt)
    const session = newest.find(({ id }) => id === this.#sessionId) ?? newest[0]
    if (session) return { workspace, session }
    throw new SkeinError('conflict', `the workspace ${workspace.name} has no session, so nobody can be asking from it`)
  }

  #own(all: readonly Workspace[]): Workspace | undefined {
    const isIn = (folder: string, path: string) => folder === path || folder.startsWith(path + sep)
    const where = this.#path ?? this.#cwd
    if (where === undefined) return undefined
    const own = all.find(({ path }) => isIn(where, path))
    if (own || this.#path === undefined) return own
    throw new SkeinError('unauthorized', 'this agent is in a workspace that this Skein does not know', {
      next: 'Its Skein is on another computer, or the workspace was removed.',
    })
  }
}

/** The workspaces that agents of this one made, and theirs. */
function descendants(own: Workspace, all: readonly Workspace[]): Set<string> {
  const sessions = new Set(own.sessions.map(({ id }) => id))
  const found = new Set<string>()
  for (let before = -1; before < found.size; ) {
    before = found.size
    for (const workspace of all) {
      if (
        found.has(workspace.id) ||
        !workspace.sessions.some(({ parent }) => parent !== undefined && sessions.has(parent))
      )
        continue
      found.add(workspace.id)
      for (const { id } of workspace.sessions) sessions.add(id)
    }
  }
  return found
}

/** Refuses a mode in which another agent might do more unasked than the one that asks for it. */
export function refuseMoreFreedom(wanted: PermissionMode, own: PermissionMode): void {
  if (FREEDOM.indexOf(wanted) <= FREEDOM.indexOf(own)) return
  throw new SkeinError(
    'unauthorized',
    `you work in the permission mode ${own}, so no agent of yours may work in ${wanted}`,
    {
      next: `Use one of: ${FREEDOM.slice(0, FREEDOM.indexOf(own) + 1).join(', ')}.`,
    },
  )
}
