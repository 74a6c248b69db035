import type { ApiResult, Session, SkeinApi, Workspace } from '@skein/protocol'

export function session(id: string, more: Partial<Session> = {}): Session {
  return {
    id,
    workspaceId: `w-${id}`,
    agent: 'claude',
    createdAt: 1,
    state: 'idle',
    seq: 0,
    seenSeq: 0,
    turns: 0,
    queued: 0,
    permissionMode: 'sandboxed',
    usage: { cost: 0, inputTokens: 0, outputTokens: 0 },
    nativeSessionId: id,
    ...more,
  }
}

export function workspace(name: string, more: Partial<Workspace> = {}): Workspace {
  return {
    id: `w-${name}`,
    projectId: 'p-1',
    projectName: 'project',
    name,
    branch: `skein/${name}`,
    base: 'c0ffee',
    baseRef: 'main',
    machine: 'local',
    path: `/workspaces/${name}`,
    createdAt: 1,
    activeAt: 1,
    pinned: false,
    archived: false,
    state: 'ready',
    steps: [],
    status: { status: 'idle', because: 'nothing was asked yet', evidence: [] },
    sessions: [session(`s-${name}`)],
    openAsks: 0,
    ...more,
  }
}

/** A Skein that knows these workspaces and tells of these changes, then of nothing more. */
export function scriptedSkein(
  workspaces: readonly Workspace[],
  changes: readonly ApiResult<'changes'>[] = [],
): SkeinApi {
  const answers: Record<string, (params: { workspace?: string }) => unknown> = {
    'workspaces.list': () => workspaces,
    'workspaces.get': ({ workspace: name }) => workspaces.find((one) => one.name === name || one.id === name),
    'sessions.events': () => ({ events: [], last: 0 }),
    'asks.list': () => [],
  }
  return {
    call: (async (method: string, params: { workspace?: string }) => answers[method]?.(params)) as SkeinApi['call'],
    subscribe: async function* (_method: string, _params: unknown, signal?: AbortSignal) {
      yield* changes
      await new Promise<void>((resolve) => {
        if (signal?.aborted) resolve()
        signal?.addEventListener('abort', () => resolve())
      })
    } as SkeinApi['subscribe'],
    async [Symbol.asyncDispose]() {},
  }
}
