import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type Duplex, PassThrough, type Readable } from 'node:stream'
import { SkeinError } from '@skein/protocol'
import type { Box, BoxExit, BoxMaker, BoxProcess, BoxSpec, ExecResult, ExecSpec } from './box.ts'
import { DockerEngine, demultiplexed } from './engine.ts'
import { writeFiles } from './folder-image.ts'
import { eachLine } from './lines.ts'
import { listensOn, processTree, processWith } from './procfs.ts'

export interface ContainerOptions {
  readonly env: Readonly<Record<string, string>>
  /** The network namespace that docker's bridges are in, if it is not this one's. */
  readonly network?: string | undefined
  /** This computer's loopback, as containers reach it. */
  readonly hostLoopback?: string | undefined
  readonly folder: string
}

const LABEL = 'skein-fly-emulator'

interface Inspected {
  State: { OOMKilled: boolean }
  NetworkSettings: { IPAddress?: string; Networks: Record<string, { IPAddress: string }> }
}

/** Machines as containers of a docker. */
export class ContainerBoxes implements BoxMaker {
  readonly hostLoopback: string
  readonly #engine: DockerEngine
  readonly #options: ContainerOptions
  readonly #boxes = new Set<ContainerBox>()
  readonly #starting = new Set<Promise<ContainerBox>>()
  #isClosed = false

  constructor(options: ContainerOptions) {
    this.#options = options
    this.#engine = new DockerEngine(options.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock')
    this.hostLoopback = options.hostLoopback ?? '172.17.0.1'
  }

