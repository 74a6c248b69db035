import { existsSync, statSync, truncateSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { MAX_FRAME, SUBSCRIPTION_WINDOW } from '@skein/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  ECHO,
  journalOf,
  nodeAgent,
  RunnerUnderTest,
  shell,
  Transcript,
  until,
  untilExited,
} from '../testing/runner-under-test.ts'

let runner: RunnerUnderTest

beforeAll(async () => {
  runner = await RunnerUnderTest.start()
})
afterAll(async () => {
  await runner[Symbol.asyncDispose]()
})

test('a subscription goes on through later epochs, from any cursor', async () => {
  const client = await runner.connect()
  const transcript = new Transcript()
  await client.call('process.start', shell('epochs', 'echo one; echo two'))
  await transcript.follow(client, 'epochs', { epoch: 1, offset: 4 })
  await until('the first ended', () => transcript.exits.length === 1)
  expect(transcript.text).toBe('two\n')
  await untilExited(client, 'epochs')
  await client.call('process.start', shell('epochs', 'echo three; exit 4', { epoch: 2 }))
  await until('the second ended', () => transcript.exits.length === 2)
  expect(transcript.text).toBe('two\nthree\n')
  expect(transcript.epochs).toEqual([2])
  expect(transcript.exits.map(({ epoch, exit }) => [epoch, exit.code])).toEqual([
    [1, 0],
    [2, 4],
  ])
  const whole = new Transcript()
  await whole.follow(client, 'epochs', 'start')
  await until('both ends arrived', () => whole.exits.length === 2)
  expect(whole.text).toBe('one\ntwo\nthree\n')
})

test('from the tail on there is only what comes', async () => {
  const client = await runner.connect()
  await client.call('process.start', nodeAgent('tail', ECHO))
  await client.call('process.input', { id: 'tail', epoch: 1, key: 'a', line: '"before"' })
  await until('it is there', () => journalOf(runner, 'tail').includes('before'))
  const transcript = new Transcript()
  await transcript.follow(client, 'tail', 'tail')
  await client.call('process.input', { id: 'tail', epoch: 1, key: 'b', line: '"after"' })
  await until('it came', () => transcript.text !== '')
  expect(transcript.text).toBe('"after"\n')
  await client.call('process.stop', { id: 'tail', graceMs: 500 })
})

test('output of control characters fits its frames, and no character is cut', async () => {
  const client = await runner.connect()
  const source = `
    const { writeSync } = require('node:fs')
    writeSync(1, '\\u0001'.repeat(600000) + '\\n')
    writeSync(1, 'x' + '🧵'.repeat(200000) + '\\n')
    const half = Buffer.from('ü')
    writeSync(1, half.subarray(0, 1))
    setTimeout(() => writeSync(1, Buffer.concat([half.subarray(1), Buffer.from(' joined')])), 400)
  `
  await client.call('process.start', nodeAgent('escapes', source))
  const transcript = new Transcript()
  await transcript.follow(client, 'escapes')
  await until('it ended', () => transcript.exits.length === 1)
  expect(transcript.text).toBe(journalOf(runner, 'escapes'))
  expect(transcript.text.endsWith('🧵\nü joined')).toBe(true)
  for (const part of transcript.parts) expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThan(MAX_FRAME)
})

test('half a line is sent after a moment, not held for ever', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('partial', 'printf "Continue? "; sleep 1000'))
  const transcript = new Transcript()
  await transcript.follow(client, 'partial')
  await until('the question is seen', () => transcript.text === 'Continue? ')
  await client.call('process.stop', { id: 'partial', graceMs: 500 })
})

test('a reader that takes nothing holds up neither the process nor other readers, and gets all of it later', async () => {
  const client = await runner.connect()
  const stuck = await runner.connect()
  const source = `
    const { writeSync } = require('node:fs')
    for (let n = 0; n < 3000; n++) writeSync(1, JSON.stringify({ n, pad: 'p'.repeat(2000) }) + '\\n')
  `
  let go = () => {}
  const wait = new Promise<void>((resolve) => {
    go = resolve
  })
  const slow = new Transcript()
  let taken = 0
  await client.call('process.start', nodeAgent('window', source))
  await untilExited(client, 'window')
  let slowText = ''
  let slowExit = 0
  await stuck.subscribe(
    { id: 'window', from: 'start' },
    {
      data: async (part) => {
        taken++
        await wait
        slowText += part.text
      },
      exit: () => {
        slowExit++
      },
      gap: () => {},
    },
  )
  await until('the slow one was given something', () => taken > 0)
  // The same stream serves others meanwhile.
  await slow.follow(stuck, 'window')
  const quick = new Transcript()
  await quick.follow(client, 'window')
  await until('the others are through', () => quick.exits.length === 1 && slow.exits.length === 1)
  expect(quick.text).toBe(journalOf(runner, 'window'))
  expect(taken).toBe(1)
  go()
  await until('the slow one is through too', () => slowExit === 1)
  expect(slowText).toBe(quick.text)
})

