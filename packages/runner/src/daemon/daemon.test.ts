import { execFile, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { promisify } from 'node:util'
import { RunnerClient, socketFallbackFolder, socketPath } from '@skein/protocol'
import { expect, test } from 'vitest'
import {
  ECHO,
  isRunning,
  journalOf,
  nodeAgent,
  RunnerUnderTest,
  shell,
  Transcript,
  until,
} from '../testing/runner-under-test.ts'

const run = promisify(execFile)

/** Daemons (not starters) of a folder that live. */
function daemonsOf(dir: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || !isRunning(Number(name))) return []
    const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
    return argv.includes('serve') && argv.includes(dir) ? Number(name) : []
  })
}

test("of ten that start at once over a dead holder's lock, one becomes the daemon and all find it", async () => {
  await using runner = await RunnerUnderTest.start()
  for (let round = 0; round < 3; round++) {
    await runner.kill()
    const started = await Promise.all(
      Array.from({ length: 10 }, () => run(process.execPath, [runner.bundle, 'start', '--dir', runner.dir])),
    )
    const pids = new Set(started.map(({ stdout }) => (JSON.parse(stdout) as { pid: number }).pid))
    expect(pids.size).toBe(1)
    await until('the losers are gone', () => daemonsOf(runner.dir).length === 1)
    expect(daemonsOf(runner.dir)).toEqual([...pids])
    await runner.start()
  }
  await expect(run(process.execPath, [runner.bundle, 'serve', '--dir', runner.dir])).rejects.toMatchObject({
    stderr: expect.stringContaining(`process ${runner.pid} is the runner`),
  })
})

test('a daemon that lost its lock ends, and leaves the agents to the next', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  const { pid = 0 } = await client.call('process.start', nodeAgent('kept', ECHO))
  const [lock = ''] = readdirSync(runner.dir).filter((name) => /^daemon\.lock\.\d+$/.test(name))
  rmSync(join(runner.dir, lock))
  await until('it ended', () => !isRunning(runner.pid))
  expect(isRunning(pid)).toBe(true)
  await runner.start()
  const again = await runner.connect()
  expect(await again.call('process.status', { id: 'kept' })).toMatchObject({ state: 'running', pid })
})

test("everything it keeps is private, and it has none of its starter's descriptors", async () => {
  await using runner = await RunnerUnderTest.start()
  await runner.kill()
  const callers = join(runner.dir, 'of-the-caller')
  writeFileSync(callers, '', { mode: 0o600 })
  // Low and high ones: node itself sees to no more than the first few.
  const script = `exec 9<'${callers}' 200<'${callers}'; exec "$@"`
  const { stdout } = await run(
    'bash',
    ['-c', script, 'bash', process.execPath, runner.bundle, 'start', '--dir', runner.dir],
    {
      env: { ...process.env, CANARY_TOKEN: 'canary' },
    },
  )
  const { pid } = JSON.parse(stdout) as { pid: number }
  const targets = (of: number) => readdirSync(`/proc/${of}/fd`).map((fd) => readlinkSync(`/proc/${of}/fd/${fd}`))
  expect(targets(pid).filter((target) => target === callers)).toEqual([])
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('canary')
  await runner.start()
  const client = await runner.connect()
  await client.call('process.start', nodeAgent('private', ECHO))
  await client.call('process.input', { id: 'private', epoch: 1, key: 'a', line: '1' })
  const loose = execFileSync('find', [runner.dir, '-perm', '/077', '-not', '-type', 'l'], { encoding: 'utf8' })
  expect(loose).toBe('')
  // An agent has its three, whatever the runner has open for terminals and other clients.
  await client.call('pty.open', { id: 'open', argv: ['/bin/sh'], cwd: '/', env: {}, cols: 80, rows: 24 })
  const agent = await client.call('process.start', shell('bare', 'exec sleep 1000'))
  // A program has its libraries open for a moment when it begins.
  const handed = () => readdirSync(`/proc/${agent.pid}/fd`).join()
  await until('it has no others', () => handed() === '0,1,2')
})

test('an upgrade leaves the agents alone and loses nothing', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  const source = `
    let n = 0
    setInterval(() => console.log(JSON.stringify({ n: n++ })), 5)
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => console.log(line))
  `
  const { pid } = await client.call('process.start', nodeAgent('upgraded', source))
  const transcript = new Transcript()
  await transcript.follow(client, 'upgraded')
  await client.call('process.input', { id: 'upgraded', epoch: 1, key: 'a', line: '"before"' })
  const next = join(runner.dir, 'next.cjs')
  writeFileSync(next, `${readFileSync(runner.bundle, 'utf8')}\n// the next version\n`)
  const before = client.hello
  await client.call('runner.upgrade', { bundle: next })
  await until('the old one is gone', () => client.closed && !isRunning(runner.pid))
  await runner.start()
  const again = await runner.connect()
  const sha256 = createHash('sha256').update(readFileSync(next)).digest('hex')
  expect(again.hello).toMatchObject({ sha256, bootId: before.bootId })
  expect(again.hello.daemonId).not.toBe(before.daemonId)
  expect(existsSync(join(runner.dir, 'versions', sha256, 'runner.cjs'))).toBe(true)
  await transcript.follow(again, 'upgraded')
  expect(await again.call('process.input', { id: 'upgraded', epoch: 1, key: 'a', line: '"before"' })).toEqual({
    state: 'done',
  })
  await again.call('process.input', { id: 'upgraded', epoch: 1, key: 'b', line: '"after"' })
  await until('the input came back', () => transcript.text.includes('"after"'))
  expect(await again.call('process.status', { id: 'upgraded' })).toMatchObject({ pid, state: 'running' })
  await again.call('process.stop', { id: 'upgraded', graceMs: 500 })
  await until('the end was told', () => transcript.exits.length === 1)
  expect(transcript.text).toBe(journalOf(runner, 'upgraded'))
  expect(transcript.seams).toEqual([])
})

