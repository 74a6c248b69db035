import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { RunnerClient } from '@skein/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeAgent, processesWith, RunnerUnderTest, shell, until } from '../testing/runner-under-test.ts'

let runner: RunnerUnderTest
let client: RunnerClient

beforeAll(async () => {
  runner = await RunnerUnderTest.start()
  client = await runner.connect()
})
afterAll(async () => {
  await runner[Symbol.asyncDispose]()
})

const sh = (script: string) => ['/bin/sh', '-c', script]

test('a command gives its outputs, its code and its signal', async () => {
  const result = await client.call('exec', { argv: sh('cat; echo err >&2; exit 3'), stdin: 'in', cwd: '/', env: {} })
  expect(result).toEqual({ code: 3, stdout: 'in', stderr: 'err\n', truncated: false, timedOut: false })
  expect(await client.call('exec', { argv: sh('kill -9 $$') })).toMatchObject({ code: null, signal: 'SIGKILL' })
  await expect(client.call('exec', { argv: ['no-such-program'] })).rejects.toMatchObject({
    code: 'missing',
    message: expect.stringContaining('no-such-program'),
  })
})

test('a command with a key is run once, for those who ask at once and after a restart', async () => {
  const counter = join(runner.dir, 'count')
  const params = { argv: sh(`echo x >> '${counter}'; sleep 0.2; wc -l < '${counter}'`), key: 'once' }
  const answers = await Promise.all([client.call('exec', params), client.call('exec', params)])
  await runner.kill()
  await runner.start()
  client = await runner.connect()
  answers.push(await client.call('exec', params))
  expect(answers.map(({ stdout }) => stdout.trim())).toEqual(['1', '1', '1'])
  expect(readFileSync(counter, 'utf8')).toBe('x\n')
})

test('50 MB of output never block, and what does not fit is dropped and told', async () => {
  const result = await client.call('exec', {
    argv: sh('yes abcdefg | head -c 50000000; yes e | head -c 1000000 >&2; exit 2'),
    maxOutput: 1000,
  })
  expect(result).toMatchObject({ code: 2, truncated: true })
  expect(result.stdout).toHaveLength(1000)
  const escaped = await client.call('exec', { argv: sh('head -c 600000 /dev/zero'), maxOutput: 600_000 })
  expect(escaped.truncated).toBe(true)
})

test('a command that takes too long is ended with all that it started', async () => {
  const mark = `exec-${process.pid}`
  const argv = sh(`trap '' TERM; sh -c 'trap "" TERM; sleep 1000; : ${mark}' & wait; sleep 1000`)
  const result = await client.call('exec', { argv, timeoutMs: 200 })
  expect(result.timedOut).toBe(true)
  await until('nobody of it is left', () => processesWith(mark).length === 0)
})

test('a command does not outlive a runner that was killed', async () => {
  const mark = `left-${process.pid}`
  const asked = client.call('exec', { argv: sh(`sleep 1000; : ${mark}`) }).catch((error: unknown) => error)
  await until('it runs', () => processesWith(mark).length > 0)
  await runner.kill()
  expect(await asked).toMatchObject({ code: 'unavailable' })
  await runner.start()
  client = await runner.connect()
  await until('it is gone', () => processesWith(mark).length === 0)
})

test('files are written whole, read in parts, listed and removed', async () => {
  const path = join(runner.dir, 'work/deep/file.bin')
  const content = randomBytes(700_000)
  await client.call('fs.write', { path, base64: content.subarray(0, 500_000).toString('base64'), mode: 0o640 })
  expect(statSync(path).mode & 0o777).toBe(0o640)
  writeFileSync(path, content)
  const parts: Buffer[] = []
  for (let offset = 0, eof = false; !eof; ) {
    const part = await client.call('fs.read', { path, offset, length: 10_000_000 })
    parts.push(Buffer.from(part.base64, 'base64'))
    offset += parts.at(-1)?.length ?? 0
    eof = part.eof
  }
  expect(Buffer.concat(parts).equals(content)).toBe(true)
  expect(await client.call('fs.stat', { path })).toMatchObject({ type: 'file', size: 700_000, mode: 0o640 })
  expect(await client.call('fs.list', { path: join(runner.dir, 'work') })).toEqual([
    { name: 'deep', type: 'directory' },
  ])
  await client.call('fs.remove', { path: join(runner.dir, 'work') })
  expect(await client.call('fs.stat', { path })).toBeNull()
  await expect(client.call('fs.read', { path, offset: 0, length: 1 })).rejects.toMatchObject({ code: 'not_found' })
  await expect(client.call('fs.remove', { path: homedir() })).rejects.toMatchObject({ code: 'invalid' })
})

