import { randomInt, randomUUID } from 'node:crypto'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type {
  AgentPlugin,
  Disposable as Contribution,
  MachineProvider,
  PluginContext,
  SkeinPlugin,
  TunnelProvider,
} from '@skein/plugin-api'
import type { SessionOptions, SkeinApi } from '@skein/protocol'
import { activity } from './activity.ts'
import { Actors } from './actors.ts'
import { EngineApi } from './api.ts'
import { viewAsk } from './asks.ts'
import { ChangeHub } from './changes.ts'
import { type Clock, systemClock } from './clock.ts'
import { Commands } from './commands.ts'
import type { EngineContext, EngineSettings, Log } from './context.ts'
import { hibernateIdle } from './idle.ts'
import { credentialsFor } from './machines/credentials.ts'
import { installationOf } from './machines/installation.ts'
import { MachineLog } from './machines/machine-log.ts'
import { HOME_MACHINE, Machines } from './machines/machines.ts'
import { MachinePools } from './machines/pools.ts'
import { restIdle, resumeResting } from './machines/rest-idle.ts'
import { Turns } from './machines/turns.ts'
import { viewMachine } from './machines/view.ts'
import { PortDoor } from './ports/open-port.ts'
import { resumeClones } from './projects/clone.ts'
import type { DemoProject } from './projects/demo.ts'
import { shownProject } from './projects/projects.ts'
import { mayRunScripts } from './projects/trust.ts'
import { type Reaped, reap, reapWhatIsThere } from './reaper.ts'
import { SearchIndexer } from './search/indexer.ts'
import { Redactor } from './security/redact.ts'
import { Vault } from './security/vault.ts'
import { SessionFeeds } from './sessions/feed.ts'
import { listQueue } from './sessions/queue.ts'
import { Blobs } from './store/blobs.ts'
import { GroupCommit } from './store/group-commit.ts'
import { migrate } from './store/migrate.ts'
import { migrations } from './store/migrations.ts'
import { openSqlite } from './store/open.ts'
import type { Store } from './store/schema.ts'
import { Work } from './work.ts'
import { removeExpired } from './workspaces/expired.ts'
import { viewWorkspace } from './workspaces/view.ts'

export const defaultSettings: EngineSettings = {
  idleMs: 10 * 60_000,
  memoryCeiling: Math.floor(totalmem() / 2),
  trashMs: 30 * 86_400_000,
  poolSize: 1,
  interruptGraceMs: 15_000,
  lease: { ttlMs: 12 * 3_600_000, hardMs: 12 * 3_600_000 },
}

export interface EngineOptions {
  /** Where state lies; made by the caller with mode 0700. */
  home: string
  /** The store's file; by default `<home>/store.db`. */
  store?: string
  plugins: readonly SkeinPlugin[]
  version: string
  runnerBundle(): Promise<{ path: string; sha256: string }>
  log: Log
  settings?: Partial<EngineSettings>
  clock?: Clock
  uuid?: () => string
  /** A random integer below a bound. */
  random?: (below: number) => number
  /** What sessions get whose makers gave them none: those of the web app. */
  environment?: SessionOptions['environment']
  /** The project to try things in. */
  demo?: DemoProject
}

export interface Engine extends AsyncDisposable {
  readonly api: SkeinApi
  /** Something runs, waits to run, or waits for a person; as of a second ago. */
  busy(): boolean
  /** Resolves when somebody asked for the end (`server.stop`). */
  readonly stopRequested: Promise<void>
  /** Stops idle agents now, as the timer does. Answers the sessions. */
  hibernateIdle(): Promise<string[]>
  /** Stops machines of one workspace on which nothing goes on, now rather than at the next interval. */
  restIdle(): Promise<string[]>
  /** A byte stream to a port of a workspace's machine. */
  openPort(workspaceId: string, port: number, signal: AbortSignal): Promise<Duplex>
  /** Ways by which share links reach this computer, by kind. */
  readonly tunnels: ReadonlyMap<string, TunnelProvider>
  /** Ends this computer's runner and whatever runs there: for who leaves nothing behind. */
  endHomeRunner(): Promise<void>
  /** Ends what belongs to nothing on the machines that are connected. */
  reapHere(): Promise<Reaped>
  /** Ends what belongs to nothing, as the timer does. */
  reap(): Promise<Reaped>
  close(): Promise<void>
}

