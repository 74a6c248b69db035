import { type ChildProcess, spawn } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { SkeinError } from '@skein/protocol'
import { Beginning, ended } from './beginning.ts'
import {
  type Box,
  type BoxExit,
  type BoxMaker,
  type BoxProcess,
  type BoxSpec,
  DEFAULT_PATH,
  type ExecResult,
  type ExecSpec,
} from './box.ts'
import { runAndCollect } from './collect.ts'
import { argvOf, type FolderImage, inFolder, writeFiles } from './folder-image.ts'
import { childrenOf, listensOn, processTree, type TreeProcess } from './procfs.ts'
import { rootScript } from './script.ts'
import { SlirpNetwork } from './slirp.ts'

export interface NamespaceOptions {
  readonly folder: string
  /** By reference, as in `config.image`. */
  readonly images: Readonly<Record<string, FolderImage>>
  /** Folders of this computer that machines see, unchangeable, at the same path. The repository and Node's are there always. */
  readonly shared?: readonly string[] | undefined
}

/** Above the repository's packages, wherever it is checked out. */
const REPOSITORY = resolve(import.meta.dirname, '../../../..')
/** How often memory is looked at, in milliseconds; less often where looking takes long. */
const MEMORY_EVERY = 150
const MEMORY_SHARE = 0.05

/** Machines as process groups in namespaces of their own: processes, mounts, network. Linux; root, or user namespaces. */
export class NamespaceBoxes implements BoxMaker {
  readonly hostLoopback = SlirpNetwork.hostLoopback
  readonly #options: NamespaceOptions
  readonly #boxes = new Set<NamespaceBox>()
  readonly #starting = new Set<Promise<NamespaceBox>>()
  #watch: NodeJS.Timeout | undefined
  #isClosed = false
  #count = 0

  constructor(options: NamespaceOptions) {
    if (process.platform !== 'linux')
      throw new SkeinError('missing', `running Fly machines: this computer (${process.platform}) has no namespaces`, {
        next: 'Run these tests on Linux, or give the emulator a docker.',
      })
    this.#options = options
    this.#watchMemory(MEMORY_EVERY)
  }

  async has(image: string): Promise<boolean> {
    return this.#options.images[image] !== undefined
  }

