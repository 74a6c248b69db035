import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Machine, MachineProvider, MachineRecord, MachineSpec, ProviderContext } from '@skein/plugin-api'
import {
  claudeExecutable,
  type Dockerd,
  debianImage,
  startDockerd,
  type TemporaryFolder,
  temporaryFolder,
} from '@skein/testkit'
import { buildRunner } from '../../../../scripts/build-runner.ts'
import { type BuiltImage, buildImage } from '../image/build.ts'
import { createDockerProvider } from '../provider.ts'

/** A dockerd with Skein's own image, and the provider on it, for all tests of a file. */
export interface ContainerWorld extends AsyncDisposable {
  folder: string
  /** The project's clone. */
  project: string
  dockerd: Dockerd
  provider: MachineProvider
  context: ProviderContext
  /** A Debian without user, claude or Node. */
  plainImage: string
  progress: string[]
  build(): Promise<BuiltImage>
  spec(key: string, settings?: Record<string, unknown>): MachineSpec
  make(key: string, settings?: Record<string, unknown>): Promise<Machine & AsyncDisposable>
  list(): Promise<MachineRecord[]>
  /** A command in the machine, as its user; stdout and stderr. */
  inside(machine: Machine, script: string): Promise<{ code: number; output: string }>
}

export async function containerWorld(): Promise<ContainerWorld> {
  const folder: TemporaryFolder = await temporaryFolder('docker')
  const home = join(folder.path, 'home')
  const project = join(folder.path, 'project')
  for (const path of [home, project]) mkdirSync(path)
  const progress: string[] = []
  const bundle = await buildRunner()
  const context: ProviderContext = {
    home,
    runnerBundle: async () => bundle,
    log: () => undefined,
    progress: (line) => progress.push(line),
    signal: new AbortController().signal,
  }
  const before = process.env.DOCKER_HOST
  const dockerd = await startDockerd({ folder: folder.path }).catch(async (error: unknown) => {
    await folder[Symbol.asyncDispose]()
    throw error
  })
  process.env.DOCKER_HOST = dockerd.env.DOCKER_HOST
  const end = async () => {
    if (before === undefined) delete process.env.DOCKER_HOST
    else process.env.DOCKER_HOST = before
    await dockerd[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  }
  const provider = createDockerProvider()
  const world: Omit<ContainerWorld, 'plainImage'> = {
    folder: folder.path,
    project,
    dockerd,
    provider,
    context,
    progress,
    build: () =>
      buildImage({
        home,
        from: 'skein-test/debian',
        // Everything is there, so that no mirror and no registry is asked.
        debian: [],
        node: process.execPath,
        claude: claudeExecutable(),
        progress: context.progress,
        signal: context.signal,
      }),
    spec: (key, settings = {}) => ({
      key,
      name: '',
      owner: 'tests',
      settings,
      workspace: { name: key, branch: key, project: { id: 'p', name: 'p', path: project } },
    }),
    async make(key, settings = {}) {
      const machine = await provider.create(world.spec(key, settings), context)
      return Object.assign(machine, { [Symbol.asyncDispose]: () => machine.destroy() })
    },
    list: () => Array.fromAsync(provider.list('tests', context)),
    async inside(machine, script) {
      const user = String(machine.record.details.user)
      const args = ['exec', '--user', user, machine.record.id, 'sh', '-c', `{ ${script}\n} 2>&1; echo " exit:$?"`]
      // A shell that may not fork ends before it says its code.
      const said = await dockerd.docker(...args).catch((error: { stdout: string }) => `${error.stdout} exit:1`)
      const [, output = '', code = ''] = /^([\s\S]*?)\s?exit:(\d+)$/.exec(said) ?? []
      return { code: Number(code), output: output.trim() }
    },
    [Symbol.asyncDispose]: end,
  }
  try {
    const plainImage = await debianImage(dockerd)
    await world.build()
    return Object.assign(world, { plainImage })
  } catch (error) {
    await end()
    throw error
  }
}

/** One request to the machine's runner, over a stream of its own. */
export async function ask(machine: Machine, method: string, params: object): Promise<Record<string, unknown>> {
  const stream = await machine.open({ runner: true })
  try {
    stream.write(`${JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'hello', params: HELLO })}\n`)
    stream.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`)
    for await (const line of createInterface({ input: stream })) {
      const answer = JSON.parse(line) as { id?: number; result?: Record<string, unknown>; error?: unknown }
      if (answer.id === 1) return answer.result ?? { error: answer.error }
    }
    throw new Error('the runner closed the stream')
  } finally {
    stream.on('error', () => undefined)
    const closed = once(stream, 'close')
    stream.destroy()
    await closed
  }
}

const HELLO = { protocol: [1], client: 'test', clientVersion: '0' }
