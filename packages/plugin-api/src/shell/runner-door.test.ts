import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { SkeinError } from '@skein/protocol'
import { processesUnder, RunnerStream, type TemporaryFolder, temporaryFolder, waitUntil } from '@skein/testkit'
import { expect, test } from 'vitest'
import { buildRunner } from '../../../../scripts/build-runner.ts'
import type { ProviderContext } from '../machine.ts'
import type { NodeRelease } from './node-release.ts'
import { processDoor } from './process-door.ts'
import { RunnerDoor, type RunnerDoorOptions } from './runner-door.ts'

const bundle = await buildRunner()
const root = process.getuid?.() === 0

interface MachineOptions extends Partial<RunnerDoorOptions> {
  /** The machine's own login shell; `$1` is the command. */
  argv?: string[]
  env?: Record<string, string>
  bundle?: { path: string; sha256: string }
}

interface TestMachine extends AsyncDisposable {
  folder: string
  home: string
  progress: string[]
  door(options?: MachineOptions): RunnerDoor
}

/** A "machine" that is a shell of this computer, with a HOME that never saw Skein. */
async function machine(): Promise<TestMachine> {
  const folder: TemporaryFolder = await temporaryFolder('door')
  const home = join(folder.path, 'home of mine')
  mkdirSync(home)
  const progress: string[] = []
  const mark = `SKEIN_TEST_MACHINE=${folder.path}`
  return {
    folder: folder.path,
    home,
    progress,
    door({ argv = ['/bin/sh', '-c'], env = {}, bundle: own = bundle, ...options } = {}) {
      const context: ProviderContext = {
        home: join(folder.path, 'skein'),
        runnerBundle: async () => own,
        log: () => {},
        progress: (line) => progress.push(line),
        signal: new AbortController().signal,
      }
      const environment = { PATH: process.env.PATH, HOME: home, SKEIN_TEST_MACHINE: folder.path, ...env }
      const door = processDoor({ name: 'box', argv: (command) => [...argv, command], env: environment, cwd: home })
      return new RunnerDoor(door, context, { owner: 'me', ...options })
    },
    async [Symbol.asyncDispose]() {
      const left = async () => (await processesUnder(mark)).map(({ pid }) => pid)
      for (const pid of await left()) process.kill(pid, 'SIGKILL')
      await waitUntil(async () => (await left()).length === 0, { what: 'the end of the machine' })
      await folder[Symbol.asyncDispose]()
    },
  }
}

const greet = async (door: RunnerDoor) => RunnerStream.greet(await door.open())

async function failure(promise: Promise<unknown>): Promise<SkeinError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof SkeinError) return error
  throw error
}

/** Everything below a folder. */
const contents = (folder: string) => readdirSync(folder, { recursive: true }).map(String)

const shells = [
  ['dash', '-c'],
  ['bash', '-c'],
  ['zsh', '-c'],
  ['busybox', 'ash', '-c'],
  ['fish', '-c'],
  ['csh', '-c'],
]

test.for(shells.map((argv) => ({ name: argv[0] ?? '', argv })))(
  'the runner is brought and joined where the login shell is $name',
  async ({ argv, name }, context) => {
    if (!isInstalled(name)) return context.skip(`${name} is not installed`)
    await using box = await machine()
    const door = box.door({ argv })
    await using first = await greet(door)
    expect(door.facts).toEqual({
      cwd: box.home,
      home: box.home,
      dir: join(box.home, '.local/state/skein/me'),
      node: expect.stringContaining('node'),
      nodeVersion: expect.stringMatching(/^2\d\./),
      platform: process.platform,
      arch: process.arch,
    })
    expect(first.hello.sha256).toBe(bundle.sha256)
    await using second = await greet(box.door({ argv }))
    expect(second.hello.daemonId).toBe(first.hello.daemonId)
    expect(box.progress).toEqual(['bringing the runner to the machine'])
    expect(contents(box.home).filter((name) => name.includes('tmp'))).toEqual([])
  },
)

