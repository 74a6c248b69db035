import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunnerClient } from '@skein/protocol'
import { repetitions } from '@skein/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  ECHO,
  isRunning,
  journalOf,
  nodeAgent,
  processesWith,
  RunnerUnderTest,
  shell,
  Transcript,
  until,
  untilExited,
} from '../testing/runner-under-test.ts'

let runner: RunnerUnderTest

beforeEach(async () => {
  runner = await RunnerUnderTest.start()
})
afterEach(async () => {
  await runner[Symbol.asyncDispose]()
})

/** The processes (a shell and its cat) that write a long line to a process. */
const writersOf = (id: string) =>
  processesWith(`${runner.dir}/s/${id}/in.1`).filter((pid) => processesWith('skein-writer').includes(pid))

/** Asks until somebody answers, as the engine does after a lost connection. */
async function insist<T>(act: (client: RunnerClient) => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 120_000; ; ) {
    try {
      await runner.start()
      const client = await runner.connect()
      try {
        return await act(client)
      } finally {
        client.close()
      }
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}

const KILLS = repetitions(100)

test(`kill -9 of the runner, ${KILLS} times: every byte arrives once, every input is processed once, in order, by one agent`, {
  timeout: 900_000,
}, async () => {
  const agent = `
    const write = (value) => process.stdout.write(JSON.stringify(value) + '\\n')
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => write({ got: JSON.parse(line) }))
    let n = 0
    const more = () => {
      for (let i = 0; i < 20 && n < 20000; i++) write({ n: n++, pad: 'ä'.repeat(n % 90) })
      if (n < 20000) setTimeout(more, 8)
    }
    more()
  `
  const start = nodeAgent('chaos', agent)
  const transcript = new Transcript()
  let over = false
  let kills = 0

  const killing = (async () => {
    while (kills < KILLS && !over) {
      const started = Date.now()
      await runner.start().catch(() => {})
      // At a random moment, but not always before anything can have happened on a slow machine.
      await sleep(Math.random() * (100 + 2 * (Date.now() - started)))
      await runner.kill()
      kills++
    }
  })()
  const reading = (async () => {
    while (!over) {
      try {
        await runner.start()
        const client = await runner.connect()
        await client.call('process.start', start)
        await transcript.follow(client, 'chaos')
        await until('the runner was killed, or all is over', () => client.closed || over, 120_000)
        client.close()
      } catch {
        // Killed in the middle; the cursor is where to go on.
      }
    }
  })()
  // The next test's runner must not be killed by what this one left.
  await using loops = new AsyncDisposableStack()
  loops.defer(async () => {
    over = true
    await Promise.all([killing, reading])
  })
  const sent: number[] = []
  while (kills < KILLS) {
    const number = sent.length
    // Every seventh is longer than a pipe takes in one piece.
    const line = JSON.stringify({ number, pad: number % 7 === 0 ? 'x'.repeat(100_000) : '' })
    await insist((client) => client.call('process.start', start))
    await insist((client) => client.call('process.input', { id: 'chaos', epoch: 1, key: `key-${number}`, line }))
    sent.push(number)
  }
  await killing
  const gotten = () =>
    transcript.lines.filter((line) => line.startsWith('{"got"')).map((line) => JSON.parse(line).got.number)
  await until(
    'all arrived',
    () => transcript.lines.length === 20_000 + sent.length && gotten().length === sent.length,
    120_000,
  )
  expect(processesWith(join(runner.dir, 's/chaos/files/agent.cjs')).length).toBe(2)
  // Whatever came twice would come now.
  await sleep(300)
  await loops[Symbol.asyncDispose]()

  expect(transcript.seams).toEqual([])
  expect(gotten()).toEqual(sent)
  expect(transcript.text).toBe(journalOf(runner, 'chaos'))
  const counted = transcript.lines.flatMap((line) => (line.startsWith('{"n"') ? JSON.parse(line).n : []))
  expect(counted).toEqual(Array.from({ length: 20_000 }, (_, n) => n))
})

test('kill -9 of the runner while processes are started: one or no process each, and asking again settles it', {
  timeout: 120_000,
}, async () => {
  for (let round = 0; round < repetitions(25); round++) {
    const specs = [0, 1].map((n) => nodeAgent(`start-${round}-${n}`, ECHO))
    await runner.start()
    const client = await runner.connect()
    const asked = specs.map((spec) => client.call('process.start', spec).catch(() => undefined))
    await sleep(Math.random() * 40)
    await runner.kill()
    await Promise.all(asked)
    for (const spec of specs) {
      const status = await insist((again) => again.call('process.start', spec))
      expect(status).toMatchObject({ epoch: 1, state: 'running' })
      await until(
        'one agent runs',
        () => processesWith(`${spec.id}/files/agent.cjs`).filter((pid) => pid === status.pid).length === 1,
      )
      // The wrapper and the agent, and no others.
      await until('nobody else does', () => processesWith(`${spec.id}/files/agent.cjs`).length === 2)
      await insist((again) => again.call('process.stop', { id: spec.id, graceMs: 0 }))
    }
  }
})

test('an input of 5 MB is whole, though the runner is killed in the middle of it', { timeout: 120_000 }, async () => {
  // Reads nothing until it is told to, so that the pipe is full when the runner dies.
  const agent = `
    process.on('SIGUSR2', () => {
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        console.log(JSON.stringify({ length: line.length, sha: require('node:crypto').createHash('sha256').update(line).digest('hex') }))
      })
    })
    setInterval(() => {}, 1000)
    console.log('"up"')
  `
  const client = await runner.connect()
  const { pid } = await client.call('process.start', nodeAgent('large', agent))
  await until('the agent is up', () => journalOf(runner, 'large').includes('up'))
  const line = JSON.stringify({ text: randomBytes(2_500_000).toString('hex') })
  const sha256 = createHash('sha256').update(line).digest('hex')
  for (let offset = 0; offset < line.length; offset += 500_000) {
    const part = Buffer.from(line.slice(offset, offset + 500_000))
    const done = offset + 500_000 >= line.length
    await client.call('blob.put', { sha256, offset, base64: part.toString('base64'), done })
  }
  const input = { id: 'large', epoch: 1, key: 'large', blob: sha256 }
  expect(await client.call('process.input', input)).toEqual({ state: 'accepted' })
  expect(await client.call('process.input', { id: 'large', epoch: 1, key: 'after', line: '"after"' })).toEqual({
    state: 'accepted',
  })
  await until('the writer is at it', () => writersOf('large').length > 0)
  for (let kills = 0; kills < 3; kills++) {
    await runner.kill()
    if (kills === 1) process.kill(pid ?? 0, 'SIGUSR2')
    await runner.start()
  }
  const again = await runner.connect()
  await until('both lines arrived', () => journalOf(runner, 'large').split('\n').length === 4)
  const [, large, after] = journalOf(runner, 'large').split('\n')
  expect(JSON.parse(large ?? '')).toEqual({ length: line.length, sha: sha256 })
  expect(JSON.parse(after ?? '').length).toBe('"after"'.length)
  await until('it is done', async () => (await again.call('process.input', input)).state === 'done')
  expect(writersOf('large')).toEqual([])
})

test('a line that was torn ends the process, because what follows it would be garbage', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('torn', 'exec sleep 1000', { kind: 'lines' }))
  const line = JSON.stringify('x'.repeat(300_000))
  await client.call('process.input', { id: 'torn', epoch: 1, key: 'a', line })
  await until('the writer waits', () => writersOf('torn').length > 0)
  await sleep(50)
  const [writer = 0] = writersOf('torn')
  process.kill(-writer, 'SIGKILL')
  expect((await untilExited(client, 'torn')).exit).toMatchObject({
    reason: 'torn_input',
    message: expect.stringContaining('input a'),
  })
})

