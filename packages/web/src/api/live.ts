import type {
  Ask,
  Change,
  Check,
  MachineInfo,
  Project,
  QueuedPrompt,
  Service,
  SkeinApi,
  Terminal,
  Workspace,
} from '@skein/protocol'
import { useEffect, useMemo } from 'react'
import { create } from 'zustand'
import { useShallow } from 'zustand/react/shallow'
import { useApi } from './context.tsx'
import { queryClient, queryKey } from './query.ts'

/** Things by name or id, within a workspace. */
type ByWorkspace<T> = ReadonlyMap<string, ReadonlyMap<string, T>>

interface Live {
  /** All that was there at the start has come. */
  ready: boolean
  /** `changes` itself was refused. */
  error: unknown
  workspaces: ReadonlyMap<string, Workspace>
  asks: ReadonlyMap<string, Ask>
  projects: ReadonlyMap<string, Project>
  machines: ReadonlyMap<string, MachineInfo>
  checks: ByWorkspace<Check>
  services: ByWorkspace<Service>
  terminals: ByWorkspace<Terminal>
  queues: ReadonlyMap<string, readonly QueuedPrompt[]>
  /** How far long commands have got, by their keys. */
  progress: ReadonlyMap<string, { text: string; fraction?: number | undefined }>
}

const NOTHING: Live = {
  ready: false,
  error: undefined,
  workspaces: new Map(),
  asks: new Map(),
  projects: new Map(),
  machines: new Map(),
  checks: new Map(),
  services: new Map(),
  terminals: new Map(),
  queues: new Map(),
  progress: new Map(),
}

/** All that the server tells by itself. Components take what they show by the hooks below. */
export const useLive = create<Live>()(() => NOTHING)

/** Another state after changes. Maps that nothing changed in stay the same, so that who shows them need not look. */
export function applyChanges(before: Live, changes: readonly Change[]): Live {
  const next = { ...before }
  const copied = new Set<string>()
  const map = <K extends 'workspaces' | 'asks' | 'projects' | 'machines' | 'queues' | 'progress'>(
    name: K,
  ): Map<string, never> => {
    if (!copied.has(name)) Object.assign(next, { [name]: new Map(next[name] as ReadonlyMap<string, unknown>) })
    copied.add(name)
    return next[name] as unknown as Map<string, never>
  }
  const within = (name: 'checks' | 'services' | 'terminals', workspaceId: string): Map<string, never> => {
    if (!copied.has(name)) Object.assign(next, { [name]: new Map(next[name] as ReadonlyMap<string, unknown>) })
    copied.add(name)
    const outer = next[name] as unknown as Map<string, Map<string, never>>
    const mark = `${name} ${workspaceId}`
    const inner = copied.has(mark) ? outer.get(workspaceId) : undefined
    const own = inner ?? new Map<string, never>(outer.get(workspaceId))
    copied.add(mark)
    outer.set(workspaceId, own)
    return own
  }
  for (const change of changes) {
    switch (change.type) {
      case 'workspace':
        map('workspaces').set(change.workspace.id, change.workspace as never)
        break
      case 'workspace_gone':
        map('workspaces').delete(change.workspaceId)
        break
      case 'ask':
        map('asks').set(change.ask.id, change.ask as never)
        break
      case 'project':
        map('projects').set(change.project.id, change.project as never)
        break
      case 'project_gone':
        map('projects').delete(change.projectId)
        break
      case 'machine':
        map('machines').set(change.machine.id, change.machine as never)
        break
      case 'machine_gone':
        map('machines').delete(change.machineId)
        break
      case 'check':
        within('checks', change.check.workspaceId).set(change.check.name, change.check as never)
        break
      case 'service':
        within('services', change.service.workspaceId).set(change.service.name, change.service as never)
        break
      case 'terminal':
        within('terminals', change.terminal.workspaceId).set(change.terminal.id, change.terminal as never)
        break
      case 'terminal_gone':
        within('terminals', change.workspaceId).delete(change.terminalId)
        break
      case 'queue':
        map('queues').set(change.sessionId, change.prompts as never)
        break
      case 'progress':
        map('progress').set(change.key, { text: change.text, fraction: change.fraction } as never)
        break
      case 'ready':
        next.ready = true
        break
      case 'comments':
      case 'notice':
        break
    }
  }
  return next
}