  async start(spec: BoxSpec): Promise<Box> {
    const image = this.#options.images[spec.image]
    if (image === undefined) throw new SkeinError('not_found', `starting a machine: there is no image ${spec.image}`)
    this.#count += 1
    const folder = join(this.#options.folder, `${spec.id}-${this.#count}`)
    const node = dirname(dirname(process.execPath))
    const shared = [...new Set([REPOSITORY, node, ...(this.#options.shared ?? [])])].sort()
    if (this.#isClosed) throw new SkeinError('cancelled', `starting machine ${spec.id}: the emulator ends`)
    const starting = NamespaceBox.start({ spec, image, folder, shared })
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

  #watchMemory(after: number): void {
    this.#watch = setTimeout(() => {
      const begin = performance.now()
      void Promise.all([...this.#boxes].map((box) => box.endIfTooLarge())).then(() => {
        const took = performance.now() - begin
        if (!this.#isClosed) this.#watchMemory(Math.max(MEMORY_EVERY, took / MEMORY_SHARE))
      })
    }, after).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#watch)
    await Promise.allSettled(this.#starting)
    const boxes = [...this.#boxes]
    for (const box of boxes) box.kill()
    await Promise.all(boxes.map((box) => box.exited))
  }
}

interface Start {
  spec: BoxSpec
  image: FolderImage
  folder: string
  shared: readonly string[]
}

class NamespaceBox implements Box {
  readonly exited: Promise<BoxExit>
  readonly #outer: ChildProcess
  readonly #network: SlirpNetwork
  readonly #spec: BoxSpec
  readonly #env: Record<string, string>
  /** The first process of its namespace, and the main one below it; as this computer numbers them. */
  readonly #first: number
  readonly #main: number
  /** Processes outside whose children are inside. */
  readonly #entering = new Set<number>()
  #oomKilled = false

  private constructor(
    start: Start,
    env: Record<string, string>,
    outer: ChildProcess,
    network: SlirpNetwork,
    pids: [number, number],
    written: Promise<unknown>,
  ) {
    this.#spec = start.spec
    this.#env = env
    this.#outer = outer
    this.#network = network
    ;[this.#first, this.#main] = pids
    this.exited = this.#end(start.folder, written)
  }

  get pid(): number {
    return this.#main
  }

  static async start(start: Start): Promise<NamespaceBox> {
    const { spec, image, folder } = start
    const copies = image.root === undefined ? [] : [resolve(image.root)]
    await mkdir(join(folder, 'root'), { recursive: true })
    if (spec.files.length > 0) copies.push(await writeFiles(join(folder, 'files'), spec))
    const init = join(folder, 'init.sh')
    const script = rootScript({
      id: spec.id,
      folder: join(folder, 'root'),
      images: copies,
      mounts: spec.mounts,
      shared: start.shared,
      user: image.user,
    })
    await writeFile(init, script)
    const env = {
      PATH: `${dirname(process.execPath)}:${DEFAULT_PATH}`,
      HOME: '/root',
      LANG: 'C.UTF-8',
      ...image.env,
      ...spec.env,
    }
    const argv = argvOf(spec, image)
    const outer = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', ...namespaces(), 'sh', init, ...inFolder(image.workdir), ...argv],
      {
        env,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        cwd: '/',
      },
    )
    let network: SlirpNetwork | undefined
    try {
      const said = new Beginning(outer, spec)
      const { pid } = outer
      await said.until(() => pid !== undefined && hasOwnNetwork(pid))
      network = await SlirpNetwork.join(Number(pid), join(folder, 'slirp.sock'))
      const main = await said.go()
      const [first = 0] = await childrenOf(Number(pid))
      const tree = await processTree(first)
      const found = tree.find(({ inner }) => inner === main)?.pid ?? 0
      said.started()
      return new NamespaceBox(start, env, outer, network, [first, found], said.written)
    } catch (error) {
      await killAndWait(outer)
      await network?.close()
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  signal(name: NodeJS.Signals): void {
    kill(this.#main, name)
  }

  kill(): void {
    this.#outer.kill('SIGKILL')
  }

  /** Parents first, and again until nobody new has come: a process that runs may make others. */
  async suspend(): Promise<void> {
    const stopped = new Set<number>()
    for (let more = true; more; ) {
      const running = (await this.#tree()).filter(({ pid }) => !stopped.has(pid))
      for (const { pid } of running) {
        kill(pid, 'SIGSTOP')
        stopped.add(pid)
      }
      more = running.length > 0
    }
  }

  async resume(): Promise<void> {
    for (const { pid } of (await this.#tree()).reverse()) kill(pid, 'SIGCONT')
  }

  async exec(spec: ExecSpec): Promise<ExecResult> {
    const asUser = isRoot() ? [] : ['--user', '--preserve-credentials']
    const entered = ['--mount', '--pid', '--net', '--uts', '--ipc', '--root', '--wdns=/', ...asUser]
    const argv = ['nsenter', `--target=${this.#main}`, ...entered, '--', ...spec.argv]
    let entering = 0
    try {
      return await runAndCollect(argv, this.#env, spec, (pid) => {
        entering = pid
        this.#entering.add(pid)
      })
    } finally {
      this.#entering.delete(entering)
    }
  }

  isListening(port: number): Promise<boolean> {
    return listensOn(this.#first, port)
  }

  connect(port: number): Promise<Duplex> {
    return this.#network.connect(port)
  }

  async processes(): Promise<BoxProcess[]> {
    const tree = await this.#tree()
    return tree.map(({ inner, command, memory }) => ({
      pid: inner,
      command: inner === 1 ? '/fly/init' : command,
      rssBytes: memory,
    }))
  }

  /** As the kernel of a machine does when its memory is used up: the largest process goes. */
  async endIfTooLarge(): Promise<void> {
    const tree = await this.#tree()
    const used = tree.reduce((sum, { memory }) => sum + memory, 0)
    const [largest] = tree.sort((a, b) => b.memory - a.memory)
    if (largest === undefined || used <= this.#spec.memoryMb * 1024 * 1024) return
    this.#oomKilled = true
    this.#spec.onLine(
      `[    1.000000] Out of memory: Killed process ${largest.inner} (${largest.command.split(' ')[0]})`,
    )
    kill(largest.pid, 'SIGKILL')
  }

  /** All that runs in it. What has entered it has its parents outside. */
  async #tree(): Promise<TreeProcess[]> {
    const entered = await Promise.all([...this.#entering].map(childrenOf))
    return (await Promise.all([this.#first, ...entered.flat()].map(processTree))).flat()
  }

  async #end(folder: string, written: Promise<unknown>): Promise<BoxExit> {
    const { code, signal } = await ended(this.#outer)
    await written
    await this.#network.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    return { code: signal === null ? (code ?? 0) : 137, oomKilled: this.#oomKilled }
  }
}

function namespaces(): string[] {
  const own = ['--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child']
  return ['unshare', ...(isRoot() ? [] : ['--user', '--map-root-user']), ...own]
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function hasOwnNetwork(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net')
  } catch {
    // It has just ended, as will be seen.
    return false
  }
}

async function killAndWait(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return
  child.kill('SIGKILL')
  await ended(child)
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, signal)
  } catch {
    // It has just ended.
  }
}