test('a writer does not outlive the process it writes to', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('deaf', 'exec sleep 1000', { kind: 'lines' }))
  await client.call('process.input', { id: 'deaf', epoch: 1, key: 'a', line: JSON.stringify('x'.repeat(300_000)) })
  await until('the writer waits', () => writersOf('deaf').length > 0)
  await client.call('process.stop', { id: 'deaf', graceMs: 1000 })
  await until('the writer is gone', () => processesWith(`${runner.dir}/s/deaf`).length === 0)
})

test('an agent that exits while a line is on its way to it has exited, and its input was not torn', async () => {
  const client = await runner.connect()
  for (let round = 0; round < 5; round++) {
    const id = `exits-${round}`
    await client.call('process.start', shell(id, 'head -c 100 >/dev/null; exit 6', { kind: 'lines' }))
    await client.call('process.input', { id, epoch: 1, key: 'a', line: JSON.stringify('x'.repeat(300_000)) })
    expect((await untilExited(client, id)).exit).toMatchObject({ reason: 'exited', code: 6 })
    await until('no writer is left', () => writersOf(id).length === 0)
  }
})

test('inputs that a killed runner had accepted are delivered by the next, in order', async () => {
  const client = await runner.connect()
  // It does not read for a while: the pipe fills, and the rest waits in the inbox.
  const agent = `setTimeout(() => { ${ECHO} }, 1500)`
  await client.call('process.start', nodeAgent('waiting', agent))
  const lines = Array.from({ length: 60 }, (_, n) => JSON.stringify({ n, pad: 'p'.repeat(3000) }))
  for (const [n, line] of lines.entries())
    await client.call('process.input', { id: 'waiting', epoch: 1, key: String(n), line })
  expect((await client.call('process.status', { id: 'waiting' }))?.pendingInputs).toBeGreaterThan(10)
  await runner.kill()
  await runner.start()
  await until('all arrived', () => journalOf(runner, 'waiting').split('\n').length > lines.length)
  expect(journalOf(runner, 'waiting').split('\n').slice(0, -1)).toEqual(lines)
})

