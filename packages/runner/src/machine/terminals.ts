import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import {
  RpcPeer,
  type RunnerNotifications,
  type RunnerParams,
  type RunnerResult,
  SkeinError,
  TERMINAL_WINDOW,
} from '@skein/protocol'
import { Changes } from '../system/changes.ts'
import { allProcesses, type SystemProcess } from '../system/processes.ts'
import { HOST_STREAM, type HostNotifications, type HostRequests, loadPty } from './terminal-host.ts'
import { TerminalRing } from './terminal-ring.ts'

const LARGEST_PART = 32 * 1024
/** How long a terminal may take to hang up. */
const HANG_UP_MS = 2000

type Notify = <N extends keyof RunnerNotifications>(name: N, params: RunnerNotifications[N]) => Promise<void>

interface Terminal {
  pid: Promise<number>
  cwd: string
  ring: TerminalRing
  changes: Changes
  exit: { code: number | null } | undefined
}

/** How fast one who looks at a terminal takes what is sent. */
export class TerminalReader {
  readonly quiet: boolean
  readonly #credit = new Changes()
  #onItsWay = 0

  constructor(quiet: boolean) {
    this.quiet = quiet
  }

  sent(chars: number): void {
    this.#onItsWay += chars
  }

  credit(chars: number): void {
    this.#onItsWay = Math.max(0, this.#onItsWay - chars)
    this.#credit.announce()
  }

  /** False: the signal was aborted before there was room. */
  async room(signal: AbortSignal): Promise<boolean> {
    while (this.#onItsWay >= TERMINAL_WINDOW && !signal.aborted) await this.#credit.after(this.#credit.version, signal)
    return !signal.aborted
  }
}

/** Interactive terminals. They end with the runner; what must last is a process. */
export class Terminals implements Disposable {
  readonly #script: string
  readonly #terminals = new Map<string, Terminal>()
  #host: RpcPeer | undefined
  #available: boolean | undefined

  /** `script`: the runner's own file, which is the terminals' host too when it is told `terminals`. */
  constructor(script: string) {
    this.#script = script
  }

  /** Whether this machine has what terminals need. */
  get available(): boolean {
    this.#available ??= loadPty() !== undefined
    return this.#available
  }

  get running(): number {
    return this.#terminals.size
  }

  async open(params: RunnerParams<'pty.open'>): Promise<{ pid: number }> {
    const open = this.#terminals.get(params.id)
    if (open) return { pid: await open.pid }
    if (!this.available) {
      throw new SkeinError('missing', 'opening a terminal: @lydell/node-pty cannot be loaded on this machine', {
        next: 'Install it beside the runner, or use process.start with kind "script".',
      })
    }
    const pid = this.#ask('open', params).then((answer) => (answer as { pid: number }).pid)
    const terminal: Terminal = {
      pid,
      cwd: params.cwd,
      ring: new TerminalRing(),
      changes: new Changes(),
      exit: undefined,
    }
    this.#terminals.set(params.id, terminal)
    try {
      return { pid: await pid }
    } catch (error) {
      this.#terminals.delete(params.id)
      throw error
    }
  }

  /**
   * Sends what the ring holds and what comes, as fast as the reader takes it. One that is too slow misses the oldest, and is told
   * to begin anew.
   */
  async follow(sub: number, id: string, reader: TerminalReader, notify: Notify, signal: AbortSignal): Promise<void> {
    const terminal = this.get(id)
    const { ring } = terminal
    let at = -1
    while (!signal.aborted) {
      const { version } = terminal.changes
      if (terminal.exit && (reader.quiet || at >= ring.end))
        return await notify('pty.exit', { sub, code: terminal.exit.code })
      if (reader.quiet || at === ring.end) {
        await terminal.changes.after(version, signal)
        continue
      }
      // Before anything is taken: while there is no room, the oldest may be dropped.
      if (!(await reader.room(signal))) return
      const reset = at < ring.start
      if (reset) at = ring.start
      const rest = ring.read(at, LARGEST_PART)
      const data = reset ? ring.modes.prelude + rest : rest
      at += rest.length
      reader.sent(data.length)
      await notify('pty.data', { sub, data, ...(reset ? { reset } : {}) })
    }
  }