test('an upgrade to what does not come up is taken back', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  const { pid } = await client.call('process.start', nodeAgent('kept', ECHO))
  const broken = join(runner.dir, 'broken.cjs')
  writeFileSync(broken, 'process.exit(3)')
  await expect(client.call('runner.upgrade', { bundle: broken })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('3'),
  })
  expect(await client.call('process.status', { id: 'kept' })).toMatchObject({ pid, state: 'running' })
  await client.call('process.input', { id: 'kept', epoch: 1, key: 'a', line: '"hello"' })
  await until('it answered', () => journalOf(runner, 'kept') === '"hello"\n')
})

test('shutdown keeps or stops the processes, as asked', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  const { pid = 0 } = await client.call('process.start', nodeAgent('kept', ECHO))
  await client.call('runner.shutdown', { processes: 'keep' })
  await until('the daemon is gone', () => !isRunning(runner.pid))
  expect(isRunning(pid)).toBe(true)
  expect(existsSync(runner.socket)).toBe(false)
  await runner.start()
  const again = await runner.connect()
  await again.call('runner.shutdown', { processes: 'stop' })
  await until('both are gone', () => !isRunning(runner.pid) && !isRunning(pid))
})

test('it ends by itself when nobody asks and nothing runs, and not before', async () => {
  await using runner = await RunnerUnderTest.start({ flags: ['--idle-exit-ms', '300'] })
  const client = await runner.connect()
  await client.call('process.start', shell('work', 'sleep 2.5'))
  client.close()
  const started = Date.now()
  await until('it ended', () => !isRunning(runner.pid))
  expect(Date.now() - started).toBeGreaterThan(2000)
})

test('a state folder with a long path is served through a private folder for sockets', async () => {
  const { TMPDIR } = process.env
  process.env.TMPDIR = mkdtempSync('/tmp/runner-tmp-')
  await using cleanUp = new AsyncDisposableStack()
  cleanUp.defer(() => {
    rmSync(process.env.TMPDIR ?? '', { recursive: true })
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  })
  await using runner = await RunnerUnderTest.start({ folder: 'x'.repeat(120) })
  expect(runner.socket).toBe(socketPath(runner.dir))
  expect(runner.socket.startsWith(socketFallbackFolder())).toBe(true)
  expect(statSync(socketFallbackFolder()).mode & 0o777).toBe(0o700)
  expect(statSync(runner.socket).mode & 0o777).toBe(0o600)
  const client = await runner.connect()
  expect(client.hello.pid).toBe(runner.pid)
})

test('attach starts the daemon and joins two streams to it', async () => {
  await using runner = await RunnerUnderTest.start()
  await runner.kill()
  const bridge = spawn(process.execPath, [runner.bundle, 'attach', '--dir', runner.dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const client = await RunnerClient.connect(Duplex.from({ readable: bridge.stdout, writable: bridge.stdin }), {
    client: 'test',
    clientVersion: '1',
  })
  expect(await client.call('exec', { argv: ['echo', 'x'.repeat(100_000)] })).toMatchObject({
    stdout: `${'x'.repeat(100_000)}\n`,
  })
  const gone = once(bridge, 'exit')
  client.close()
  await gone
  expect(isRunning(client.hello.pid)).toBe(true)
})

test('it runs on plain Node 20, without an environment', async (context) => {
  const node20 = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    return existsSync(path) && execFileSync(path, ['--version'], { encoding: 'utf8' }).startsWith('v20.')
  })
  if (node20 === undefined) return context.skip()
  await using runner = await RunnerUnderTest.start()
  await runner.kill()
  const copy = join(runner.dir, 'alone')
  mkdirSync(copy)
  cpSync(runner.bundle, join(copy, 'runner.cjs'))
  const { stdout } = await run('/usr/bin/env', ['-i', node20, join(copy, 'runner.cjs'), 'start', '--dir', runner.dir])
  expect(JSON.parse(stdout)).toMatchObject({ socket: runner.socket })
  await runner.start()
  const client = await runner.connect()
  // It lies where no terminal module is to be found.
  expect(client.hello.features).not.toContain('pty')
  await expect(
    client.call('pty.open', { id: 't', argv: ['sh'], cwd: '/', env: {}, cols: 1, rows: 1 }),
  ).rejects.toMatchObject({ code: 'missing' })
  await client.call('process.start', nodeAgent('on-20', ECHO))
  await client.call('process.input', { id: 'on-20', epoch: 1, key: 'a', line: JSON.stringify('x'.repeat(10_000)) })
  await until('it answered', () => journalOf(runner, 'on-20').length > 10_000)
})

test('two protocols that do not meet say who is to be upgraded', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  const hello = { client: 'x', clientVersion: '1' }
  await expect(client.call('hello', { ...hello, protocol: [99] })).rejects.toMatchObject({
    next: expect.stringContaining('runner'),
  })
  await expect(client.call('hello', { ...hello, protocol: [0] })).rejects.toMatchObject({
    next: expect.stringContaining('client'),
  })
})

test('a client that sends garbage is cut off, and nobody else is', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  const socket = connect(runner.socket)
  const closed = once(socket, 'close')
  socket.on('error', () => {})
  socket.write('{not json}\n')
  await closed
  expect(await client.call('process.list', {})).toEqual([])
})