test('of several clients that come first at the same time, all get the one runner', async () => {
  await using box = await machine()
  const runners = await Promise.all(Array.from({ length: 4 }, () => greet(box.door())))
  expect(new Set(runners.map(({ hello }) => hello.daemonId)).size).toBe(1)
  for (const runner of runners) await runner[Symbol.asyncDispose]()
  expect(contents(box.home).filter((name) => name.includes('tmp'))).toEqual([])
})

test('a runner of another version is upgraded before it is joined, and its processes do not notice', async () => {
  await using box = await machine()
  const path = join(box.folder, 'older.cjs')
  writeFileSync(path, `${readFileSync(bundle.path, 'utf8')}\n// older`)
  const older = { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }
  await using before = await greet(box.door({ bundle: older }))
  const spec = {
    id: 'agent',
    epoch: 1,
    kind: 'lines' as const,
    argv: ['cat'],
    cwd: box.home,
    env: { PATH: '/usr/bin:/bin', SKEIN_TEST_MACHINE: box.folder },
  }
  const started = await before.ask('process.start', spec)
  const joined = await Promise.all([greet(box.door()), greet(box.door())])
  await before.closed
  for (const after of joined) {
    expect(after.hello.sha256).toBe(bundle.sha256)
    expect(after.hello.pid).not.toBe(before.hello.pid)
    expect(await after.ask('process.status', { id: 'agent' })).toMatchObject({ state: 'running', pid: started.pid })
    await after[Symbol.asyncDispose]()
  }
})

test('old versions beyond the newest three go by age when a runner starts', async () => {
  await using box = await machine()
  const versions = join(box.home, '.local/state/skein/me/versions')
  for (let i = 0; i < 6; i++) {
    const folder = join(versions, `${i}`.repeat(64))
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    execFileSync('touch', ['-d', `2020-01-0${i + 1}`, folder])
  }
  await using _runner = await greet(box.door())
  await waitUntil(() => readdirSync(versions).length === 3, { what: 'old versions to be gone' })
  expect(readdirSync(versions).sort()).toEqual([bundle.sha256, '4'.repeat(64), '5'.repeat(64)].sort())
})

test('a Node that was remembered and is gone is looked for again, and so is a bundle that is damaged', async () => {
  await using box = await machine()
  const old = join(box.folder, 'old-node')
  symlinkSync(process.execPath, old)
  await using first = await greet(box.door())
  const dir = first.hello.dir
  writeFileSync(join(dir, 'node-path'), `${old}-that-is-gone\n`)
  await using second = await greet(box.door())
  expect(readFileSync(join(dir, 'node-path'), 'utf8')).not.toContain('gone')
  await second.ask('runner.shutdown', { processes: 'stop' })
  await first.closed
  writeFileSync(join(dir, 'versions', bundle.sha256, 'runner.cjs'), 'process.exit(9)')
  await using third = await greet(box.door())
  expect(third.hello.sha256).toBe(bundle.sha256)
})

