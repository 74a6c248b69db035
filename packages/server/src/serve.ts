import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { TunnelProvider } from '@skein/engine'
import { HEARTBEAT_MS, type SkeinApi, SkeinError } from '@skein/protocol'
import { ServerApi } from './api/server-api.ts'
import { createApp } from './app.ts'
import { prepareHome, type ServerPaths, serverPaths } from './home.ts'
import { listen } from './listener.ts'
import { acquireServerLock, type ServerRecord } from './lock.ts'
import { openLog } from './log.ts'
import type { OpenPort } from './previews/proxy.ts'
import { socketPolicy } from './security.ts'
import { Shares } from './shares/shares.ts'
import { createDoor } from './web/door.ts'
import { refuseOpenDoor, Web, type WebOptions } from './web/web.ts'

/** What a server needs of the engine. */
export interface Served {
  api: SkeinApi
  /** Whether something goes on that the server must stay for: a turn, a step of a workspace, a removal. */
  busy(): boolean
  /** For previews; without it there are none. */
  openPort?: OpenPort
  /** Ways by which share links reach this computer. */
  tunnels?: ReadonlyMap<string, TunnelProvider>
  close(): Promise<void>
}

export interface ServeOptions {
  /** `$SKEIN_HOME`. */
  home: string
  version: string
  /** Opens what is served. Called once this process owns the home, so it may open the store. */
  open(): Promise<Served>
  /** The server ends by itself after this long without connections and without being busy, milliseconds. Never by default. */
  idleExitMs?: number
  /** Serves the web app too, over TCP. Such a server never ends by itself. */
  web?: WebOptions
  heartbeatMs?: number
  /** How long requests that run may go on when the server stops, milliseconds. */
  drainMs?: number
}

/** `asked`: by `server.stop`. `socket_gone`: somebody removed the socket's file, so nobody can connect any more. */
export type StopReason = 'asked' | 'signal' | 'idle' | 'socket_gone' | 'disposed'

export interface Server extends AsyncDisposable {
  readonly socketPath: string
  /** Where the web app is, if it is served. */
  readonly web: { url: string } | undefined
  /** Resolves when it has stopped and everything is released. */
  readonly stopped: Promise<StopReason>
  /** Ends subscriptions so that clients connect again, lets requests end, closes what is served. Agents run on. */
  stop(reason: StopReason): Promise<void>
}

/**
 * Serves a `SkeinApi` on the home's Unix socket, as the one owner of the home.
 *
 * Throws `conflict` (with `details.lock === 'held'`) when another server owns it.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const paths = serverPaths(options.home)
  if (options.web) refuseOpenDoor(options.web)
  prepareHome(paths)
  const held = new Held()
  const stopping = new AbortController()
  const stopped = Promise.withResolvers<StopReason>()
  let stop: Promise<void> | undefined
  const web = options.web && new Web(options.web, paths)
  const server: Server = {
    socketPath: paths.socket,
    get web() {
      return web && { url: web.url }
    },
    stopped: stopped.promise,
    stop: (reason) => {
      stopping.abort()
      stop ??= held.release().then(() => stopped.resolve(reason))
      return stop
    },
    [Symbol.asyncDispose]: () => server.stop('disposed'),
  }
  try {
    const lock = await acquireServerLock(paths)
    held.add(() => lock.release())
    const { logger, close } = openLog(paths.log)
    held.add(close)
    const served = await options.open()
    held.add(() => served.close())
    const drainMs = options.drainMs ?? 3_000
    const openPort = served.openPort ?? noPorts
    const shares = new Shares({ paths, tunnels: served.tunnels ?? new Map(), openPort, logger })
    held.add(() => shares[Symbol.asyncDispose]())
    const parts = {
      api: new ServerApi({ api: served.api, web, shares, onStop: () => void server.stop('asked') }),
      version: options.version,
      heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
      stopping: stopping.signal,
      logger,
      onDefect: (method: string, error: SkeinError) => logger.error({ method, err: error.cause ?? error }, 'a defect'),
    }
    if (web) {
      const door = createDoor({ ...parts, web, openPort, mcp: web.options.mcp?.(served.api) })
      const { host, port, tls } = web.options
      const listener = await listen({ host, port, ...(tls ? { tls } : {}) }, door, logger)
      web.listensAt(listener.port)
      held.add(() => listener.close(drainMs))
    }
    const app = createApp({ ...parts, policy: socketPolicy })
    const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    const request: RequestListener = (incoming, outgoing) => void handle(incoming, outgoing)
    const listener = await listen({ socketPath: paths.socket }, { request }, logger)
    held.add(() => listener.close(drainMs))
    writeRecord(paths, { pid: process.pid, version: options.version, socket: paths.socket, startedAt: Date.now() })
    held.add(() => rmSync(paths.info, { force: true }))
    const watch = watchForEnd(options.idleExitMs, {
      inUse: () => web !== undefined || listener.connections > 0 || shares.open > 0 || served.busy(),
      reachable: () => existsSync(paths.socket),
      end: (reason) => {
        logger.info({ reason }, 'stops')
        void server.stop(reason)
      },
    })
    held.add(() => clearInterval(watch))
    logger.info({ version: options.version, ...(web ? { web: web.url } : {}) }, 'listens')
    return server
  } catch (error) {
    await held.release()
    throw SkeinError.from(error, `starting the server of ${paths.home}`)
  }
}

const noPorts: OpenPort = async () => {
  throw new SkeinError('unavailable', 'there are no ports here')
}

/** What was taken, in the order of taking; given back in the opposite order. */
class Held {
  readonly #releases: (() => void | Promise<void>)[] = []

  add(release: () => void | Promise<void>): void {
    this.#releases.push(release)
  }

  async release(): Promise<void> {
    for (let release = this.#releases.pop(); release; release = this.#releases.pop()) await release()
  }
}

function writeRecord(paths: ServerPaths, record: ServerRecord): void {
  const written = `${paths.info}.new`
  writeFileSync(written, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  renameSync(written, paths.info)
}

const LONGEST_LOOK_MS = 5_000

function watchForEnd(
  idleExitMs: number | undefined,
  server: { inUse(): boolean; reachable(): boolean; end(reason: StopReason): void },
): NodeJS.Timeout {
  let usedAt = performance.now()
  const look = () => {
    if (server.inUse()) usedAt = performance.now()
    if (!server.reachable()) server.end('socket_gone')
    else if (idleExitMs !== undefined && performance.now() - usedAt >= idleExitMs) server.end('idle')
  }
  return setInterval(look, Math.min((idleExitMs ?? LONGEST_LOOK_MS) / 4, LONGEST_LOOK_MS))
}
