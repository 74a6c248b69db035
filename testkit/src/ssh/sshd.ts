import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SkeinError } from '@skein/protocol'
import { processesUnder } from '../processes.ts'
import { waitUntil } from '../wait.ts'
import { type DroppedPackets, dropPackets } from './packets.ts'

const run = promisify(execFile)

/** How the machine greets who logs in, to be changed at any time. */
export interface Login {
  /** Runs the command that comes over ssh, as `$SHELL -c`. */
  shell?: string
  path?: string
  env?: Record<string, string>
  /** Printed before anything else. */
  banner?: string
  /** Instead of the command that came: shell, run with `$SSH_ORIGINAL_COMMAND`. */
  instead?: string
}

/** A real sshd on loopback, that stands for another computer: what logs in has a HOME of its own. */
export interface SshdUnderTest extends AsyncDisposable {
  /** An ssh_config with the alias `box` (and `jump`), for `ssh -F`. */
  readonly config: string
  readonly alias: string
  /** HOME of who logs in. */
  readonly home: string
  readonly port: number
  readonly knownHosts: string
  /** What sshd logged; with a jump host, what that one logged. */
  log(): string
  jumpLog(): string
  login(login: Login): Promise<void>
  /** SIGKILLs sshd's processes for the connections that there are. */
  killConnections(): Promise<number>
  /** SIGSTOPs everything of sshd, SIGCONTs it again: connections hang, and new ones are not answered. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Ends the listening sshd, connections too. */
  down(): Promise<void>
  up(): Promise<void>
  /** Drops all packets of sshd's port, both ways, by a rule of the firewall; only where `canDropPackets()`. */
  dropPackets(): Promise<DroppedPackets>
  /** Another host key from now on, as after a reinstallation or with a man in the middle. */
  changeHostKey(): Promise<void>
  forgetHostKeys(): Promise<void>
  /** Processes that were started by who logged in. */
  processes(): ReturnType<typeof processesUnder>
}

export interface SshdOptions {
  /** A folder that goes with the test; everything of the machine is below it. */
  folder: string
  /** `box` is reached through `jump`, a second sshd. */
  withJump?: boolean
  login?: Login
  /** More lines for sshd_config. */
  settings?: readonly string[]
}

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd']

/** Whether a real sshd can be started here. */
export function hasSshd(): boolean {
  return SSHD.some((path) => existsSync(path))
}

export async function startSshd(options: SshdOptions): Promise<SshdUnderTest> {
  const folder = join(options.folder, 'ssh')
  const home = join(options.folder, 'machine')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await mkdir(home, { recursive: true })
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', join(folder, 'id')])
  const loginScript = join(folder, 'login')
  const login = (how: Login) => writeLogin(loginScript, home, how)
  await login(options.login ?? {})
  const box = await Sshd.start(
    join(folder, 'box'),
    [`ForceCommand ${loginScript}`, ...(options.settings ?? [])],
    folder,
  )
  const jump = options.withJump ? await Sshd.start(join(folder, 'jumphost'), [], folder) : undefined
  const config = join(folder, 'config')
  const knownHosts = join(folder, 'known_hosts')
  await writeFile(config, sshConfig(folder, box, jump))
  const learn = async () => writeFile(knownHosts, `${await box.knownAs()}${jump ? await jump.knownAs() : ''}`)
  await learn()
  // Runner, agents and their wrappers: all have it in their environment or their arguments.
  const processes = () => processesUnder(home)
  return {
    config,
    alias: 'box',
    home,
    port: box.port,
    knownHosts,
    log: () => box.log(),
    jumpLog: () => jump?.log() ?? '',
    login,
    killConnections: () => box.killConnections(),
    freeze: () => box.signal('SIGSTOP'),
    thaw: () => box.signal('SIGCONT'),
    down: () => box.down(),
    up: () => box.up(),
    dropPackets: () => dropPackets(box.port),
    async changeHostKey() {
      await box.down()
      await box.makeHostKey()
      await box.up()
    },
    forgetHostKeys: () => writeFile(knownHosts, ''),
    processes,
    async [Symbol.asyncDispose]() {
      await box.down()
      await jump?.down()
      await waitUntil(
        async () => {
          const left = await processes()
          for (const { pid } of left) kill(pid, 'SIGKILL')
          return left.length === 0
        },
        { what: 'the end of all processes of the machine', explain: processes },
      )
    },
  }
}

