import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import {
  definePlugin,
  type Machine,
  type MachineProvider,
  type MachineRecord,
  type MachineSpec,
  type SkeinPlugin,
} from '@skein/plugin-api'
import { RunnerClient, SkeinError, socketPath } from '@skein/protocol'
import { claudeExecutable, processesUnder, waitUntil } from '@skein/testkit'
import { buildRunner } from '../scripts/build-runner.ts'

const run = promisify(execFile)

export interface Elsewhere {
  plugin: SkeinPlugin
  /** Makes no machine, for this reason. */
  refuse: string | undefined
  /** The keys of the machines that were asked for, each time. */
  readonly asked: string[]
  /** What a machine is made of now. */
  image: string
  /** Makes none before this resolves. */
  hold: PromiseWithResolvers<void> | undefined
  /** Whether somebody waits for that. */
  holding: boolean
  /** Machines that exist. */
  machines(): string[]
  /** The machine's folder: `home` and `state` are in it. */
  folder(id: string): string
  /** Cuts every stream to a machine, and lets no new one through until `mend`. */
  cut(id: string): void
  mend(): void
  /** Lets everything through that is sent and nothing that comes back, as a network that drops packets does. */
  freeze(): void
  /** Ends the runners of all machines and what they run. */
  end(): Promise<void>
}

export interface ElsewhereOptions {
  /** `elsewhere` by default. */
  kind?: string
  lifetime: 'shared' | 'workspace'
  /** The machine comes with a checkout of this repository, on the workspace's branch. */
  checkoutOf?: string
  /** It can be stopped and started, and by itself is kept running or stopped. */
  idle?: 'stop' | 'keep'
  /** How long making one takes, milliseconds. */
  takesMs?: number
  /** What it says of a process that was killed there. */
  explains?: string
}

/** Machines that are folders of this computer, each with a home and a runner of its own: all of the engine's side of another machine, without a network. */
export function elsewhere(root: string, options: ElsewhereOptions): Elsewhere {
  const streams = new Map<string, Set<Socket>>()
  let broken: string | undefined
  const { kind = 'elsewhere' } = options
  const folder = (id: string) => join(root, id.replaceAll(':', '-'))

  const machineOf = (record: MachineRecord): Machine => {
    const at = folder(record.id)
    const checkout = options.checkoutOf === undefined ? undefined : join(at, 'home', 'checkout')
    return {
      record,
      async open(target) {
        if (!existsSync(at)) throw new SkeinError('not_found', `${record.id} is gone`)
        if (existsSync(join(at, 'stopped'))) throw new SkeinError('unavailable', `${record.id} is stopped`)
        if (broken === record.id) throw new SkeinError('unavailable', `no route to ${record.id}`)
        const socket = 'port' in target ? await connectedTo(target.port) : await runnerOf(at)
        const open = streams.get(record.id) ?? new Set()
        streams.set(record.id, open.add(socket))
        socket.on('close', () => open.delete(socket))
        return socket
      },
      start: () => rm(join(at, 'stopped'), { force: true }),
      async stop() {
        await endRunner(at)
        if (options.idle !== undefined) await writeFile(join(at, 'stopped'), '')
      },
      async destroy() {
        await endRunner(at)
        await rm(at, { recursive: true, force: true })
      },
      ...(checkout === undefined ? {} : { checkout: () => checkout }),
      async explainExit() {
        return options.explains === undefined ? undefined : { message: options.explains, next: 'Ask for a larger one.' }
      },
    }
  }

  const provider: MachineProvider = {
    kind,
    label: 'a folder',
    lifetime: options.lifetime,
    isolated: options.lifetime === 'workspace',
    settings: [{ name: 'size', type: 'number', about: 'How large it is.', default: 1 }],
    ...(options.idle === undefined ? {} : { idle: options.idle }),
    madeOf: async () => kindOfMachine.image,
    async create({ key, name, owner, workspace }: MachineSpec, { signal }) {
      kindOfMachine.asked.push(key)
      if (kindOfMachine.refuse !== undefined) throw new SkeinError('conflict', kindOfMachine.refuse)
      kindOfMachine.holding = true
      await heldBack(kindOfMachine.hold?.promise, signal)
      const at = folder(key)
      await makeMachine(at)
      if (options.takesMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.takesMs))
      if (options.checkoutOf !== undefined && !existsSync(join(at, 'home', 'checkout')))
        await run('git', ['clone', '--quiet', options.checkoutOf, join(at, 'home', 'checkout')]).then(() =>
          run('git', ['-C', join(at, 'home', 'checkout'), 'checkout', '--quiet', '-b', workspace?.branch ?? 'work']),
        )
      return machineOf({ kind, id: key, name, owner, details: { key } })
    },
    async *list(owner) {
      for (const name of existsSync(root) ? readdirSync(root) : []) {
        const id = name.replace('-', ':')
        yield { kind, id, name, owner, details: { key: id } }
      }
    },
    attach: async (record) => machineOf(record),
  }

  const kindOfMachine: Elsewhere = {
    refuse: undefined,
    asked: [],
    image: 'the first',
    hold: undefined,
    holding: false,
    plugin: definePlugin({
      name: 'elsewhere',
      activate: (context) => void context.subscriptions.push(context.machines.register(provider)),
    }),
    machines: () => (existsSync(root) ? readdirSync(root).map((name) => name.replace('-', ':')) : []),
    folder,
    cut(id) {
      broken = id
      for (const socket of streams.get(id) ?? []) socket.destroy()
    },
    mend() {
      broken = undefined
    },
    freeze() {
      for (const open of streams.values()) for (const socket of open) socket.pause()
    },
    async end() {
      for (const name of existsSync(root) ? readdirSync(root) : []) await endRunner(join(root, name))
    },
  }
  return kindOfMachine
}

