import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { daemonEnvironment, SkeinError } from '@skein/plugin-api'
import type { SshSettings } from './settings.ts'

const run = promisify(execFile)

/** A socket's path may have 103 bytes on macOS; ssh binds it under a name that is 17 longer first. */
const LONGEST = 103 - 17
const CONTROL_MS = 3000
const GONE_MS = 2000

/** Options of every connection. The user's ssh_config says everything else. */
const OPTIONS = [
  'BatchMode=yes',
  // Nothing is accepted that a person has not seen; see host-keys.ts for what is said instead.
  'StrictHostKeyChecking=yes',
  'ConnectTimeout=15',
  'ServerAliveInterval=10',
  'ServerAliveCountMax=2',
  // Of the user's ssh_config: these are meant for a person's own shell there.
  'ClearAllForwardings=yes',
  'RemoteCommand=none',
  'RequestTTY=no',
  'PermitLocalCommand=no',
  'ForwardX11=no',
  'VisualHostKey=no',
  'StreamLocalBindUnlink=yes',
]

/** Beside what all our background processes have: what a person's ssh_config may count on. No secrets. */
const VARIABLES = ['KRB5CCNAME', 'SSH_SK_PROVIDER', 'AWS_PROFILE', 'AWS_REGION', 'AWS_CONFIG_FILE', 'CLOUDSDK_CONFIG']

/** What ssh is given of this process's environment: its `SendEnv` would hand on whatever it has. */
export function sshEnvironment(): Record<string, string> {
  const more = VARIABLES.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  // Nobody is there to answer a window that a jump host's ssh would open.
  return { ...daemonEnvironment(process.env), ...Object.fromEntries(more), SSH_ASKPASS_REQUIRE: 'never' }
}

/**
 * How this computer's ssh reaches one host: its arguments, and the one connection (ssh's "master") that all runs share. ssh
 * makes that connection with the first run, and keeps it for ten minutes after the last.
 */
export class SshLink {
  readonly settings: SshSettings
  /** Of the shared connection. */
  readonly socket: string
  readonly #config: string[]
  #pid: number | undefined

