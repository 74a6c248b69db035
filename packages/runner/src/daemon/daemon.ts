import { randomUUID } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunnerMethod, RunnerNotifications } from '@skein/protocol'
import { gitMethods, SkeinError } from '@skein/protocol'
import { createGitHandlers, type GitHandlers } from '../git/index.ts'
import { Blobs } from '../machine/blobs.ts'
import { DiskGuard, type DiskLevel, type DiskThresholds } from '../machine/disk-guard.ts'
import { Commands } from '../machine/exec.ts'
import { loginPath } from '../machine/login-path.ts'
import { Terminals } from '../machine/terminals.ts'
import { ProcessTable } from '../processes/table.ts'
import { makePrivateFolder } from '../system/durable.ts'
import { Connection } from './connection.ts'
import { Credentials, writeCredentialHelper } from './credentials.ts'
import { Lease } from './lease.ts'
import { DaemonLock } from './lock.ts'
import { createMethods, type Methods } from './methods.ts'
import { ListeningSocket } from './socket.ts'
import { startSuccessor } from './upgrade.ts'

export interface DaemonOptions {
  /** The state folder, absolute. */
  dir: string
  /** The runner's own file. */
  script: string
  version: string
  sha256: string
  /** Ends by itself after this long without a client and without anything that runs. */
  idleExitMs: number | undefined
  /** What it was started with, for a successor to be started with the same. */
  flags: string[]
  disk: DiskThresholds
  log(message: string): void
  /** Called when the daemon has ended; agents run on unless they were stopped. */
  onEnd(): void
}

const helperOf = (dir: string) => join(dir, 'git-credential-skein')

const CHECK_MS = 1000
/** How long requests that are being answered may keep an upgrade waiting. */
const DRAIN_MS = 10_000

const isGitMethod = (method: RunnerMethod): method is keyof typeof gitMethods => method in gitMethods

/** The runner of one state folder, from taking its lock to giving it up. */
export class Daemon {
  readonly #options: DaemonOptions
  readonly #connections = new Set<Connection>()
  readonly #commands: Commands
  readonly #terminals: Terminals
  readonly #git: GitHandlers
  #path: Promise<string> | undefined
  readonly #daemonId = randomUUID()
  readonly #credentials = new Credentials()
  #lock: DaemonLock
  #table: ProcessTable
  #lease: Lease
  #methods: Methods
  #guard: DiskGuard
  #socket: ListeningSocket | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #ending = new AbortController()
  #answering = 0
  #idleSince = Date.now()
  #state: 'serving' | 'handing_over' | 'ended' = 'serving'

  private constructor(options: DaemonOptions, lock: DaemonLock) {
    this.#options = options
    this.#lock = lock
    this.#commands = new Commands(options.dir)
    this.#terminals = new Terminals(options.script)
    this.#git = createGitHandlers({ dir: options.dir })
    const served = this.#serve()
    this.#table = served.table
    this.#lease = served.lease
    this.#methods = served.methods
    this.#guard = served.guard
  }