/** A provider that is told to give up does. */
async function heldBack(hold: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (hold === undefined) return
  const told = Promise.withResolvers<never>()
  const onAbort = () => told.reject(new SkeinError('cancelled', 'making a machine: cancelled'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([hold, told.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** A home in which a login shell finds what an agent needs. */
async function makeMachine(at: string): Promise<void> {
  const home = join(at, 'home')
  await mkdir(home, { recursive: true, mode: 0o700 })
  const path = [dirname(claudeExecutable()), dirname(process.execPath), '$PATH'].join(':')
  for (const file of ['.profile', '.bash_profile', '.zprofile'])
    await writeFile(join(home, file), `export PATH=${path}\n`)
  await writeFile(join(home, '.gitconfig'), '[user]\n\tname = Elsewhere\n\temail = elsewhere@example.com\n')
}

async function connectedTo(port: number): Promise<Socket> {
  const socket = createConnection(port, '127.0.0.1')
  await once(socket, 'connect').catch((cause) => {
    throw new SkeinError('unavailable', `nothing listens on port ${port}`, { cause })
  })
  return socket
}

async function runnerOf(at: string): Promise<Socket> {
  const { path: bundle } = await buildRunner()
  const { stdout } = await run(process.execPath, [bundle, 'start', '--dir', join(at, 'state')], {
    env: { PATH: process.env.PATH ?? '', HOME: join(at, 'home'), IS_SANDBOX: '1' },
  })
  const { socket } = JSON.parse(stdout) as { socket: string }
  const stream = createConnection(socket)
  await once(stream, 'connect')
  return stream
}

async function endRunner(at: string): Promise<void> {
  const stream = createConnection(socketPath(join(at, 'state')))
  const there = await once(stream, 'connect').then(
    () => true,
    () => false,
  )
  if (!there) return
  const gone = once(stream, 'close')
  const runner = await RunnerClient.connect(stream, { client: 'test', clientVersion: '0' })
  await runner.call('runner.shutdown', { processes: 'stop' }).catch(() => undefined)
  await gone
  const { pid } = runner.hello
  runner.close()
  await waitUntil(async () => (await processesUnder(join(at, 'state'))).every((one) => one.pid !== pid), {
    what: `runner ${pid} to end`,
  })
}

/** The pid of the runner of a machine. */
export async function runnerPid(at: string): Promise<number> {
  const lock = readdirSync(join(at, 'state')).filter((name) => name.startsWith('daemon.lock'))
  return Number(JSON.parse(await readFile(join(at, 'state', lock.at(-1) ?? ''), 'utf8')).identity.pid)
}