test('a client that stops reading its socket is given no more than the window', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('deaf-client', 'yes 0123456789 | head -c 20000000'))
  await untilExited(client, 'deaf-client')
  const socket = connect(runner.socket)
  let received = 0
  socket.on('data', (bytes) => {
    received += bytes.length
  })
  const frame = {
    jsonrpc: '2.0',
    id: 1,
    method: 'process.subscribe',
    params: { sub: 1, id: 'deaf-client', from: 'start' },
  }
  socket.write(`${JSON.stringify(frame)}\n`)
  await until('the window is full', () => received > SUBSCRIPTION_WINDOW * 0.7)
  for (let last = -1; last !== received; await new Promise((resolve) => setTimeout(resolve, 300))) last = received
  expect(received).toBeLessThan(SUBSCRIPTION_WINDOW * 1.3)
  socket.destroy()
})

test('a cursor beyond the journal, as after a crash of the host, is told what there is', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('gap', 'echo one; echo two'))
  await untilExited(client, 'gap')
  const journal = join(runner.dir, 's/gap/out.1.ndjson')
  truncateSync(journal, 4)
  const transcript = new Transcript()
  await transcript.follow(client, 'gap', { epoch: 1, offset: 8 })
  await until('all was told', () => transcript.exits.length === 1)
  expect(transcript.gaps).toMatchObject([{ epoch: 1, have: 4, why: 'host_crash' }])
  expect(transcript.text).toBe('')
})

test('an epoch that was acknowledged is deleted once there is a later one', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('acked', 'echo one'))
  await untilExited(client, 'acked')
  await client.call('process.ack', { id: 'acked', cursor: { epoch: 1, offset: 4 } })
  expect(existsSync(join(runner.dir, 's/acked/out.1.ndjson'))).toBe(true)
  await client.call('process.start', shell('acked', 'echo two', { epoch: 2 }))
  const second = await untilExited(client, 'acked')
  expect(second).toMatchObject({ epoch: 2, acked: { epoch: 1, offset: 4 } })
  expect(existsSync(join(runner.dir, 's/acked/out.1.ndjson'))).toBe(false)
  await client.call('process.ack', { id: 'acked', cursor: { epoch: 1, offset: 1 } })
  expect((await client.call('process.status', { id: 'acked' }))?.acked).toEqual({ epoch: 1, offset: 4 })
  await runner.kill()
  await runner.start()
  const again = await runner.connect()
  const transcript = new Transcript()
  await transcript.follow(again, 'acked', 'start')
  await until('both ends were told', () => transcript.exits.length === 2)
  expect(transcript.gaps).toMatchObject([{ epoch: 1, have: 4, why: 'freed' }])
  expect(transcript.text).toBe('two\n')
})

test('the acknowledged beginning of a long journal gives its space back while the process runs', async () => {
  const client = await runner.connect()
  const source = `
    const { writeSync } = require('node:fs')
    for (let n = 0; n < 12000; n++) writeSync(1, JSON.stringify({ n, pad: 'p'.repeat(1000) }) + '\\n')
    writeSync(1, '"end"\\n')
    setInterval(() => {}, 1000)
  `
  await client.call('process.start', nodeAgent('punch', source))
  await until('it wrote all', () => journalOf(runner, 'punch').endsWith('"end"\n'))
  const journal = join(runner.dir, 's/punch/out.1.ndjson')
  const before = statSync(journal)
  const middle = 10_000_000
  await client.call('process.ack', { id: 'punch', cursor: { epoch: 1, offset: middle } })
  const status = await client.call('process.status', { id: 'punch' })
  expect(status?.freed).toBe(Math.floor(middle / 4096) * 4096)
  expect(statSync(journal).size).toBe(before.size)
  expect(statSync(journal).blocks).toBeLessThan(before.blocks / 2)
  const transcript = new Transcript()
  await transcript.follow(client, 'punch', { epoch: 1, offset: middle })
  await until('the rest is there', () => transcript.offset === before.size)
  expect(transcript.text).not.toContain('\0')
  const early = new Transcript()
  await early.follow(client, 'punch', 'start')
  await until('what is left is there', () => early.offset === before.size)
  expect(early.gaps).toMatchObject([{ have: status?.freed, why: 'freed' }])
  await client.call('process.stop', { id: 'punch', graceMs: 500 })
})

test('a line reaches a reader soon after it was written', async () => {
  const client = await runner.connect()
  const source = `
    let left = 200
    const timer = setInterval(() => {
      process.stdout.write(JSON.stringify(performance.timeOrigin + performance.now()) + '\\n')
      if (--left === 0) clearInterval(timer)
    }, 10)
  `
  await client.call('process.start', nodeAgent('latency', source))
  const delays: number[] = []
  await client.subscribe(
    { id: 'latency', from: 'start' },
    {
      data: (part) => {
        const now = performance.timeOrigin + performance.now()
        for (const line of part.text.trim().split('\n')) delays.push(now - Number(line))
      },
      exit: () => {},
      gap: () => {},
    },
  )
  await until('all arrived', () => delays.length === 200)
  const median = delays.sort((a, b) => a - b)[100] ?? Number.POSITIVE_INFINITY
  console.log(`median delay ${median.toFixed(2)} ms, 95 % ${delays[190]?.toFixed(2)} ms`)
  // Far below the poll of 250 ms: the file is watched.
  expect(median).toBeLessThan(100)
})
