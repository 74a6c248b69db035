import { realpathSync } from 'node:fs'
import type { Socket } from 'node:net'
import { homedir } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { joinServing, open } from './serving.ts'

// Nothing heavy may be imported here: this is what every reconnection waits for.

export interface OwnVersion {
  script: string
  sha256: string
}

/** Joins stdin and stdout to the daemon of the folder, started or upgraded first where need be. Either end's end is the end. */
export async function attach(dir: string, own: OwnVersion, flags: string[], mark: string | undefined): Promise<void> {
  const socket = (await joinServing(dir, own.sha256)) ?? (await bringUp(dir, own, flags))
  if (mark !== undefined) void announce(mark, 'ready', facts(dir))
  await Promise.race([pipeline(process.stdin, socket), pipeline(socket, process.stdout)]).catch(() => {})
}

/** One line to whoever waits for it. */
export function announce(mark: string, word: string, body: unknown): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${mark} ${word} ${JSON.stringify(body)}\n`, () => resolve()))
}

async function bringUp(dir: string, own: OwnVersion, flags: string[]): Promise<Socket> {
  const { ensureDaemon } = await import('./launch.ts')
  const daemon = await ensureDaemon(dir, own.script, flags)
  if (!daemon.started) {
    const { upgradeOlder } = await import('./upgrade-older.ts')
    await upgradeOlder(dir, own)
  }
  const socket = await open(daemon.socket)
  if (socket) return socket
  const { SkeinError } = await import('@skein/protocol')
  throw new SkeinError('unavailable', `attaching to ${daemon.socket}: nothing listens there any more`, {
    next: 'Try again.',
  })
}

function facts(dir: string) {
  return {
    cwd: workingDirectory(),
    home: homedir(),
    dir,
    node: process.execPath,
    nodeVersion: process.versions.node,
    platform: process.platform,
    arch: process.arch,
  }
}

/** As the shell that started us names it, links and all. */
function workingDirectory(): string {
  const { PWD } = process.env
  try {
    const real = process.cwd()
    return PWD !== undefined && realpathSync(PWD) === real ? PWD : real
  } catch {
    return PWD ?? '/'
  }
}