test('a port of the machine is reached, the client may end first, and nobody there is an error', async () => {
  await using box = await machine()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let said = ''
    socket.on('data', (bytes) => {
      said += bytes
    })
    socket.once('end', () => socket.end(`you said ${said}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const stream = await box.door().openPort((server.address() as AddressInfo).port)
    stream.end('hello')
    expect(await text(stream)).toBe('you said hello')
    const refused = await failure(box.door().openPort(1))
    expect(refused).toMatchObject({ code: 'unavailable', details: { errno: 'ECONNREFUSED' } })
  } finally {
    server.close()
  }
})

test('the marker is found in a banner without an end, and a door that repeats its command does not seem to answer', async () => {
  await using box = await machine()
  const talkative = ['sh', '-c', 'printf "%s\\nWelcome! %s" "$1" "@skein: "; exec sh -c "$1"', 'sh']
  await using runner = await greet(box.door({ argv: talkative }))
  expect(runner.hello.home).toBe(box.home)
})

test('doors that do not lead to a shell are told apart, each with what they printed', async () => {
  await using box = await machine()
  const open = (script: string) => failure(box.door({ argv: ['sh', '-c', script, 'sh'], answerMs: () => 1500 }).open())
  const ended = await open('echo Only for members.; exit 3')
  expect(ended.message).toMatch(/^box ended with exit status 3 before it ran our command\nOnly for members\.$/)
  expect(ended.next).toContain('by hand')
  const hangs = await open('echo Starting a game; exec sleep 1000')
  expect(hangs).toMatchObject({ code: 'unavailable', details: { phase: 'answer' } })
  expect(hangs.message).toMatch(/nothing that our command wrote came back within 1.5 s\nStarting a game/)
  const noInput = await open('exec sh -c "$1" </dev/null')
  expect(noInput.message).toContain('the input ended')
  expect(noInput.next).toContain('stdin')
  const cancelled = new AbortController()
  const opening = failure(box.door({ argv: ['sh', '-c', 'sleep 1000', 'sh'] }).open(cancelled.signal))
  cancelled.abort()
  expect(await opening).toMatchObject({ code: 'cancelled' })
  expect(contents(box.home)).toEqual([])
})

test('what arrives changed is refused, and nothing is left of it', async () => {
  await using box = await machine()
  const error = await failure(box.door({ bundle: { path: bundle.path, sha256: '0'.repeat(64) } }).open())
  expect(error.message).toContain('the bundle that arrived is not the one that was sent')
  expect(contents(box.home)).toEqual([])
})

test('folders of the machine that cannot be written, and settings that name none, are said', async () => {
  await using box = await machine()
  writeFileSync(join(box.home, 'file'), '')
  const error = await failure(box.door({ directory: '~/file/below' }).open())
  expect(error).toMatchObject({ code: 'missing', details: { reason: 'folder' } })
  expect(error.message).toContain('Not a directory')
  expect(() => box.door({ directory: '~/$(touch hacked)' })).toThrow('cannot be the runner')
  await using elsewhere = await greet(box.door({ directory: '~/some where/else' }))
  expect(elsewhere.hello.dir).toBe(join(box.home, 'some where/else'))
})

test.skipIf(!root)('without space the runner is not brought, and what was begun is removed', async () => {
  await using box = await machine()
  const list = join(box.folder, 'left')
  const small = `mount -t tmpfs -o size=100k none "$HOME"; cd "$HOME"; sh -c "$1"; ls -A "$HOME" >'${list}'`
  const error = await failure(box.door({ argv: ['unshare', '-m', 'sh', '-c', small, 'sh'] }).open())
  expect(error).toMatchObject({ code: 'disk_full', details: { reason: 'space' } })
  expect(error.next).toContain('Free some space')
  await waitUntil(() => existsSync(list), { what: 'the list of what is left' })
  expect(readFileSync(list, 'utf8')).toBe('')
})

test.skipIf(!root)(
  'with a home that is read-only the runner goes elsewhere, but not where others were first',
  async () => {
    await using box = await machine()
    const state = join(box.folder, 'state')
    const readOnly = 'mount --bind "$HOME" "$HOME"; mount -o remount,bind,ro "$HOME"; mount -t tmpfs none /var/tmp;'
    const argv = (more = '') => ['unshare', '-m', 'sh', '-c', `${readOnly} ${more} exec sh -c "$1"`, 'sh']
    await using there = await greet(box.door({ argv: argv(), env: { XDG_STATE_HOME: state } }))
    expect(there.hello.dir).toBe(join(state, 'skein/me'))
    const fallback = box.door({ argv: argv() })
    await using elsewhere = await greet(fallback)
    expect(elsewhere.hello.dir).toBe('/var/tmp/skein-0/me')
    const taken = await failure(box.door({ argv: argv('mkdir -m 777 /var/tmp/skein-0;') }).open())
    expect(taken.message).toContain('/var/tmp/skein-0 is not a private folder of this user')
  },
)

/** Programs of the machine, without Node: what the bootstrap may count on, and `more`. */
function toolbox(folder: string, more: string[] = []): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const needed = 'id ls head mkdir rmdir rm mv chmod tr cut df tail sed wc uname getconf sha256sum cat sleep date'
  for (const name of [...needed.split(' '), ...more]) {
    const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    if (!existsSync(join(bin, name))) symlinkSync(path, join(bin, name))
  }
  // A login shell would read the system's profile, and with it the PATH where Node is.
  writeFileSync(join(folder, 'shell'), '#!/bin/sh\nshift\nexec /bin/sh -c "$@"\n')
  chmodSync(join(folder, 'shell'), 0o755)
  return bin
}

function replace(bin: string, name: string, script: string): void {
  execFileSync('rm', ['-f', join(bin, name)])
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
}

interface Registry extends AsyncDisposable {
  url: string
  release: NodeRelease
  requests: string[]
}

/** A registry on loopback with a package of Node: small, because its executable only calls the one that runs this test. */
async function registry(folder: string): Promise<Registry> {
  const work = join(folder, 'package-of-node')
  mkdirSync(join(work, 'package/bin'), { recursive: true })
  writeFileSync(join(work, 'package/bin/node'), `#!/bin/sh\nexec ${process.execPath} "$@"\n`)
  chmodSync(join(work, 'package/bin/node'), 0o755)
  writeFileSync(join(work, 'package/README.md'), 'x'.repeat(5000))
  execFileSync('tar', ['-czf', 'node.tgz', 'package/README.md', 'package/bin/node'], { cwd: work })
  const tarball = readFileSync(join(work, 'node.tgz'))
  const sha512 = createHash('sha512').update(tarball).digest('base64')
  const platform = `${process.platform}-${process.arch}`
  const requests: string[] = []
  const server = createHttpServer((request, response) => {
    requests.push(`${request.headers['user-agent']?.split('/')[0]} ${request.url}`)
    response.end(tarball)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    release: { [platform]: { name: `node-${platform}`, version: '22.0.0', sha512 } },
    requests,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** This computer's npm is configured with the registry, while the test runs. */
function useRegistry(url: string): Disposable {
  const before = process.env.NPM_CONFIG_REGISTRY
  process.env.NPM_CONFIG_REGISTRY = url
  return {
    [Symbol.dispose]() {
      if (before === undefined) delete process.env.NPM_CONFIG_REGISTRY
      else process.env.NPM_CONFIG_REGISTRY = before
    },
  }
}

test('a machine without Node fetches it by itself, else gets it over the door, packed or not', async () => {
  await using box = await machine()
  await using packages = await registry(box.folder)
  using _npm = useRegistry(packages.url)
  const open = async (name: string, tools: string[], env: Record<string, string> = {}) => {
    const folder = join(box.folder, name)
    const home = join(folder, 'home')
    mkdirSync(home, { recursive: true })
    const PATH = toolbox(folder, tools)
    const door = box.door({
      env: { PATH, HOME: home, SHELL: join(folder, 'shell'), ...env },
      node: packages.release,
    })
    await using runner = await greet(door)
    expect(runner.hello.home).toBe(home)
    const brought = join(home, '.local/state/skein/me/node', `22.0.0-${process.platform}-${process.arch}`, 'node')
    expect(readFileSync(join(runner.hello.dir, 'node-path'), 'utf8')).toBe(`${brought}\n`)
    // Warm, it is remembered.
    await using _again = await greet(door)
  }
  await open('fetches', ['tar', 'gzip', 'sha512sum', 'curl'])
  expect(packages.requests).toEqual([expect.stringContaining('curl /node-')])
  await open('gets-packed', ['tar', 'gzip', 'sha512sum', 'curl'], { NPM_CONFIG_REGISTRY: 'http://127.0.0.1:1' })
  await open('gets-plain', [])
  // The rest came from this computer, which fetched it once.
  expect(packages.requests).toHaveLength(2)
  expect(box.progress.filter((line) => line.startsWith('bringing Node 22.0.0'))).not.toEqual([])
})

test('a Node with another hash than the one of the release is never run, nor kept', async () => {
  await using box = await machine()
  await using packages = await registry(box.folder)
  using _npm = useRegistry(packages.url)
  const [[platform, node] = ['', undefined]] = Object.entries(packages.release)
  if (node === undefined) throw new Error('no release')
  const folder = join(box.folder, 'tools')
  const PATH = toolbox(folder, ['tar', 'gzip', 'sha512sum', 'curl'])
  const env = { PATH, SHELL: join(folder, 'shell') }
  const sha512 = createHash('sha512').update('another').digest('base64')
  const error = await failure(box.door({ env, node: { [platform]: { ...node, sha512 } } }).open())
  expect(error.message).toContain('another hash')
  expect(contents(box.home)).toEqual([])
  expect(readdirSync(join(box.folder, 'skein/node'))).toEqual([])
})

test('machines on which no Node of ours can run are said, with what was found', async () => {
  await using box = await machine()
  const folder = join(box.folder, 'tools')
  const PATH = toolbox(folder)
  const env = { PATH, SHELL: join(folder, 'shell') }
  const open = () => failure(box.door({ env }).open())
  replace(PATH, 'getconf', 'echo glibc 2.17')
  expect((await open()).message).toContain('needs glibc 2.28; found 2.17')
  replace(PATH, 'uname', '[ "$1" = -m ] && echo riscv64 || echo Linux')
  expect((await open()).message).toContain('none that Skein could bring to linux-riscv64')
  for (const error of [await open()]) expect(error.next).toContain('Install Node 20 or later')
  expect(contents(box.home)).toEqual([])
})

test.skipIf(!root)('a file system that is mounted noexec is named when Node would have to run from it', async () => {
  await using box = await machine()
  await using packages = await registry(box.folder)
  using _npm = useRegistry(packages.url)
  const folder = join(box.folder, 'tools')
  const PATH = toolbox(folder)
  const env = { PATH, SHELL: join(folder, 'shell') }
  const argv = ['/usr/bin/env', `PATH=${process.env.PATH}`, 'unshare', '-m', 'sh', '-c']
  const noexec = `mount -t tmpfs -o noexec none "$HOME"; cd "$HOME"; PATH='${PATH}' exec /bin/sh -c "$1"`
  const error = await failure(box.door({ env, argv: [...argv, noexec, 'sh'], node: packages.release }).open())
  expect(error).toMatchObject({ code: 'missing', details: { reason: 'noexec' } })
  expect(error.message).toContain(box.home)
})

test('diagnosis names what the machine has and what it lacks', async () => {
  await using box = await machine()
  const found = await box.door().diagnose()
  expect(found.map(({ what }) => what).join('\n')).toMatch(/Linux.*glibc.*git version.*Node v2/s)
  const folder = join(box.folder, 'tools')
  const PATH = toolbox(folder)
  replace(PATH, 'date', 'echo 1000000000')
  const bare = await box.door({ env: { PATH, SHELL: join(folder, 'shell') } }).diagnose()
  const wrong = bare.filter(({ ok }) => !ok).map(({ what }) => what)
  expect(wrong).toEqual(expect.arrayContaining(['git is not there', 'Claude Code is not there']))
  expect(wrong.join()).toMatch(/its clock is \d+ s off/)
  for (const { ok, remedy } of bare) expect(ok || remedy !== undefined).toBe(true)
})

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
