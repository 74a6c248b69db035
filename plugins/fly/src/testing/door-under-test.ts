import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { temporaryFolder, waitUntil } from '@skein/testkit'
import type { Connect } from '../door/fly-door.ts'
import { throughProxy } from '../door/through-proxy.ts'
import { makeDoorKey, publicKeyOf } from '../door/ticket.ts'
import { doorFiles } from '../image/door-bundle.ts'

/** The door as it runs on a machine: the first process of a name space of its own, where that can be had. */
export interface DoorUnderTest extends AsyncDisposable {
  readonly folder: string
  readonly home: string
  readonly machine: string
  readonly privatePem: string
  readonly url: string
  readonly console: readonly string[]
  readonly connect: Connect
  /** To the entry, as Fly's init sends it. */
  kill(signal: NodeJS.Signals): void
  exited(): Promise<number | null>
}

export const isRoot = process.getuid?.() === 0

export async function doorUnderTest(env: Record<string, string> = {}): Promise<DoorUnderTest> {
  const folder = await temporaryFolder('fly-door')
  const home = join(folder.path, 'home')
  mkdirSync(home)
  const files = await doorFiles()
  copyFileSync(files.entry, join(folder.path, 'entry.sh'))
  copyFileSync(files.bundle, join(folder.path, 'door.cjs'))
  const { privatePem } = makeDoorKey()
  const machine = '6833e4db1e9468'
  const script = ['sh', join(folder.path, 'entry.sh')]
  const [program = 'sh', ...args] = isRoot
    ? ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', ...script]
    : script
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: home,
      FLY_MACHINE_ID: machine,
      SKEIN_DOOR_KEY: publicKeyOf(privatePem),
      SKEIN_DOOR_NONCE: 'n1',
      SKEIN_DOOR_PORT: '0',
      SKEIN_DOOR_LOOK_MS: '50',
      SKEIN_DOOR_END_MS: '3000',
      ...env,
    },
  })
  const console: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => console.push(line))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  const port = () => console.map((line) => /ready on port (\d+)/.exec(line)?.[1]).find((found) => found !== undefined)
  await waitUntil(() => port() !== undefined || child.exitCode !== null, { what: 'the door to be ready' })
  const url = `http://127.0.0.1:${port()}`
  return {
    folder: folder.path,
    home,
    machine,
    privatePem,
    url,
    console,
    connect: throughProxy({ app: 'app', machine, proxy: url, privateKey: () => privatePem }),
    kill(signal) {
      // unshare forwards nothing: its child is the first process there.
      const pid = isRoot ? childOf(child.pid ?? 0) : child.pid
      if (pid !== undefined) process.kill(pid, signal)
    },
    exited: () => exited,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        try {
          process.kill(-(child.pid ?? 0), 'SIGKILL')
        } catch {
          // It has ended.
        }
      }
      await exited
      await folder[Symbol.asyncDispose]()
    },
  }
}

function childOf(pid: number): number | undefined {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return child ? Number(child) : undefined
}
