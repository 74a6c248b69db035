import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type ProcessStatus, RunnerClient, type RunnerNotifications, type RunnerParams } from '@skein/protocol'
import { buildRunner } from '../../../../scripts/build-runner.ts'

const run = promisify(execFile)

/** A real daemon, from the real bundle, in a folder of its own; nothing of it is left after disposal. */
export class RunnerUnderTest implements AsyncDisposable {
  readonly dir: string
  readonly bundle: string
  readonly #root: string
  readonly #node: string
  readonly #flags: string[]
  readonly #clients = new Set<RunnerClient>()
  readonly notices: RunnerNotifications['runner.notice'][] = []
  pid = 0
  socket = ''

  private constructor(root: string, dir: string, bundle: string, node: string, flags: string[]) {
    this.#root = root
    this.dir = dir
    this.bundle = bundle
    this.#node = node
    this.#flags = flags
  }

  static async start(
    options: { node?: string; flags?: string[]; folder?: string; under?: string } = {},
  ): Promise<RunnerUnderTest> {
    const { path } = await buildRunner()
    const root = await mkdtemp(join(options.under ?? tmpdir(), 'runner-test-'))
    const dir = join(root, options.folder ?? 'run')
    const runner = new RunnerUnderTest(root, dir, path, options.node ?? process.execPath, options.flags ?? [])
    await runner.start()
    return runner
  }

  /** As a provider does; harmless when the daemon runs. */
  async start(): Promise<void> {
    const { stdout } = await run(this.#node, [this.bundle, 'start', '--dir', this.dir, ...this.#flags])
    const started = JSON.parse(stdout) as { pid: number; socket: string }
    this.pid = started.pid
    this.socket = started.socket
  }

  async connect(): Promise<RunnerClient> {
    const stream = connect(this.socket)
    await once(stream, 'connect')
    const client = await RunnerClient.connect(stream, {
      client: 'test',
      clientVersion: '1',
      onNotice: (notice) => this.notices.push(notice),
    })
    this.#clients.add(client)
    return client
  }

  /** kill -9, and wait until it is gone. */
  async kill(): Promise<void> {
    try {
      process.kill(this.pid, 'SIGKILL')
    } catch {
      // It had ended already.
    }
    await until('the daemon is gone', () => !isRunning(this.pid))
  }

  /** What the daemons wrote to their log; tests of healthy daemons expect nothing. */
  get log(): string {
    const path = join(this.dir, 'runner.log')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.log !== '') console.log(`${this.dir}/runner.log:\n${this.log}`)
    for (const client of this.#clients) client.close()
    if (existsSync(this.dir)) {
      await this.start()
      const client = await this.connect()
      await client.call('runner.shutdown', { processes: 'stop' })
      client.close()
      await until('the daemon is gone', () => !isRunning(this.pid))
    }
    await rm(this.#root, { recursive: true, force: true })
  }
}

/** A process that runs a piece of node. `{dir}` is the folder of its files. */
export function nodeAgent(
  id: string,
  source: string,
  more: Partial<RunnerParams<'process.start'>> = {},
): RunnerParams<'process.start'> {
  return {
    id,
    epoch: 1,
    argv: [process.execPath, '{dir}/agent.cjs'],
    cwd: '/tmp',
    env: { PATH: process.env.PATH ?? '' },
    kind: 'lines',
    files: { 'agent.cjs': source },
    ...more,
  }
}

export function shell(
  id: string,
  script: string,
  more: Partial<RunnerParams<'process.start'>> = {},
): RunnerParams<'process.start'> {
  return {
    id,
    epoch: 1,
    argv: ['/bin/sh', '-c', script],
    cwd: '/tmp',
    env: { PATH: process.env.PATH ?? '' },
    kind: 'script',
    ...more,
  }
}

/** Writes each line that comes in to stdout again. */
export const ECHO = `
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => process.stdout.write(line + '\\n'))
`

/** What one subscription brought. */
export class Transcript {
  text = ''
  epoch = 0
  offset = 0
  readonly parts: RunnerNotifications['process.data'][] = []
  readonly exits: RunnerNotifications['process.exit'][] = []
  readonly gaps: RunnerNotifications['process.gap'][] = []
  readonly epochs: number[] = []
  /** What did not join on to what came before. */
  readonly seams: string[] = []

  async follow(
    client: RunnerClient,
    id: string,
    from?: RunnerParams<'process.subscribe'>['from'],
  ): Promise<{ unsubscribe(): Promise<void> }> {
    return await client.subscribe(
      { id, from: from ?? (this.epoch === 0 ? 'start' : { epoch: this.epoch, offset: this.offset }) },
      {
        data: (part) => {
          if (this.epoch === part.epoch && this.offset !== part.from) this.seams.push(`${this.offset} != ${part.from}`)
          this.epoch = part.epoch
          this.offset = part.to
          this.text += part.text
          this.parts.push(part)
        },
        exit: (part) => {
          this.exits.push(part)
        },
        gap: (part) => {
          this.offset = part.have
          this.gaps.push(part)
        },
        epoch: (part) => {
          this.epoch = part.epoch
          this.offset = 0
          this.epochs.push(part.epoch)
        },
      },
    )
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }
}

/** Waits for a condition; says which one when it does not come about. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 45_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`)
    await sleep(5)
  }
}

export async function untilExited(client: RunnerClient, id: string): Promise<ProcessStatus> {
  let status: ProcessStatus | null = null
  await until(`${id} has exited`, async () => {
    status = await client.call('process.status', { id })
    return status !== null && status.state === 'exited'
  })
  if (!status) throw new Error(`there is no ${id}`)
  return status
}

export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !/\) [ZX] /.test(stat)
  } catch {
    return false
  }
}

/** Living processes whose command line has this text. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return []
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text) && isRunning(Number(name)) ? Number(name) : []
    } catch {
      return []
    }
  })
}

/** The journal as it lies on the disk. */
export function journalOf(runner: RunnerUnderTest, id: string, epoch = 1): string {
  return readFileSync(join(runner.dir, 's', id, `out.${epoch}.ndjson`), 'utf8')
}
