import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program that tests need beside npm's packages. */
export interface Requirement {
  readonly name: string
  /** Debian's package of it. */
  readonly debian: string
  /** What cannot be tested without it. */
  readonly for: string
  /** Proves that it works, where being installed is not enough: arguments of the program. */
  readonly proof?: readonly string[]
}

/** Everything that the tests use and npm does not bring. */
export const requirements: readonly Requirement[] = [
  { name: 'git', debian: 'git', for: 'workspaces, and nearly every other test' },
  { name: 'git-lfs', debian: 'git-lfs', for: 'repositories with large files' },
  {
    name: 'bwrap',
    debian: 'bubblewrap',
    for: "the agent's sandbox",
    // A container may forbid the namespaces that it is made of.
    proof: ['--ro-bind', '/', '/', '--dev', '/dev', '--unshare-pid', 'true'],
  },
  { name: 'socat', debian: 'socat', for: "the agent's sandbox" },
  { name: 'zsh', debian: 'zsh', for: 'set-up scripts that are run by a login zsh' },
  { name: 'tmux', debian: 'tmux', for: 'the command line in a real terminal' },
  { name: 'dockerd', debian: 'docker.io', for: 'containers', proof: ['--version'] },
  { name: 'slirp4netns', debian: 'slirp4netns', for: 'the network of containers and of emulated Fly machines' },
  { name: 'ps', debian: 'procps', for: 'process trees' },
  { name: 'ssh', debian: 'openssh-client', for: 'machines that are ssh hosts' },
  { name: 'sshd', debian: 'openssh-server', for: 'machines that are ssh hosts' },
  { name: 'ip', debian: 'iproute2', for: 'networks that lose packets' },
  // Being there is not enough: the kernel may not have it.
  { name: 'iptables', debian: 'iptables', for: 'networks that lose packets', proof: ['-w', '-S', 'INPUT'] },
  { name: 'fallocate', debian: 'util-linux', for: "freeing a journal's acknowledged beginning" },
]

const answers = new Map<string, boolean>()

/** Whether a requirement is there and works. What `SKEIN_SKIP` (comma-separated) names is taken as missing. */
export function has(name: string): boolean {
  const known = answers.get(name)
  if (known !== undefined) return known
  const answer = !skipped().includes(name) && works(name)
  answers.set(name, answer)
  return answer
}

/** The requirements that are missing now, whatever was answered before. */
export function missing(): Requirement[] {
  answers.clear()
  return requirements.filter(({ name }) => !has(name))
}

/** Whether the program is on the PATH at all, working or not. */
export function isInstalled({ name }: Requirement): boolean {
  return onPath(name) !== undefined
}

/** Whether this process may install Debian packages. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && onPath('apt-get') !== undefined
}

/** Installs Debian packages; apt's output goes to this process's stderr. Throws when apt fails. */
export function install(packages: readonly string[]): void {
  const apt = (...args: string[]) =>
    execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      stdio: ['ignore', 2, 2],
      env: { PATH: process.env.PATH, DEBIAN_FRONTEND: 'noninteractive', LANG: 'C.UTF-8' },
      timeout: 600_000,
    })
  apt('update')
  apt('install', '--yes', '--no-install-recommends', ...packages)
}

function skipped(): string[] {
  return (process.env.SKEIN_SKIP ?? '').split(',').map((name) => name.trim())
}

function works(name: string): boolean {
  const program = onPath(name)
  if (program === undefined) return false
  const proof = requirements.find((requirement) => requirement.name === name)?.proof
  return proof === undefined || spawnSync(program, [...proof], { stdio: 'ignore', timeout: 20_000 }).status === 0
}

function onPath(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