test('a blob is checked, goes on where it stopped, and is there once', async () => {
  const content = randomBytes(900_000)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const put = (from: number, to: number, done: boolean) =>
    client.call('blob.put', { sha256, offset: from, base64: content.subarray(from, to).toString('base64'), done })
  expect(await put(0, 400_000, false)).toEqual({ have: 400_000 })
  expect(await put(800_000, 900_000, true)).toEqual({ have: 400_000 })
  const { path = '' } = await put(400_000, 900_000, true)
  expect(readFileSync(path).equals(content)).toBe(true)
  expect(await put(0, 10, false)).toEqual({ path, have: 900_000 })
  const wrong = { sha256: 'f'.repeat(64), offset: 0, base64: 'AAAA', done: true }
  await expect(client.call('blob.put', wrong)).rejects.toMatchObject({ code: 'invalid' })
})

test('a port that a process of ours listens on is found, with its process', async () => {
  const source = `require('node:http').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
  await client.call('process.start', nodeAgent('listener', source))
  await until('it listens', async () => (await client.call('ports.listening', { ids: ['listener'] })).length === 1)
  const [found] = await client.call('ports.listening', { ids: ['listener'] })
  const port = Number(readFileSync(join(runner.dir, 's/listener/out.1.ndjson'), 'utf8'))
  expect(found).toMatchObject({ port, address: '127.0.0.1', process: 'listener' })
  expect((await client.call('ports.listening', {})).some((one) => one.port === port)).toBe(true)
  await client.call('process.stop', { id: 'listener', graceMs: 500 })
})

test('free ports are successive, and neither taken nor listened on', async () => {
  const { port: first } = await client.call('ports.free', { from: 42_000, to: 43_000, count: 10, taken: [] })
  const blocker = createServer()
  blocker.listen(first + 4, '127.0.0.1')
  await once(blocker, 'listening')
  const { port } = await client.call('ports.free', { from: 42_000, to: 43_000, count: 10, taken: [first + 6] })
  expect(port).toBeGreaterThanOrEqual(first + 7)
  await expect(client.call('ports.free', { from: first, to: first + 8, count: 9, taken: [] })).rejects.toMatchObject({
    code: 'unavailable',
  })
  blocker.close()
})

test('a terminal shows what was written before one looked, takes input, and tells its end', async () => {
  expect(client.hello.features).toContain('pty')
  const opened = {
    id: 'term',
    argv: ['/bin/sh'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', PS1: '$ ', TERM: 'xterm' },
    cols: 80,
    rows: 24,
  }
  const { pid } = await client.call('pty.open', opened)
  expect(await client.call('pty.open', opened)).toEqual({ pid })
  await client.call('pty.input', { id: 'term', data: 'echo fir""st\n' })
  let seen = ''
  let code: number | null | undefined
  await client.attachTerminal('term', {
    data: (data) => {
      seen += data
    },
    exit: (told) => {
      code = told
    },
  })
  await until('it ran', () => seen.includes('first\r\n'))
  await client.call('pty.resize', { id: 'term', cols: 132, rows: 50 })
  await client.call('pty.input', { id: 'term', data: 'stty size\n' })
  await until('it has the size', () => seen.includes('50 132'))
  expect(await client.call('pty.list', {})).toMatchObject([{ id: 'term', pid, cwd: '/' }])
  await client.call('pty.input', { id: 'term', data: 'exit 6\n' })
  await until('it ended', () => code === 6)
  expect(await client.call('pty.list', {})).toEqual([])
  await expect(client.call('pty.attach', { sub: 99, id: 'term' })).rejects.toMatchObject({ code: 'not_found' })
})

test('a terminal that is closed is gone', async () => {
  const mark = `term-${process.pid}`
  await client.call('pty.open', {
    id: 'closed',
    argv: sh(`sleep 1000; : ${mark}`),
    cwd: '/',
    env: {},
    cols: 80,
    rows: 24,
  })
  await until('it runs', () => processesWith(mark).length > 0)
  await client.call('pty.close', { id: 'closed' })
  await until('it is gone', () => processesWith(mark).length === 0)
})

test('the path of a login shell is told', async () => {
  expect(client.hello.path).toContain('/bin')
  await client.call('process.start', shell('noop', 'true'))
})