async function writeLogin(path: string, home: string, how: Login): Promise<void> {
  const env = { PATH: how.path ?? process.env.PATH ?? '', SHELL: how.shell ?? '/bin/sh', ...how.env }
  const settings = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`)
  const script = [
    '#!/bin/sh',
    `export HOME=${quote(home)}`,
    ...settings,
    'cd "$HOME" || exit 1',
    ...(how.banner === undefined ? [] : [`printf '%s' ${quote(how.banner)}`]),
    ...(how.instead === undefined ? [] : [how.instead, 'exit $?']),
    'if [ -n "$SSH_ORIGINAL_COMMAND" ]; then exec "$SHELL" -c "$SSH_ORIGINAL_COMMAND"; fi',
    'exec "$SHELL" -l',
  ]
  await writeFile(path, `${script.join('\n')}\n`)
  await chmod(path, 0o755)
}

function sshConfig(folder: string, box: Sshd, jump: Sshd | undefined): string {
  const host = (alias: string, sshd: Sshd, more: string[] = []) =>
    [`Host ${alias}`, '  HostName 127.0.0.1', `  Port ${sshd.port}`, ...more.map((line) => `  ${line}`)].join('\n')
  const everybody = [
    'Host *',
    `  User ${userInfo().username}`,
    `  IdentityFile ${join(folder, 'id')}`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile ${join(folder, 'known_hosts')}`,
    '  GlobalKnownHostsFile /dev/null',
  ].join('\n')
  const hosts = jump ? [host('jump', jump), host('box', box, ['ProxyJump jump'])] : [host('box', box)]
  return `${[...hosts, everybody].join('\n\n')}\n`
}

/** One sshd, its keys and its log, in a folder of its own. */
class Sshd {
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.port = port
  }

  static async start(folder: string, settings: readonly string[], keys: string): Promise<Sshd> {
    const executable = SSHD.find((path) => existsSync(path))
    if (executable === undefined)
      throw new SkeinError('missing', 'starting sshd: it is not installed', { next: 'Install openssh-server.' })
    // Its own place for what it does without privileges; Debian makes it only when its service starts.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
    await mkdir(folder, { recursive: true })
    const sshd = new Sshd(folder, await freePort())
    await sshd.makeHostKey()
    const config = [
      `ListenAddress 127.0.0.1:${sshd.port}`,
      `HostKey ${join(folder, 'host_key')}`,
      `PidFile ${join(folder, 'sshd.pid')}`,
      `AuthorizedKeysFile ${join(keys, 'id.pub')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'PrintMotd no',
      'MaxStartups 100',
      'LogLevel VERBOSE',
      ...settings,
    ]
    await writeFile(join(folder, 'sshd_config'), `${config.join('\n')}\n`)
    await sshd.up()
    return sshd
  }

  async makeHostKey(): Promise<void> {
    const path = join(this.#folder, 'host_key')
    await rm(path, { force: true })
    await rm(`${path}.pub`, { force: true })
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'host', '-f', path])
  }

  async knownAs(): Promise<string> {
    return `[127.0.0.1]:${this.port} ${await readFile(join(this.#folder, 'host_key.pub'), 'utf8')}`
  }

  async up(): Promise<void> {
    const executable = SSHD.find((path) => existsSync(path)) ?? 'sshd'
    const log = join(this.#folder, 'log')
    const before = this.log().length
    await appendFile(log, '')
    const child = spawn(executable, ['-D', '-e', '-f', join(this.#folder, 'sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH },
    })
    child.stderr.pipe(createWriteStream(log, { flags: 'a' }))
    this.#process = child
    await waitUntil(
      () => {
        if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}`)
        return this.log().slice(before).includes('Server listening on')
      },
      { what: `sshd on port ${this.port}`, explain: () => this.log() },
    )
  }

  async down(): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const connections = await this.connections()
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    for (const pid of connections) kill(pid, 'SIGKILL')
    await gone
  }

  log(): string {
    const path = join(this.#folder, 'log')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** The processes that sshd started for its connections: two for each, one of them without privileges. */
  async connections(): Promise<number[]> {
    const parents = new Map<number, number[]>()
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,comm='])
    for (const line of stdout.trim().split('\n')) {
      const [pid, parent, name] = line.trim().split(/\s+/)
      if (!name?.startsWith('sshd')) continue
      parents.set(Number(parent), [...(parents.get(Number(parent)) ?? []), Number(pid)])
    }
    const below = (pid: number): number[] => (parents.get(pid) ?? []).flatMap((child) => [child, ...below(child)])
    return below(this.#process?.pid ?? -1)
  }

  async killConnections(): Promise<number> {
    const found = await this.connections()
    for (const pid of found) kill(pid, 'SIGKILL')
    return found.length
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this.#process ?? {}
    if (pid === undefined) return
    for (const one of [pid, ...(await this.connections())]) kill(one, signal)
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a server without a port')
  return address.port
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has just ended.
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