type Listener = (change: Change) => void
const listeners = new Set<Listener>()

/** Calls back on each change, after the store has it; for notices and the like. Returns how to stop. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Follows the server's changes until the signal is aborted. */
export async function followChanges(api: SkeinApi, signal: AbortSignal): Promise<void> {
  let waiting: Change[] = []
  let scheduled = false
  const flush = () => {
    scheduled = false
    const changes = waiting
    waiting = []
    if (signal.aborted) return
    useLive.setState(applyChanges(useLive.getState(), changes))
    for (const change of changes) {
      forgetAnswers(change)
      for (const listener of listeners) listener(change)
    }
  }
  try {
    for await (const change of api.subscribe('changes', {}, signal)) {
      waiting.push(change)
      // Many changes come at once, at the start and while agents work: the page is drawn once for all of them.
      if (!scheduled) {
        scheduled = true
        setTimeout(flush, 16)
      }
    }
  } catch (error) {
    if (!signal.aborted) useLive.setState({ error })
  }
}

/** Drops kept answers that a change makes wrong. */
function forgetAnswers(change: Change): void {
  switch (change.type) {
    case 'comments':
      void queryClient.invalidateQueries({ queryKey: queryKey('comments.list') })
      break
    case 'ask':
      if (change.ask.kind === 'plan') void queryClient.invalidateQueries({ queryKey: queryKey('plans.list') })
      break
    case 'workspace':
      for (const session of change.workspace.sessions) {
        const key = queryKey('turns.list', { sessionId: session.id })
        const known = queryClient.getQueryData<readonly { endedAt?: number }[]>(key)
        const done = session.lastTurn?.endedAt !== undefined
        if (known && (known.length !== session.turns || done !== (known.at(-1)?.endedAt !== undefined)))
          void queryClient.invalidateQueries({ queryKey: key })
      }
      break
    case 'check':
      void queryClient.invalidateQueries({ queryKey: queryKey('checks.runs') })
      break
    case 'project':
      void queryClient.invalidateQueries({ queryKey: queryKey('projects.scripts') })
      break
  }
}

const sortedBy = <T>(map: ReadonlyMap<string, T>, order: (a: T, b: T) => number): T[] => [...map.values()].sort(order)

/** All workspaces that are not removed, the newest first. */
export function useWorkspaces(): readonly Workspace[] {
  const workspaces = useLive((live) => live.workspaces)
  return useMemo(
    () => sortedBy(workspaces, (a, b) => b.createdAt - a.createdAt).filter((each) => each.state !== 'removed'),
    [workspaces],
  )
}

export const useWorkspace = (id: string): Workspace | undefined => useLive((live) => live.workspaces.get(id))

/** A session, wherever it is. */
export function useSession(sessionId: string | undefined) {
  return useLive((live) => {
    for (const workspace of live.workspaces.values()) {
      const session = workspace.sessions.find(({ id }) => id === sessionId)
      if (session) return session
    }
    return undefined
  })
}

/** Open asks, the oldest first; of one workspace or of all. */
export function useAsks(workspaceId?: string): readonly Ask[] {
  const asks = useLive((live) => live.asks)
  return useMemo(
    () =>
      sortedBy(asks, (a, b) => a.createdAt - b.createdAt).filter(
        (ask) => ask.state === 'open' && (workspaceId === undefined || ask.workspaceId === workspaceId),
      ),
    [asks, workspaceId],
  )
}

/** Any ask that this page has heard of, answered or not. */
export const useAsk = (askId: string): Ask | undefined => useLive((live) => live.asks.get(askId))