  constructor(home: string, settings: SshSettings, config = process.env.SKEIN_SSH_CONFIG) {
    this.settings = settings
    this.#config = config ? ['-F', config] : []
    const name = createHash('sha256')
      .update(JSON.stringify([settings.host, ...this.#destination]))
      .digest('hex')
      .slice(0, 16)
    this.socket = join(controlFolder(home, name.length + 1), name)
  }

  /** What ssh's own options must be for a run; then `-W …`, or nothing, then `host`, then the command. */
  argv(...more: string[]): string[] {
    return ['ssh', '-T', ...this.#options(['LogLevel=INFO', ...OPTIONS]), ...more]
  }

  /** The command line for a run of `command`. */
  command(command: string): string[] {
    return [...this.argv(), ...this.#destination, this.settings.host, command]
  }

  /** The command line for a stream to an address on the host. It says on stderr when it is there (`forwards.ts`). */
  probe(address: string): string[] {
    // Never a shared connection of its own: it is ended as soon as it has told.
    const options = this.#options(['LogLevel=DEBUG1', 'ControlMaster=no', ...OPTIONS])
    return ['ssh', '-T', ...options, '-W', address, ...this.#destination, this.settings.host]
  }

  /** For a person's own terminal: asks what ssh asks, and uses the shared connection where there is one. */
  interactive(command?: string): string[] {
    const shared = ['-oControlMaster=no', `-oControlPath=${this.socket}`]
    return [
      'ssh',
      '-t',
      ...shared,
      ...this.#destination,
      this.settings.host,
      ...(command === undefined ? [] : [command]),
    ]
  }

  /** A connection of its own that says everything about itself and does nothing. */
  verbose(): string[] {
    const options = OPTIONS.flatMap((option) => ['-o', option])
    return ['ssh', '-v', '-T', ...options, '-oControlPath=none', ...this.#destination, this.settings.host, 'exit']
  }

  /** What a person types to get there. */
  get typed(): string {
    return ['ssh', ...this.#destination, this.settings.host].join(' ')
  }

  /** ssh's arguments that say how its configuration reads for this host. */
  get configuration(): string[] {
    return ['ssh', '-G', ...this.#destination, this.settings.host]
  }

  /** Whether there is a shared connection already, dead or alive. */
  get warm(): boolean {
    return existsSync(this.socket)
  }

  /** Lets the shared connection listen at `socket` and pass on to an address of the host's; whether it does. */
  async listen(socket: string, address: string): Promise<boolean> {
    rmSync(socket, { force: true })
    await this.#control('forward', '-L', `${socket}:${address}`)
    return existsSync(socket)
  }

  /** Learns which process holds the shared connection, while it can be asked. */
  async learn(): Promise<void> {
    const answer = await this.#control('check')
    const pid = /pid=(\d+)/.exec(answer)?.[1]
    if (pid !== undefined) this.#pid = Number(pid)
  }

  /** Ends the shared connection, even one that hangs, and with it all runs over it. The next run makes a new one. */
  async drop(): Promise<void> {
    if (!this.warm) return
    if (this.#pid === undefined) await this.learn()
    await this.#control('exit')
    const deadline = Date.now() + GONE_MS
    while (this.#pid !== undefined && (await this.#holds(this.#pid))) {
      if (Date.now() > deadline) {
        kill(this.#pid)
        break
      }
      await sleep(20)
    }
    this.#pid = undefined
    const [folder, name] = [dirname(this.socket), basename(this.socket)]
    for (const left of readdirSync(folder)) if (left.startsWith(name)) rmSync(join(folder, left), { force: true })
  }

  get #destination(): string[] {
    const { user, port, identityFile, jump, options } = this.settings
    return [
      ...this.#config,
      ...(user === undefined ? [] : ['-l', user]),
      ...(port === undefined ? [] : ['-p', String(port)]),
      ...(identityFile === undefined ? [] : ['-i', identityFile]),
      ...(jump === undefined ? [] : ['-J', jump]),
      ...options.flatMap((option) => ['-o', option]),
    ]
  }

  #options(options: readonly string[]): string[] {
    const shared = ['ControlMaster=auto', `ControlPath=${this.socket.replaceAll('%', '%%')}`, 'ControlPersist=600']
    return [...options, ...shared].flatMap((option) => ['-o', option])
  }

  async #control(command: 'check' | 'exit' | 'forward', ...more: string[]): Promise<string> {
    // Without the user's ssh_config, whose own forwardings would be asked for too.
    const argv = ['-F', '/dev/null', '-O', command, `-oControlPath=${this.socket}`, ...more, this.settings.host]
    try {
      const { stdout, stderr } = await run('ssh', argv, {
        timeout: CONTROL_MS,
        killSignal: 'SIGKILL',
        env: sshEnvironment(),
      })
      return stdout + stderr
    } catch {
      // Nobody answers at the socket.
      return ''
    }
  }

  /** A number is a stranger's by and by; the one we mean has our socket in its title. */
  async #holds(pid: number): Promise<boolean> {
    try {
      const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)], { timeout: CONTROL_MS })
      return stdout.includes(this.socket)
    } catch {
      return false
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

/** `<home>/ssh`, or, where a socket's path in it would be too long, a private folder in /tmp. */
function controlFolder(home: string, room: number): string {
  const folder = join(home, 'ssh')
  const inside = Buffer.byteLength(folder) + room <= LONGEST
  const chosen = inside ? folder : `/tmp/skein-${process.getuid?.() ?? 0}`
  mkdirSync(chosen, { recursive: true, mode: 0o700 })
  const found = lstatSync(chosen)
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new SkeinError('unavailable', `keeping ssh connections in ${chosen}: it is not a folder of this user`, {
      next: 'Remove it, or give Skein a home with a shorter path (SKEIN_HOME).',
    })
  if ((found.mode & 0o077) !== 0) chmodSync(chosen, 0o700)
  return chosen
}