  async input(id: string, data: string): Promise<void> {
    this.get(id)
    await this.#ask('input', { id, data })
  }

  async resize(id: string, cols: number, rows: number): Promise<void> {
    this.get(id)
    await this.#ask('resize', { id, cols, rows })
  }

  /** Hangs up, as closing a terminal's window does, and kills what does not mind. */
  async close(id: string): Promise<void> {
    const terminal = this.#terminals.get(id)
    if (!terminal) return
    await this.#ask('kill', { id, signal: 'SIGHUP' })
    const kill = () => void this.#ask('kill', { id, signal: 'SIGKILL' }).catch(() => {})
    setTimeout(() => terminal.exit ?? kill(), HANG_UP_MS).unref()
  }

  async list(): Promise<RunnerResult<'pty.list'>> {
    return await Promise.all(
      [...this.#terminals].map(async ([id, { pid, cwd }]) => {
        const { title } = (await this.#ask('title', { id })) as { title?: string }
        return { id, pid: await pid, cwd, ...(title === undefined ? {} : { title }) }
      }),
    )
  }

  /** What runs in each terminal. */
  async members(ids: string[] | undefined, table = allProcesses()): Promise<Map<string, SystemProcess[]>> {
    const members = new Map<string, SystemProcess[]>()
    for (const [id, terminal] of this.#terminals) {
      if (ids !== undefined && !ids.includes(id)) continue
      const pid = await terminal.pid.catch(() => undefined)
      if (pid !== undefined) members.set(id, descendantsOf(pid, table))
    }
    return members
  }

  get(id: string): Terminal {
    const terminal = this.#terminals.get(id)
    if (!terminal)
      throw new SkeinError('not_found', `there is no terminal ${id}`, { next: 'It has ended; open a new one.' })
    return terminal
  }

  [Symbol.dispose](): void {
    this.#host?.close()
  }

  async #ask<M extends keyof HostRequests>(method: M, params: HostRequests[M]): Promise<unknown> {
    this.#host ??= this.#startHost()
    return await this.#host.request(method, params)
  }

  #startHost(): RpcPeer {
    const child = spawn(process.execPath, [...process.execArgv, this.#script, 'terminals'], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      detached: true,
      cwd: '/',
    })
    child.on('error', () => {})
    child.unref()
    return new RpcPeer(child.stdio[HOST_STREAM] as Duplex, {
      onNotification: (name, params) => {
        if (name === 'data') this.#onData(params as HostNotifications['data'])
        if (name === 'exit') this.#onExit(params as HostNotifications['exit'])
      },
      onClose: () => {
        this.#host = undefined
        for (const id of this.#terminals.keys()) this.#onExit({ id, code: null })
      },
    })
  }

  #onData({ id, data }: HostNotifications['data']): void {
    const terminal = this.#terminals.get(id)
    if (!terminal) return
    terminal.ring.push(data)
    terminal.changes.announce()
  }

  #onExit({ id, code }: HostNotifications['exit']): void {
    const terminal = this.#terminals.get(id)
    if (!terminal) return
    terminal.exit = { code }
    this.#terminals.delete(id)
    terminal.changes.announce()
  }
}

/** A shell's jobs are in its session; what left that is still its descendant. */
function descendantsOf(pid: number, table: SystemProcess[]): SystemProcess[] {
  const members = new Map<number, SystemProcess>()
  for (const one of table) if (one.pid === pid || one.session === pid) members.set(one.pid, one)
  for (let grown = members.size > 0; grown; ) {
    grown = false
    for (const one of table) {
      if (members.has(one.pid) || !members.has(one.parent)) continue
      members.set(one.pid, one)
      grown = true
    }
  }
  return [...members.values()]
}