  async has(image: string): Promise<boolean> {
    return this.#engine.call('GET', `/images/${encodeURIComponent(image)}/json`).then(
      () => true,
      () => false,
    )
  }

  async start(spec: BoxSpec): Promise<Box> {
    if (this.#isClosed) throw new SkeinError('cancelled', `starting machine ${spec.id}: the emulator ends`)
    const starting = ContainerBox.start(this.#engine, spec, this.#options)
    this.#starting.add(starting)
    try {
      const box = await starting
      this.#boxes.add(box)
      void box.exited.then(() => this.#boxes.delete(box))
      return box
    } finally {
      this.#starting.delete(starting)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#starting)
    const boxes = [...this.#boxes]
    for (const box of boxes) box.kill()
    await Promise.all(boxes.map((box) => box.exited))
  }
}

class ContainerBox implements Box {
  readonly exited: Promise<BoxExit>
  readonly pid: number
  readonly #engine: DockerEngine
  readonly #id: string
  readonly #address: string
  readonly #network: string | undefined
  readonly #forwards = new Map<number, Promise<Server>>()

  private constructor(
    engine: DockerEngine,
    id: string,
    inspected: Inspected,
    parts: { network: string | undefined; pid: number; end: Promise<BoxExit> },
  ) {
    this.#engine = engine
    this.#id = id
    this.pid = parts.pid
    const { IPAddress, Networks } = inspected.NetworkSettings
    this.#address = IPAddress || (Object.values(Networks)[0]?.IPAddress ?? '')
    this.#network = parts.network
    this.exited = parts.end.finally(() => this.#closeForwards())
  }

  static async start(engine: DockerEngine, spec: BoxSpec, options: ContainerOptions): Promise<ContainerBox> {
    const folder = join(options.folder, spec.id)
    const binds = spec.mounts.map((mount) => `${mount.folder}:${mount.path}`)
    if (spec.files.length > 0) {
      await mkdir(folder, { recursive: true })
      await writeFiles(folder, spec)
      binds.push(...spec.files.map(({ path }) => `${join(folder, path)}:${path}`))
    }
    const { init } = spec
    const entrypoint = init.exec ?? init.entrypoint
    const { Id: id } = await engine.call<{ Id: string }>('POST', '/containers/create', {
      Image: spec.image,
      Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
      ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
      ...(init.exec !== undefined ? { Cmd: [] } : init.cmd === undefined ? {} : { Cmd: init.cmd }),
      Labels: { [LABEL]: spec.id },
      // Reaps, and lets the main process die of signals, as Fly's own init does.
      HostConfig: { Binds: binds, Init: true, Memory: spec.memoryMb * 1024 * 1024 },
    })
    const remove = () => engine.call('DELETE', `/containers/${id}?force=true&v=true`)
    try {
      await engine.call('POST', `/containers/${id}/start`)
    } catch (error) {
      await remove()
      throw error
    }
    const logs = await engine.stream('GET', `/containers/${id}/logs?follow=true&stdout=true&stderr=true`)
    const written = readLines(logs, spec)
    const waiting = engine.call<{ StatusCode: number }>('POST', `/containers/${id}/wait`)
    const inspected = await engine.call<Inspected>('GET', `/containers/${id}/json`)
    const end = waiting.then(async ({ StatusCode: code }) => {
      await written
      const last = await engine.call<Inspected>('GET', `/containers/${id}/json`)
      await remove()
      await rm(folder, { recursive: true, force: true })
      return { code, oomKilled: last.State.OOMKilled }
    })
    // The engine tells the number in its own namespace, which may be another.
    const pid = (await processWith(`FLY_MACHINE_ID=${spec.id}`)) ?? 0
    return new ContainerBox(engine, id, inspected, { network: options.network, pid, end })
  }

  signal(name: NodeJS.Signals): void {
    this.#ask(`kill?signal=${name}`)
  }

  kill(): void {
    this.#ask('kill?signal=SIGKILL')
  }

  async suspend(): Promise<void> {
    await this.#engine.call('POST', `/containers/${this.#id}/pause`)
  }

  async resume(): Promise<void> {
    await this.#engine.call('POST', `/containers/${this.#id}/unpause`).catch(() => undefined)
  }

  async exec({ argv, stdin, signal, limit }: ExecSpec): Promise<ExecResult> {
    const { Id: id } = await this.#engine.call<{ Id: string }>('POST', `/containers/${this.#id}/exec`, {
      Cmd: argv,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    })
    const stream = await this.#engine.stream('POST', `/exec/${id}/start`, { Detach: false, Tty: false }, stdin ?? '')
    const leave = () => stream.destroy()
    signal.addEventListener('abort', leave, { once: true })
    const outputs = [Buffer.alloc(0), Buffer.alloc(0)]
    try {
      for await (const { error, data } of demultiplexed(stream)) {
        const index = error ? 1 : 0
        outputs[index] = Buffer.concat([outputs[index] ?? Buffer.alloc(0), data]).subarray(0, limit)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', leave)
    }
    signal.throwIfAborted()
    const { ExitCode: code } = await this.#engine.call<{ ExitCode: number }>('GET', `/exec/${id}/json`)
    return { code, signal: 0, stdout: String(outputs[0]), stderr: String(outputs[1]) }
  }

  isListening(port: number): Promise<boolean> {
    return listensOn(this.pid, port)
  }

  async connect(port: number): Promise<Duplex> {
    const forward = this.#forwards.get(port) ?? this.#forward(port)
    this.#forwards.set(port, forward)
    const address = (await forward).address()
    const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }

  async processes(): Promise<BoxProcess[]> {
    const tree = await processTree(this.pid)
    return tree.map(({ inner, command, memory }) => ({ pid: inner, command, rssBytes: memory }))
  }

  #ask(what: string): void {
    // What has ended meanwhile needs none of it.
    this.#engine.call('POST', `/containers/${this.#id}/${what}`).catch(() => undefined)
  }

  /** From here into docker's network, which may be a namespace of its own. */
  async #forward(port: number): Promise<Server> {
    const entered = this.#network === undefined ? [] : ['nsenter', `--net=${this.#network}`]
    const [program = '', ...args] = [...entered, 'socat', 'STDIO', `TCP:${this.#address}:${port}`]
    const server = createServer((socket) => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] })
      socket.on('error', () => undefined)
      child.stdin.on('error', () => undefined)
      child.on('error', () => socket.destroy())
      socket.once('close', () => child.kill())
      socket.pipe(child.stdin)
      child.stdout.pipe(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }

  async #closeForwards(): Promise<void> {
    for (const forward of this.#forwards.values()) (await forward).close()
  }
}

async function readLines(logs: Readable, spec: BoxSpec): Promise<void> {
  const outputs = [new PassThrough(), new PassThrough()]
  const lines = outputs.map((output) => eachLine(output, spec.onLine))
  try {
    for await (const { error, data } of demultiplexed(logs)) outputs[error ? 1 : 0]?.write(data)
  } catch {
    // The daemon is gone, and so is the rest.
  }
  for (const output of outputs) output.end()
  await Promise.all(lines)
}