const BUSY_MS = 1000
const SWEEP_MS = 15_000
const POOL_MS = 60_000
const REAP_MS = 3_600_000
/** Indexing for searches works in the pauses: so long at a time, so long apart. */
const INDEX_MS = { pause: 2000, work: 200 }

/** Opens the store, activates the plugins, takes up what was under way, and answers the engine. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { home, log, clock = systemClock, uuid = randomUUID, random = (below) => randomInt(below) } = options
  const settings = { ...defaultSettings, ...options.settings }
  const closing = new AbortController()
  const store = await openSqlite<Store>(options.store ?? join(home, 'store.db'))
  const { db } = store
  await migrate(db, migrations)
  const commits = new GroupCommit(store)
  const vault = await Vault.open(home)
  const redactor = new Redactor()
  const { agents, providers, tunnels, deactivate } = await activatePlugins(options.plugins, log)
  const changes = new ChangeHub(clock)
  const machineLog = new MachineLog(home, (workspaceId) => changes.workspace(workspaceId))
  const machines = new Machines({
    db,
    clock,
    providers,
    home,
    owner: installationOf(home),
    version: options.version,
    runnerBundle: options.runnerBundle,
    lease: settings.lease,
    log,
    signal: closing.signal,
    onNotice: (severity, title, detail) => changes.notice(severity, title, detail),
    mayRunScripts: (machineId) => mayRunScripts(context, machineId),
    onCredential: (machineId, wanted) => credentialsFor(context, machineId, wanted),
    onChange: (machineId) => void tellOfMachine(context, machineId),
    onHeartbeat: (machineId) => changes.machine(machineId),
    onProgress: (machineId, line) => machineLog.add(machineId, redactor.redactText(line)),
  })
  const context: EngineContext = {
    home,
    db,
    commits,
    clock,
    uuid,
    random,
    vault,
    redactor,
    blobs: new Blobs(home),
    agents,
    providers,
    machines,
    bringing: new Turns(),
    get pools() {
      return pools
    },
    machineLog,
    feeds: new SessionFeeds(db),
    changes,
    get work() {
      return work
    },
    settings,
    log: (level, message, fields) => log(level, redactor.redactText(message), redactor.redactValue(fields)),
    signal: closing.signal,
    environment: options.environment,
    demo: options.demo,
  }
  for (const secret of Object.values(options.environment?.secrets ?? {})) redactor.add(secret)
  changes.connect({
    workspace: (id) => viewWorkspace(context, id),
    ask: (id) => viewAsk(context, id),
    project: (id) => shownProject(context, id),
    machine: (id) => viewMachine(context, id),
    queue: (sessionId) => listQueue(context, sessionId),
  })
  await rememberSecrets(context)
  const actors = new Actors(context)
  const work = new Work(context, actors)
  const pools = new MachinePools(context)
  const stop = Promise.withResolvers<void>()
  const commands = new Commands(context)
  const indexer = new SearchIndexer(context)
  const ports = new PortDoor(context)
  const api = new EngineApi({
    context,
    actors,
    commands,
    indexer,
    version: options.version,
    startedAt: clock.now(),
    stop: () => stop.resolve(),
  })
  // This computer is listed before anything needed it.
  if (providers.has(HOME_MACHINE)) await machines.ensure(HOME_MACHINE)
  await actors.resume()
  await work.resume()
  await resumeClones(context)
  await removeExpired(context, actors)
  void resumeResting(context)
  pools.wake()
  const indexing = every(clock, INDEX_MS.pause, closing.signal, log, () => indexer.catchUp(INDEX_MS.work))
  const sweep = () => hibernateIdle(context, actors)
  const resting = every(clock, SWEEP_MS, closing.signal, log, () => restIdle(context))
  const pooling = every(clock, POOL_MS, closing.signal, log, () => pools.look())
  const sweeping = every(clock, SWEEP_MS, closing.signal, log, sweep)
  const reaping = every(clock, REAP_MS, closing.signal, log, async () => {
    await removeExpired(context, actors)
    await reap(context)
    await work.forgetRemoved()
    await commands.forgetOld()
  })
  let busy = true
  const watching = every(clock, BUSY_MS, closing.signal, log, async () => {
    const { running, openAsks, making } = await activity(context)
    busy = running + openAsks + making > 0
  })
  let closed: Promise<void> | undefined
  const close = async () => {
    closing.abort()
    sweeping[Symbol.dispose]()
    resting[Symbol.dispose]()
    pooling[Symbol.dispose]()
    indexing[Symbol.dispose]()
    watching[Symbol.dispose]()
    reaping[Symbol.dispose]()
    // Links first: whatever waits for a machine's answer gives up, and is taken up again at the next start.
    await machines[Symbol.asyncDispose]()
    await pools.close()
    await work.close()
    await actors.close()
    deactivate()
    await commits[Symbol.asyncDispose]()
    await store.close()
  }
  return {
    api,
    busy: () => busy,
    stopRequested: stop.promise,
    hibernateIdle: sweep,
    restIdle: () => restIdle(context),
    openPort: (workspaceId, port, signal) => ports.open(workspaceId, port, signal),
    tunnels,
    endHomeRunner: () => machines.endHomeRunner(),
    reapHere: () => reapWhatIsThere(context),
    reap: async () => {
      await removeExpired(context, actors)
      return reap(context)
    },
    close: () => {
      closed ??= close()
      return closed
    },
    [Symbol.asyncDispose]() {
      closed ??= close()
      return closed
    },
  }
}

/** A machine is another, and with it what is known of the workspaces there. */
async function tellOfMachine({ changes, db, signal }: EngineContext, machineId: string): Promise<void> {
  changes.machine(machineId)
  if (changes.listeners === 0 || signal.aborted) return
  const workspaces = await db
    .selectFrom('workspaces')
    .select('id')
    .where('machine_id', '=', machineId)
    .where('state', '<>', 'removed')
    .execute()
    // The engine is closing.
    .catch(() => [])
  for (const { id } of workspaces) changes.workspace(id)
}

