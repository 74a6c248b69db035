import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import type { IPty } from '@lydell/node-pty'
import { RpcPeer, type RunnerParams, SkeinError } from '@skein/protocol'

/** The descriptor of the host's stream to the runner. */
export const HOST_STREAM = 3

/** What the runner asks its terminal host. */
export interface HostRequests {
  open: RunnerParams<'pty.open'>
  input: { id: string; data: string }
  resize: { id: string; cols: number; rows: number }
  kill: { id: string; signal: NodeJS.Signals }
  /** What runs in front. */
  title: { id: string }
}

/** What the host tells. */
export interface HostNotifications {
  data: { id: string; data: string }
  exit: { id: string; code: number | null }
}

/**
 * Holds the terminals, in a process of its own: what opens them leaves their descriptors open across `exec`, and an agent must
 * not be handed the terminals of a person.
 */
export function hostTerminals(): void {
  const spawn = loadPty()
  const terminals = new Map<string, IPty>()
  const peer = new RpcPeer(new Socket({ fd: HOST_STREAM }), {
    onRequest: async (method, params) => answers[method as keyof HostRequests](params as never) ?? {},
    // Without the runner there is nobody to show anything to.
    onClose: () => process.exit(),
  })
  const tell = <N extends keyof HostNotifications>(name: N, params: HostNotifications[N]) =>
    peer.notify(name, params).catch(() => {})

  const answers: { [M in keyof HostRequests]: (params: HostRequests[M]) => object | undefined } = {
    open({ id, argv, cwd, env, cols, rows }) {
      if (!spawn) throw new SkeinError('missing', 'opening a terminal: @lydell/node-pty cannot be loaded')
      const [file = '', ...args] = argv
      const pty = spawn(file, args, { name: env.TERM ?? 'xterm-256color', cwd, env, cols, rows })
      terminals.set(id, pty)
      const pace = new Pace()
      pty.onData((data) => {
        // One part at a time: what prints without end is held back by its own terminal, and holds back no other.
        pty.pause()
        void Promise.all([tell('data', { id, data }), pace.after(data.length)]).then(() => {
          if (terminals.get(id) === pty) pty.resume()
        })
      })
      pty.onExit(({ exitCode, signal }) => {
        terminals.delete(id)
        void tell('exit', { id, code: signal ? null : exitCode })
      })
      return { pid: pty.pid }
    },
    input: ({ id, data }) => void terminals.get(id)?.write(data),
    resize: ({ id, cols, rows }) => void terminals.get(id)?.resize(cols, rows),
    kill: ({ id, signal }) => void terminals.get(id)?.kill(signal),
    title: ({ id }) => ({ title: terminals.get(id)?.process }),
  }
}

/** As much as anybody can see: a program that prints more waits, as it does for a terminal that is slow to draw. */
const CHARS_PER_MS = 4 * 1024
const BURST_MS = 100

/** Spreads output over time: a burst at once, the rest at a steady rate. */
class Pace {
  #until = 0

  async after(chars: number): Promise<void> {
    const now = performance.now()
    this.#until = Math.max(this.#until, now - BURST_MS) + chars / CHARS_PER_MS
    if (this.#until > now) await new Promise((resolve) => setTimeout(resolve, this.#until - now))
  }
}

/** Terminals are optional: the bundle works without the one native module there is. */
export function loadPty(): typeof import('@lydell/node-pty').spawn | undefined {
  try {
    const load = createRequire(import.meta.url)
    return (load('@lydell/node-pty') as typeof import('@lydell/node-pty')).spawn
  } catch {
    return undefined
  }
}
