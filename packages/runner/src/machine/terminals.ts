import { createRequire } from 'node:module'
import type { IPty } from '@lydell/node-pty'
import { type RunnerNotifications, type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { Changes } from '../system/changes.ts'

const RING = 256 * 1024
const LARGEST_PART = 32 * 1024

type Notify = <N extends keyof RunnerNotifications>(name: N, params: RunnerNotifications[N]) => Promise<void>

interface Terminal {
  pty: IPty
  cwd: string
  /** The last characters of its output, and how many there were before them. */
  ring: string
  dropped: number
  changes: Changes
  exit: { code: number | null } | undefined
}

/** Interactive terminals. They are the runner's own children and end with it; what must last is a process. */
export class Terminals implements Disposable {
  readonly #terminals = new Map<string, Terminal>()
  readonly #spawn = loadPty()

  /** Whether this machine has what terminals need. */
  get available(): boolean {
    return this.#spawn !== undefined
  }

  get running(): number {
    return this.#terminals.size
  }

  open(params: RunnerParams<'pty.open'>): { pid: number } {
    const open = this.#terminals.get(params.id)
    if (open) return { pid: open.pty.pid }
    if (!this.#spawn) {
      throw new SkeinError('missing', 'opening a terminal: @lydell/node-pty cannot be loaded on this machine', {
        next: 'Install it beside the runner, or use process.start with kind "script".',
      })
    }
    const [file = '', ...args] = params.argv
    const { cwd, env, cols, rows } = params
    const pty = this.#spawn(file, args, { name: env.TERM ?? 'xterm-256color', cwd, env, cols, rows })
    const terminal: Terminal = { pty, cwd, ring: '', dropped: 0, changes: new Changes(), exit: undefined }
    this.#terminals.set(params.id, terminal)
    pty.onData((data) => {
      const all = terminal.ring + data
      terminal.ring = all.slice(-RING)
      terminal.dropped += all.length - terminal.ring.length
      terminal.changes.announce()
    })
    pty.onExit(({ exitCode, signal }) => {
      terminal.exit = { code: signal ? null : exitCode }
      this.#terminals.delete(params.id)
      terminal.changes.announce()
    })
    return { pid: pty.pid }
  }

  /** Sends what the ring holds and what comes, as fast as the reader takes it; one that is too slow misses the oldest. */
  async follow(sub: number, id: string, notify: Notify, signal: AbortSignal): Promise<void> {
    const terminal = this.#get(id)
    for (let at = terminal.dropped; !signal.aborted; ) {
      const { version } = terminal.changes
      at = Math.max(at, terminal.dropped)
      const data = terminal.ring.slice(at - terminal.dropped, at - terminal.dropped + LARGEST_PART)
      at += data.length
      if (data !== '') await notify('pty.data', { sub, data })
      else if (terminal.exit) return await notify('pty.exit', { sub, code: terminal.exit.code })
      else await terminal.changes.after(version, signal)
    }
  }

  input(id: string, data: string): void {
    this.#get(id).pty.write(data)
  }

  resize(id: string, cols: number, rows: number): void {
    this.#get(id).pty.resize(cols, rows)
  }

  /** Hangs up, as closing a terminal's window does, and kills what does not mind. */
  close(id: string): void {
    const terminal = this.#terminals.get(id)
    if (!terminal) return
    terminal.pty.kill('SIGHUP')
    setTimeout(() => terminal.exit ?? terminal.pty.kill('SIGKILL'), 2000).unref()
  }

  list(): RunnerResult<'pty.list'> {
    return [...this.#terminals].map(([id, { pty, cwd }]) => ({ id, pid: pty.pid, cwd, title: pty.process }))
  }

  has(id: string): boolean {
    return this.#terminals.has(id)
  }

  [Symbol.dispose](): void {
    for (const { pty } of this.#terminals.values()) pty.kill('SIGKILL')
  }

  #get(id: string): Terminal {
    const terminal = this.#terminals.get(id)
    if (!terminal) throw new SkeinError('not_found', `there is no terminal ${id}`, { next: 'It has ended; open a new one.' })
    return terminal
  }
}

/** Terminals are optional: the bundle works without the one native module there is. */
function loadPty(): typeof import('@lydell/node-pty').spawn | undefined {
  try {
    const load = createRequire(import.meta.url)
    return (load('@lydell/node-pty') as typeof import('@lydell/node-pty')).spawn
  } catch {
    return undefined
  }
}
