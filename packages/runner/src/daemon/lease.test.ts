import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  ECHO,
  isRunning,
  journalOf,
  nodeAgent,
  RunnerUnderTest,
  until,
  untilExited,
} from '../testing/runner-under-test.ts'

const activity = { busy: ['"busy"'], idle: ['"idle"'] }

test('when the lease runs out, idle agents stop, and busy ones when they are idle', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  await client.call('process.start', nodeAgent('idle', ECHO, { activity }))
  await client.call('process.start', nodeAgent('busy', ECHO, { activity }))
  await client.call('process.input', { id: 'busy', epoch: 1, key: 'a', line: '"busy"' })
  await until('it is busy', async () => (await client.call('process.status', { id: 'busy' }))?.busy === true)
  await client.call('lease.renew', { ttlMs: 400, hardMs: 60_000, onEnd: 'stop_agents' })
  expect((await untilExited(client, 'idle')).exit).toMatchObject({ reason: 'lease' })
  expect(await client.call('process.status', { id: 'busy' })).toMatchObject({ state: 'running' })
  expect(runner.notices).toMatchObject([{ code: 'lease', severity: 'warning' }])
  await client.call('process.input', { id: 'busy', epoch: 1, key: 'b', line: '"idle"' })
  expect((await untilExited(client, 'busy')).exit).toMatchObject({ reason: 'lease' })
  expect(isRunning(runner.pid)).toBe(true)
})

test('at the hard limit a busy agent is interrupted and stopped, and the runner ends if it was told to', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  const source = `
    console.log('"busy"')
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      console.log(line)
      if (line === '"interrupt"') setTimeout(() => console.log('"idle"'), 300)
    })
  `
  await client.call('process.start', nodeAgent('hard', source, { activity, interruptLine: '"interrupt"' }))
  await until('it is busy', async () => (await client.call('process.status', { id: 'hard' }))?.busy === true)
  await client.call('lease.renew', { ttlMs: 200, hardMs: 600, onEnd: 'exit' })
  await until('the runner ended', () => !isRunning(runner.pid))
  expect(journalOf(runner, 'hard')).toBe('"busy"\n"interrupt"\n"idle"\n')
  await runner.start()
  const again = await runner.connect()
  expect((await again.call('process.status', { id: 'hard' }))?.exit).toMatchObject({ reason: 'lease' })
})

test('a lease that is renewed never runs out, and one outlives its runner', async () => {
  await using runner = await RunnerUnderTest.start()
  const client = await runner.connect()
  await client.call('process.start', nodeAgent('leased', ECHO, { activity }))
  for (let n = 0; n < 6; n++) {
    await client.call('lease.renew', { ttlMs: 2000, hardMs: 1000, onEnd: 'stop_agents' })
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  expect(await client.call('process.status', { id: 'leased' })).toMatchObject({ state: 'running' })
  await runner.kill()
  await runner.start()
  const again = await runner.connect()
  expect((await untilExited(again, 'leased')).exit).toMatchObject({ reason: 'lease' })
})

test('what a person may want back is snapshotted before an agent is stopped', async () => {
  await using runner = await RunnerUnderTest.start()
  const tree = join(runner.dir, 'tree')
  mkdirSync(tree)
  const git = (...args: string[]) => execFileSync('git', ['-C', tree, ...args], { encoding: 'utf8' }).trim()
  git('init', '-q')
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-q', '--allow-empty', '-m', 'first')
  writeFileSync(join(tree, 'untracked.txt'), 'precious')
  const client = await runner.connect()
  const ref = 'refs/skein/test/lease'
  await client.call('process.start', nodeAgent('kept', ECHO, { activity, snapshotOnExpiry: [{ path: tree, ref }] }))
  await client.call('lease.renew', { ttlMs: 100, hardMs: 1000, onEnd: 'stop_agents' })
  expect((await untilExited(client, 'kept')).exit).toMatchObject({ reason: 'lease' })
  const snapshots = await client.call('git.listRefs', { repo: tree, prefix: 'refs/skein/' })
  expect(snapshots.map((one) => one.ref)).toEqual([ref])
  await client.call('git.restore', { repo: tree, path: join(runner.dir, 'restored'), ref, branch: 'restored' })
  const { base64 } = await client.call('fs.read', {
    path: join(runner.dir, 'restored/untracked.txt'),
    offset: 0,
    length: 100,
  })
  expect(Buffer.from(base64, 'base64').toString()).toBe('precious')
})