  /** Takes the folder's lock, adopts what lives there, and listens. Answers the other daemon's pid where there is one. */
  static async start(options: DaemonOptions): Promise<Daemon | { heldBy: number }> {
    makePrivateFolder(options.dir)
    chmodSync(options.dir, 0o700)
    const lock = DaemonLock.acquire(options.dir)
    if (!(lock instanceof DaemonLock)) return lock
    const daemon = new Daemon(options, lock)
    daemon.#socket = await ListeningSocket.open(options.dir, (socket) => {
      daemon.#connections.add(
        new Connection(socket, {
          answer: (method, params, connection) => daemon.#answer(method, params, connection),
          onClose: (connection) => {
            daemon.#connections.delete(connection)
            daemon.#credentials.gone(connection)
          },
          log: options.log,
        }),
      )
    })
    writeCredentialHelper(helperOf(options.dir), [
      process.execPath,
      ...process.execArgv,
      options.script,
      'credential',
      `--dir=${options.dir}`,
    ])
    // Not before: a login shell may take more of the machine than we do.
    void daemon.#askPath()
    daemon.#timer = setInterval(() => daemon.#check(), CHECK_MS)
    return daemon
  }

  /** Gives everything up; agents run on. */
  async end(): Promise<void> {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#ending.abort()
    clearInterval(this.#timer)
    this.#socket?.close()
    this.#terminals[Symbol.dispose]()
    await this.#commands[Symbol.asyncDispose]()
    await this.#git[Symbol.asyncDispose]()
    await this.#letGo()
    // Last, so that whoever sees the stream end finds the lock free.
    for (const connection of this.#connections) connection.close()
    this.#options.onEnd()
  }

  /** Everything that works on the processes: made anew when an upgrade did not come about. */
  #serve() {
    const { dir, disk, log, version, sha256 } = this.#options
    const table = new ProcessTable(dir, log)
    const lease = new Lease(dir, {
      running: () => table.running,
      snapshot: async (path, ref) => {
        await this.#git['git.snapshot']({ path, ref, message: 'The lease ran out' })
      },
      notice: (severity, title) => this.#notice({ severity, code: 'lease', title }),
      exit: () => void this.end(),
      log,
    })
    const blobs = new Blobs(dir)
    void blobs.removeOld().catch((error) => log(`removing old blobs: ${String(error)}`))
    const guard = new DiskGuard(dir, disk, (level, free) => this.#onDisk(level, free))
    const methods = createMethods({
      dir,
      version,
      sha256,
      daemonId: this.#daemonId,
      path: () => this.#askPath(),
      table,
      commands: this.#commands,
      terminals: this.#terminals,
      blobs,
      lease,
      credentials: this.#credentials,
      helper: helperOf(dir),
      upgrade: (bundle) => this.#upgrade(bundle),
      // After the answer.
      shutdown: () => void setImmediate(() => void this.end()),
    })
    return { table, lease, methods, guard }
  }

  #askPath(): Promise<string> {
    this.#path ??= loginPath(this.#options.dir)
    return this.#path
  }

  async #letGo(): Promise<void> {
    this.#guard[Symbol.dispose]()
    this.#lease[Symbol.dispose]()
    await this.#table[Symbol.asyncDispose]()
    this.#lock.release()
  }

  async #answer(method: RunnerMethod, params: unknown, connection: Connection): Promise<unknown> {
    if (this.#state !== 'serving') {
      throw new SkeinError('unavailable', `${method}: this runner is ending`, { next: 'Connect again.' })
    }
    this.#answering++
    try {
      if (isGitMethod(method)) {
        const handle = this.#git[method] as (params: unknown, signal: AbortSignal) => Promise<unknown>
        return await handle(params, this.#ending.signal)
      }
      const handle = this.#methods[method] as (params: unknown, connection: Connection) => unknown
      return await handle(params, connection)
    } finally {
      this.#answering--
    }
  }

  /** Hands everything over to another version; takes it back if that one does not come up. */
  async #upgrade(bundle: string): Promise<void> {
    const { dir, flags, log } = this.#options
    this.#state = 'handing_over'
    const deadline = Date.now() + DRAIN_MS
    // All but the request for the upgrade itself.
    while (this.#answering > 1 && Date.now() < deadline) await sleep(20)
    await this.#letGo()
    try {
      await startSuccessor(dir, bundle, flags)
    } catch (error) {
      const lock = DaemonLock.acquire(dir)
      if (lock instanceof DaemonLock) {
        this.#lock = lock
        this.#takeBack()
        throw error
      }
      log(`upgrading: ${String(error)}; but process ${lock.heldBy} serves now`)
    }
    setImmediate(() => void this.end())
  }

  #takeBack(): void {
    const served = this.#serve()
    this.#table = served.table
    this.#lease = served.lease
    this.#methods = served.methods
    this.#guard = served.guard
    this.#state = 'serving'
  }

  #check(): void {
    if (this.#state !== 'serving') return
    if (!this.#lock.held) {
      this.#options.log('the lock is no longer ours; ending without touching any process')
      void this.end()
      return
    }
    const idle = this.#connections.size === 0 && this.#table.running.length === 0 && this.#terminals.running === 0
    if (!idle || this.#answering > 0) this.#idleSince = Date.now()
    const { idleExitMs } = this.#options
    if (idleExitMs !== undefined && Date.now() - this.#idleSince >= idleExitMs) void this.end()
  }

  #onDisk(level: DiskLevel, free: number): void {
    if (level === 'enough') return
    const detail = `${Math.round(free / 1e6)} MB are free.`
    if (level === 'low') {
      this.#notice({ severity: 'warning', code: 'disk_low', title: "The machine's disk is nearly full.", detail })
      return
    }
    this.#notice({
      severity: 'error',
      code: 'disk_full',
      title: "The machine's disk is full: agents are interrupted.",
      detail,
    })
    for (const { running } of this.#table.running) {
      const line = running?.spec.interruptLine
      if (line !== undefined && running?.busy !== false) running?.inbox?.add(Buffer.from(`${line}\n`))
    }
  }

  #notice(notice: RunnerNotifications['runner.notice']): void {
    for (const connection of this.#connections) void connection.notify('runner.notice', notice).catch(() => {})
  }
}