test('the exit of a process that ended while no runner lived is told, with its code', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('away', 'sleep 0.3; echo done; exit 5'))
  await runner.kill()
  await until('it ended', () => processesWith(`${runner.dir}/s/away`).length === 0)
  await runner.start()
  const again = await runner.connect()
  expect((await untilExited(again, 'away')).exit).toMatchObject({ code: 5, reason: 'exited' })
  const transcript = new Transcript()
  await transcript.follow(again, 'away')
  await until('the exit arrived', () => transcript.exits.length === 1)
  expect(transcript.text).toBe('done\n')
})

test('an adopted process is stopped, limited in time, and seen to end like any other', async () => {
  const client = await runner.connect()
  const { pid = 0 } = await client.call(
    'process.start',
    nodeAgent('adopted', ECHO, { activity: { busy: ['"b"'], idle: ['"i"'] } }),
  )
  await client.call('process.start', shell('limited', 'sleep 1000', { timeoutMs: 1500 }))
  await client.call('process.start', shell('ending', `until [ -e '${runner.dir}/go' ]; do sleep 0.05; done; exit 9`))
  await client.call('process.input', { id: 'adopted', epoch: 1, key: 'b', line: '"b"' })
  await until('it answered', () => journalOf(runner, 'adopted') === '"b"\n')
  await runner.kill()
  await runner.start()
  const again = await runner.connect()
  expect(await again.call('process.status', { id: 'adopted' })).toMatchObject({ state: 'running', pid, busy: true })
  await again.call('fs.write', { path: `${runner.dir}/go`, base64: '' })
  expect((await untilExited(again, 'ending')).exit).toMatchObject({ code: 9 })
  expect((await untilExited(again, 'limited')).exit).toMatchObject({ reason: 'timeout' })
  expect((await again.call('process.stop', { id: 'adopted', graceMs: 2000 }))?.exit).toMatchObject({
    reason: 'stopped',
  })
  expect(isRunning(pid)).toBe(false)
})

test('a process that was killed together with its wrapper is lost; when we did it, it was stopped', async () => {
  const client = await runner.connect()
  const started = await client.call('process.start', nodeAgent('lost', ECHO))
  const group = Number(readFileSync(`/proc/${started.pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[2])
  process.kill(-group, 'SIGKILL')
  expect((await untilExited(client, 'lost')).exit).toMatchObject({ reason: 'lost', code: null })
  await client.call('process.start', shell('stubborn', "trap '' TERM; while :; do sleep 1; done"))
  await sleep(100)
  const stopped = await client.call('process.stop', { id: 'stubborn', graceMs: 100 })
  expect(stopped?.exit).toMatchObject({ reason: 'stopped', signal: 'SIGKILL' })
})
