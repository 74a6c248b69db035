import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { SkeinError } from '@skein/protocol'
import { waitUntil } from '../wait.ts'

const run = promisify(execFile)
const CGROUPS = '/sys/fs/cgroup'

/** A dockerd of a test's own, with namespaces of its own: its bridges, firewall rules and mounts are nowhere else. */
export interface Dockerd extends AsyncDisposable {
  /** For the environment of `docker`. */
  readonly env: { DOCKER_HOST: string }
  /** This computer's loopback, as containers reach it. */
  readonly hostLoopback: string
  /** `docker …`; its stdout without white space at the ends. Throws with its stderr. */
  docker(...args: string[]): Promise<string>
  /** Of its network namespace, for nsenter. */
  readonly network: string
  /** Runs a program in dockerd's network, where bridges are; its stdout. */
  inNetwork(argv: readonly string[]): Promise<string>
  log(): string
}

/**
 * Starts the real dockerd, its data in `folder`. It has a network of its own, joined to this computer's by a user-mode one, so that
 * containers reach the internet and (as `hostLoopback`) servers on this computer's loopback. Root is needed. Kills
 * everything at its end, also when the test's process is killed.
 */
export async function startDockerd({ folder }: { folder: string }): Promise<Dockerd> {
  const data = join(folder, 'dockerd')
  mkdirSync(data, { recursive: true })
  const socket = join(data, 'docker.sock')
  const cgroup = `skein-${basename(folder)}`
  const daemon = spawn('setpriv', ['--pdeathsig', 'KILL', ...inNamespaces(data, socket, cgroup)], {
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, TMPDIR: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [daemon.stdout, daemon.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = `${log}${text}`.slice(-64 * 1024)
    })
  daemon.on('error', (error) => {
    log += error.message
  })
  const env = { DOCKER_HOST: `unix://${socket}` }
  const docker = async (...args: string[]) => {
    const environment = { ...process.env, ...env }
    return (await run('docker', args, { env: environment, maxBuffer: 64 * 1024 * 1024 })).stdout.trim()
  }
  let network: ChildProcess | undefined
  const end = async () => {
    // The first process of the namespaces: the kernel ends all others with it.
    if (daemon.exitCode === null && daemon.signalCode === null) {
      const closed = once(daemon, 'close')
      daemon.kill('SIGKILL')
      await closed
    }
    if (network && network.exitCode === null && network.signalCode === null) {
      const closed = once(network, 'close')
      network.kill('SIGKILL')
      await closed
    }
    await waitUntil(() => removeCgroups(cgroup), { what: 'the end of all containers' })
    await rm(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  try {
    await waitUntil(() => hasOwnNetwork(daemon), { what: 'namespaces for dockerd', explain: () => log })
    network = joinNetwork(daemon)
    await waitUntil(() => docker('version'), { what: 'dockerd', timeout: 60_000, every: 100, explain: () => log })
  } catch (error) {
    await end()
    throw error
  }
  const namespace = `/proc/${daemon.pid}/ns/net`
  return {
    env,
    hostLoopback: '10.0.2.2',
    docker,
    network: namespace,
    inNetwork: async (argv) => (await run('nsenter', [`--net=${namespace}`, ...argv])).stdout,
    log: () => log,
    [Symbol.asyncDispose]: end,
  }
}

/** An empty /run hides sockets and state of another containerd or dockerd of this computer. */
function inNamespaces(data: string, socket: string, cgroup: string): string[] {
  const dockerd = [
    'dockerd',
    `--data-root=${data}/root`,
    `--pidfile=${data}/pid`,
    `--host=unix://${socket}`,
    `--cgroup-parent=/${cgroup}`,
    '--log-level=warn',
  ]
  const script = `mount -t tmpfs tmpfs /run && exec ${dockerd.join(' ')}`
  return ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script]
}

function hasOwnNetwork(daemon: ChildProcess): boolean {
  if (daemon.exitCode !== null || daemon.pid === undefined)
    throw new SkeinError('missing', `starting dockerd: it ended with ${daemon.exitCode}`)
  return readlinkSync(`/proc/${daemon.pid}/ns/net`) !== readlinkSync('/proc/self/ns/net')
}

/** It ends when descriptor 3, our end of a pipe, is closed. */
function joinNetwork(daemon: ChildProcess): ChildProcess {
  const args = ['--configure', '--mtu=65520', '--exit-fd=3', String(daemon.pid), 'tap0']
  return spawn('slirp4netns', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] }).on('error', () => undefined)
}

/** False while something runs in one of them. Control groups of version 1 have a tree for each controller. */
function removeCgroups(name: string): boolean {
  const mounted = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, path, type]) => path?.startsWith(CGROUPS) && type?.startsWith('cgroup'))
  const results = mounted.map(([, path = '']) => removeTree(join(path, name)))
  return results.every(Boolean)
}

function removeTree(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) removeTree(join(path, entry.name))
    rmdirSync(path)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}
