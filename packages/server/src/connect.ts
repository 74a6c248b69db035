import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type ApiResult, connectionLoss, type SkeinApi, SkeinError } from '@skein/protocol'
import { createHttpClient } from '@skein/protocol/node'
import { keepPrivate, prepareHome, type ServerPaths, serverPaths } from './home.ts'
import { type LaunchCommand, LaunchedServer } from './launch.ts'
import { type Lock, readServerRecord, tryLock } from './lock.ts'

export interface ConnectOptions {
  /** `$SKEIN_HOME`. */
  home: string
  /** Ours; a server of another version is replaced when it has nothing to do. */
  version: string
  /** How to start a server of that home. Of `env` only an allow-list goes to it. */
  spawn: LaunchCommand
  signal?: AbortSignal
  /** Told when no server answers and one is started. */
  onStarting?(): void
  onNotice?(message: string): void
  /** For all of it, milliseconds; a minute by default, since a server that was killed while it wrote to a slow disk takes long to go. */
  deadlineMs?: number
}

const DEADLINE_MS = 60_000
/** After this long a person is told what is being waited for. */
const SILENCE_MS = 5_000

/**
 * Connects to the home's server; starts one in the background if there is none. However many call this at once, one server is
 * started. Wrap it with `withReconnect` to outlive the server.
 */
export async function connectOrStart(options: ConnectOptions): Promise<SkeinApi> {
  const paths = serverPaths(options.home)
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS
  const deadline = AbortSignal.timeout(deadlineMs)
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
  const impatience = setTimeout(
    () => options.onNotice?.(`Waiting for the server of ${paths.home} to answer, for up to ${deadlineMs / 1000} s.`),
    SILENCE_MS,
  )
  try {
    const running = await findServer(paths, signal)
    if (!running) return await start(paths, options, signal)
    if (running.info.version === options.version) return running.api
    if (running.info.web || running.info.activity.running > 0 || running.info.activity.openAsks > 0) {
      options.onNotice?.(
        `The server runs version ${running.info.version} and this is ${options.version}; it is replaced when nothing runs.`,
      )
      return running.api
    }
    await stopServer(running)
    return await start(paths, options, signal, running.info.pid)
  } catch (error) {
    if (options.signal?.aborted)
      throw new SkeinError('cancelled', `connecting to the server of ${paths.home}: cancelled`, { cause: error })
    if (deadline.aborted) throw timedOut(paths, deadlineMs, error)
    throw error
  } finally {
    clearTimeout(impatience)
  }
}

/** Connects to the home's server if one runs; starts none. */
export async function connectIfRunning(options: { home: string; signal?: AbortSignal }): Promise<SkeinApi | undefined> {
  const deadline = AbortSignal.timeout(5_000)
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
  const running = await findServer(serverPaths(options.home), signal)
  return running?.api
}

/**
 * Takes the place of the home's server, if one runs: until `start` has ended, nobody else can start one, however many clients of the old
 * one look for another.
 *
 * @param start starts ours; `launch` does so in the background
 */
export async function takeOver<T>(
  { home, deadlineMs = DEADLINE_MS }: { home: string; deadlineMs?: number },
  start: (launch: (command: LaunchCommand) => Promise<SkeinApi>) => Promise<T>,
): Promise<T> {
  const paths = serverPaths(home)
  const signal = AbortSignal.timeout(deadlineMs)
  prepareHome(paths)
  let turn: Lock | undefined
  try {
    turn = await lockIn(paths.startLock, signal)
    const before = await findServer(paths, signal)
    if (before) await stopServer(before)
    ;(await lockIn(paths.lock, signal)).release()
  } catch (error) {
    turn?.release()
    if (signal.aborted) throw timedOut(paths, deadlineMs, error)
    throw error
  }
  try {
    return await start((command) => launch(paths, command, async () => (await findServer(paths, signal))?.api, signal))
  } finally {
    turn.release()
  }
}

async function lockIn(path: string, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    const lock = await tryLock(path)
    if (lock) return lock
    await delay(50, undefined, { signal })
  }
}

interface RunningServer {
  api: SkeinApi
  info: ApiResult<'server.info'>
}

async function findServer(paths: ServerPaths, signal: AbortSignal): Promise<RunningServer | undefined> {
  // What we tell the server is secret, so we look whose folder its socket is in.
  if (!keepPrivate(paths.home) || !keepPrivate(dirname(paths.socket))) return undefined
  const api = createHttpClient({ socketPath: paths.socket })
  try {
    return { api, info: await api.call('server.info', {}, signal) }
  } catch (error) {
    await api[Symbol.asyncDispose]()
    const errno = error instanceof SkeinError ? error.details?.errno : undefined
    if (errno === 'EACCES' || errno === 'EPERM')
      throw new SkeinError('unavailable', `${paths.socket}: permission denied`, {
        next: 'Check the owner and mode of that socket, or set SKEIN_HOME.',
        cause: error,
      })
    if (connectionLoss(error)) return undefined
    throw error
  }
}

async function stopServer({ api, info }: RunningServer): Promise<void> {
  try {
    await api.call('server.stop', { key: `replace-${info.pid}-${info.startedAt}` })
  } catch (error) {
    if (!connectionLoss(error)) throw error
  } finally {
    await api[Symbol.asyncDispose]()
  }
}

/**
 * Everybody who finds no server tries to be the one who starts it, and looks for it until it answers.
 *
 * @param replaced the process of a server that was asked to stop, and may answer for a moment yet
 */
async function start(
  paths: ServerPaths,
  options: ConnectOptions,
  signal: AbortSignal,
  replaced?: number,
): Promise<SkeinApi> {
  prepareHome(paths)
  options.onStarting?.()
  const find = async () => {
    const running = await findServer(paths, signal)
    if (running?.info.pid !== replaced) return running?.api
    await running?.api[Symbol.asyncDispose]()
    return undefined
  }
  for (;;) {
    const turn = await tryLock(paths.startLock)
    try {
      const api = (await find()) ?? (turn && (await launch(paths, options.spawn, find, signal)))
      if (api) return api
    } finally {
      turn?.release()
    }
    await delay(50, undefined, { signal })
  }
}

/** Starts servers until one answers: the first may find that one which stops still holds the lock. */
async function launch(
  paths: ServerPaths,
  command: LaunchCommand,
  find: () => Promise<SkeinApi | undefined>,
  signal: AbortSignal,
): Promise<SkeinApi> {
  for (let wait = 100; ; wait = Math.min(wait * 2, 1_000)) {
    const server = LaunchedServer.start(paths, command)
    try {
      while (!server.ended) {
        const api = await find()
        if (api) return api
        await delay(10, undefined, { signal })
      }
      if (!server.lockWasHeld) {
        // On a disk that is full by now it could not even say so.
        prepareHome(paths)
        throw server.error()
      }
    } finally {
      server.release()
    }
    await delay(wait, undefined, { signal })
    const api = await find()
    if (api) return api
  }
}

function timedOut(paths: ServerPaths, deadlineMs: number, cause: unknown): SkeinError {
  const pid = readServerRecord(paths)?.pid
  return new SkeinError('timed_out', `the server of ${paths.home} did not answer within ${deadlineMs / 1000} s`, {
    next: `Read ${paths.output}.${pid === undefined ? '' : ` If process ${pid} hangs, end it with kill -9 ${pid}; agents run on.`}`,
    cause,
  })
}