export function useProjects(): readonly Project[] {
  const projects = useLive((live) => live.projects)
  return useMemo(() => sortedBy(projects, (a, b) => a.name.localeCompare(b.name)), [projects])
}

/** Every machine that is known, this computer first. */
export function useMachines(): readonly MachineInfo[] {
  const machines = useLive((live) => live.machines)
  return useMemo(
    () => sortedBy(machines, (a, b) => Number(b.id === 'local') - Number(a.id === 'local') || a.id.localeCompare(b.id)),
    [machines],
  )
}

export const useMachine = (id: string | undefined): MachineInfo | undefined =>
  useLive((live) => (id === undefined ? undefined : live.machines.get(id)))

/** A list that was asked for once and is kept right by changes. */
export interface LiveList<T> {
  items: readonly T[]
  loading: boolean
  error: unknown
  reload(): void
}

const lists = {
  checks: { method: 'checks.list', id: (check: Check) => check.name },
  services: { method: 'services.list', id: (service: Service) => service.name },
  terminals: { method: 'terminals.list', id: (terminal: Terminal) => terminal.id },
} as const

const useListStates = create<ReadonlyMap<string, { loading: boolean; error?: unknown }>>()(() => new Map())
const EMPTY: ReadonlyMap<string, unknown> = new Map()

function useList<T>(kind: keyof typeof lists, workspaceId: string): LiveList<T> {
  const api = useApi()
  const mark = `${kind} ${workspaceId}`
  const state = useListStates((states) => states.get(mark))
  const found = useLive((live): ReadonlyMap<string, unknown> => live[kind].get(workspaceId) ?? EMPTY)
  useEffect(() => {
    if (!useListStates.getState().has(mark)) void loadList(api, kind, workspaceId)
  }, [api, kind, workspaceId, mark])
  return useMemo(
    () => ({
      items: [...found.values()] as T[],
      loading: state?.loading ?? true,
      error: state?.error,
      reload: () => void loadList(api, kind, workspaceId),
    }),
    [found, state, api, kind, workspaceId],
  )
}

async function loadList(api: SkeinApi, kind: keyof typeof lists, workspaceId: string): Promise<void> {
  const mark = `${kind} ${workspaceId}`
  const say = (state: { loading: boolean; error?: unknown }) =>
    useListStates.setState(new Map(useListStates.getState()).set(mark, state), true)
  say({ loading: true })
  const before: ReadonlyMap<string, unknown> | undefined = useLive.getState()[kind].get(workspaceId)
  try {
    const { method, id } = lists[kind]
    const items = (await api.call(method, { workspaceId })) as readonly unknown[]
    const now: ReadonlyMap<string, unknown> | undefined = useLive.getState()[kind].get(workspaceId)
    const fresh = new Map(items.map((item) => [id(item as never), item]))
    // What changed while the answer was on its way is newer than the answer.
    for (const [key, item] of now ?? []) if (before?.get(key) !== item) fresh.set(key, item)
    useLive.setState(
      (live) => ({ [kind]: new Map<string, unknown>(live[kind]).set(workspaceId, fresh) }) as Partial<Live>,
    )
    say({ loading: false })
  } catch (error) {
    say({ loading: false, error })
  }
}

/** The checks of a workspace, with their last runs. */
export const useChecks = (workspaceId: string): LiveList<Check> => useList('checks', workspaceId)
export const useServices = (workspaceId: string): LiveList<Service> => useList('services', workspaceId)
export const useTerminals = (workspaceId: string): LiveList<Terminal> => useList('terminals', workspaceId)

/** The prompts that wait in a session, once the server has told of them. */
export const useQueue = (sessionId: string): readonly QueuedPrompt[] | undefined =>
  useLive((live) => live.queues.get(sessionId))

/** How far a long command has got, by its key. */
export const useProgress = (key: string | undefined) =>
  useLive(useShallow((live) => (key === undefined ? undefined : live.progress.get(key))))