async function activatePlugins(plugins: readonly SkeinPlugin[], log: Log) {
  const agents = new Map<string, AgentPlugin>()
  const providers = new Map<string, MachineProvider>()
  const tunnels = new Map<string, TunnelProvider>()
  const contributions: Contribution[] = []
  const registry = <T extends { kind: string }>(into: Map<string, T>) => ({
    register(item: T): Contribution {
      into.set(item.kind, item)
      return { dispose: () => into.delete(item.kind) }
    },
  })
  for (const plugin of plugins) {
    const context: PluginContext = {
      machines: registry(providers),
      agents: registry(agents),
      tunnels: registry(tunnels),
      subscriptions: contributions,
      log: (message) => log('info', message, { plugin: plugin.name }),
    }
    await plugin.activate(context)
  }
  const deactivate = () => {
    for (const contribution of contributions.reverse()) contribution.dispose()
  }
  return { agents, providers, tunnels, deactivate }
}

/**
 * Secrets that sessions still have must never be shown, also not after a restart. One that cannot be opened (its key is gone)
 * stops that session's next start, with the reason, and nothing else.
 */
async function rememberSecrets(context: EngineContext): Promise<void> {
  const rows = await context.db
    .selectFrom('sessions')
    .select(['id', 'secrets_sealed'])
    .where('secrets_sealed', 'is not', null)
    .execute()
  for (const { id, secrets_sealed } of rows) {
    if (secrets_sealed === null) continue
    try {
      const secrets = JSON.parse(context.vault.open(secrets_sealed, `secrets:${id}`)) as Record<string, string>
      for (const secret of Object.values(secrets)) context.redactor.add(secret)
    } catch (error) {
      context.log('warn', 'the secrets of a session cannot be opened', { sessionId: id, error: String(error) })
    }
  }
}

/** Runs a task at intervals, never two at once; a failure is logged. */
function every(clock: Clock, ms: number, signal: AbortSignal, log: Log, task: () => Promise<unknown>): Disposable {
  let timer: Disposable
  const run = async () => {
    try {
      await task()
    } catch (error) {
      if (!signal.aborted) log('warn', 'a periodic task failed', { error: String(error) })
    }
    if (!signal.aborted) timer = clock.after(ms, () => void run())
  }
  timer = clock.after(ms, () => void run())
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
}
