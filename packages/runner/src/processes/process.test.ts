import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

beforeAll(async () => {
  runner = await RunnerUnderTest.start()
})
afterAll(async () => {
  await runner[Symbol.asyncDispose]()
})

test('a process gets its lines, and its output and its end arrive as they are in the journal', async () => {
  const client = await runner.connect()
  const started = await client.call('process.start', nodeAgent('echo', ECHO))
  expect(started).toMatchObject({ id: 'echo', epoch: 1, state: 'running', kind: 'lines' })
  expect(readFileSync(`/proc/${started.pid}/cmdline`, 'utf8')).toContain('agent.cjs')
  const transcript = new Transcript()
  await transcript.follow(client, 'echo')
  const line = JSON.stringify({ text: 'quote " and newline \n and $(id) and ünïcode 🧵' })
  const answer = await client.call('process.input', { id: 'echo', epoch: 1, key: 'a', line })
  expect(answer).toEqual({ state: 'accepted' })
  await until('the line came back', () => transcript.lines.includes(line))
  expect(await client.call('process.input', { id: 'echo', epoch: 1, key: 'a', line })).toEqual({ state: 'done' })
  const stopped = await client.call('process.stop', { id: 'echo', graceMs: 5000 })
  expect(stopped).toMatchObject({ state: 'exited', exit: { reason: 'stopped', signal: 'SIGTERM', code: null } })
  await until('the exit arrived', () => transcript.exits.length === 1)
  expect(transcript.text).toBe(journalOf(runner, 'echo'))
  expect(transcript.text).toBe(`${line}\n`)
})

test('asking for a start again, at once and later, gives the same process', async () => {
  const client = await runner.connect()
  const spec = nodeAgent('twice', ECHO)
  const answers = await Promise.all([1, 2, 3].map(() => client.call('process.start', spec)))
  expect(new Set(answers.map(({ pid }) => pid)).size).toBe(1)
  expect(processesWith(join(runner.dir, 's/twice/files/agent.cjs')).length).toBe(2)
  await expect(client.call('process.start', { ...spec, epoch: 2 })).rejects.toMatchObject({ code: 'conflict' })
  await client.call('process.stop', { id: 'twice', graceMs: 1000 })
  expect(await client.call('process.start', spec)).toMatchObject({ epoch: 1, state: 'exited' })
  expect(await client.call('process.start', { ...spec, epoch: 2 })).toMatchObject({ epoch: 2, state: 'running' })
  await expect(client.call('process.start', { ...spec, epoch: 3 })).rejects.toMatchObject({ code: 'conflict' })
  await client.call('process.stop', { id: 'twice', graceMs: 1000 })
})

test('a script reads its stdin and its exit code is told, with both outputs in order', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('script', 'cat; echo oops >&2; echo end; exit 7', { stdin: 'given\n' }))
  const status = await untilExited(client, 'script')
  expect(status.exit).toMatchObject({ code: 7, reason: 'exited' })
  expect(journalOf(runner, 'script')).toBe('given\noops\nend\n')
})

test('what cannot be started says why', async () => {
  const client = await runner.connect()
  const start = (id: string, more: object) => client.call('process.start', { ...shell(id, ''), ...more })
  const missing = await start('missing', { argv: ['no-such-program'] })
  expect(missing.exit).toMatchObject({ reason: 'start_failed', message: expect.stringContaining('no-such-program') })
  const folder = await start('folder', { cwd: '/no/such/folder' })
  expect(folder.exit).toMatchObject({ reason: 'start_failed', message: expect.stringContaining('/no/such/folder') })
  const files = { 'bad.sh': '#!/no/such/interpreter\n' }
  await start('mode', { argv: ['{dir}/bad.sh'], files })
  expect((await untilExited(client, 'mode')).exit?.reason).toBe('start_failed')
  const script = { 'a.sh': 'exit 127' }
  await client.call('process.start', shell('own-127', 'exit 127', { files: script }))
  expect((await untilExited(client, 'own-127')).exit).toMatchObject({ code: 127, reason: 'exited' })
  const interpreter = await client.call(
    'process.start',
    shell('interpreter', 'chmod +x {dir}/bad.sh; exec {dir}/bad.sh', { files }),
  )
  expect(interpreter.epoch).toBe(1)
})

test('an argument is an argument, whatever it looks like', async () => {
  const client = await runner.connect()
  const argv = ['/bin/sh', '-c', 'printf "%s\\n" "$@"', 'sh', '$(id)', "it's", '"', '-n', 'a  b', '`x`', '\\', '{dir}x']
  await client.call('process.start', shell('argv', '', { argv }))
  await untilExited(client, 'argv')
  const dir = join(runner.dir, 's/argv/files')
  expect(journalOf(runner, 'argv').split('\n').slice(0, -1)).toEqual([...argv.slice(4, -1), `${dir}x`])
})

test('the environment is what was given, and nothing of the runner', async () => {
  const client = await runner.connect()
  const env = { PATH: '/usr/bin:/bin', A: 'with "quotes" and\nnewline', PLACE: '{dir}/x' }
  await client.call('process.start', shell('env', 'env -0', { env }))
  await untilExited(client, 'env')
  const seen = journalOf(runner, 'env')
    .split('\0')
    .filter(Boolean)
    .map((entry) => entry.split('=')[0])
  expect(seen.filter((name) => !['PWD', '_', 'SHLVL', 'OLDPWD', '__SKEIN_FAMILY'].includes(name ?? '')).sort()).toEqual(
    ['A', 'PATH', 'PLACE'],
  )
  expect(journalOf(runner, 'env')).toContain(env.A)
})

test('secrets come through real pipes and lie nowhere', async () => {
  const client = await runner.connect()
  const secrets = { '3': 'canary-three', '5': `canary-five-${'x'.repeat(20_000)}` }
  const script = 'cat /dev/fd/3; echo; cat <&5 | wc -c; ls -l /proc/self/fd/ >&2; sleep 30'
  const { pid } = await client.call('process.start', shell('secret', script, { secretFds: secrets }))
  await until('the script read them', () => journalOf(runner, 'secret').includes('20012'))
  expect(journalOf(runner, 'secret').startsWith('canary-three\n')).toBe(true)
  const folder = join(runner.dir, 's/secret')
  for (const name of readdirSync(folder)) {
    if (name.startsWith('out.') || !statSync(join(folder, name)).isFile()) continue
    expect(readFileSync(join(folder, name), 'utf8')).not.toContain('canary')
  }
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('canary')
  await client.call('process.stop', { id: 'secret', graceMs: 500 })
})

test('stop leaves nobody: not who ignores TERM, not who left the group, the session and its parent', async () => {
  const client = await runner.connect()
  const mark = `stay-${process.pid}`
  const source = `
    const { spawn } = require('node:child_process')
    const stay = "trap '' TERM HUP; while :; do sleep 1; done #${mark}"
    spawn('/bin/sh', ['-c', stay], { stdio: 'ignore' })
    spawn('/bin/sh', ['-c', stay], { stdio: 'ignore', detached: true })
    spawn('/bin/sh', ['-c', 'setsid sh -c "' + stay.replace(/"/g, '') + '" & exit'], { stdio: 'ignore', detached: true })
    setInterval(() => {}, 1000)
  `
  await client.call('process.start', nodeAgent('family', source))
  await until('all descendants run', () => processesWith(mark).length >= 3)
  const status = await client.call('process.stop', { id: 'family', graceMs: 300 })
  expect(status?.exit?.reason).toBe('stopped')
  expect(processesWith(mark)).toEqual([])
  expect(processesWith(join(runner.dir, 's/family'))).toEqual([])
})

test('an agent that dies leaves nobody behind, and its signal is told', async () => {
  const client = await runner.connect()
  const mark = `orphan-${process.pid}`
  const source = `
    require('node:child_process').spawn('/bin/sh', ['-c', 'sleep 1000 #${mark}'], { detached: true, stdio: 'ignore' })
    console.log('up')
    setInterval(() => {}, 1000)
  `
  const { pid = 0 } = await client.call('process.start', nodeAgent('killed', source))
  await until('it is up', () => journalOf(runner, 'killed') === 'up\n')
  process.kill(pid, 'SIGKILL')
  const status = await untilExited(client, 'killed')
  expect(status.exit).toMatchObject({ reason: 'exited', signal: 'SIGKILL', code: null })
  expect(processesWith(mark)).toEqual([])
})

test('an agent whose wrapper alone was killed goes on, and is lost when it ends', async () => {
  const client = await runner.connect()
  const { pid = 0 } = await client.call('process.start', nodeAgent('orphaned', ECHO))
  const wrapper = Number(/^\d+ \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1])
  process.kill(wrapper, 'SIGKILL')
  await until('the wrapper is gone', () => !isRunning(wrapper))
  await client.call('process.input', { id: 'orphaned', epoch: 1, key: 'a', line: '"still here"' })
  await until('the agent answered', () => journalOf(runner, 'orphaned').includes('still here'))
  expect(await client.call('process.status', { id: 'orphaned' })).toMatchObject({ state: 'running', pid })
  process.kill(pid, 'SIGKILL')
  expect((await untilExited(client, 'orphaned')).exit).toMatchObject({ reason: 'lost', code: null })
})

test('an agent killed together with its wrapper has ended, whatever helper it leaves behind', async () => {
  const client = await runner.connect()
  const script = 'sleep 1000 & echo up; wait'
  const { pid = 0 } = await client.call('process.start', shell('helped', script, { kind: 'lines' }))
  const wrapper = Number(/^\d+ \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1])
  await until('it is up', () => journalOf(runner, 'helped') === 'up\n')
  const helper = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim())
  process.kill(wrapper, 'SIGKILL')
  process.kill(pid, 'SIGKILL')
  expect((await untilExited(client, 'helped')).exit).toMatchObject({ reason: 'lost', code: null })
  await until('its helper is gone', () => !isRunning(helper))
})

test('a time limit ends the whole process', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('limit', 'sleep 1000', { timeoutMs: 300 }))
  expect((await untilExited(client, 'limit')).exit).toMatchObject({ reason: 'timeout', signal: 'SIGTERM' })
})

test('stderr of an agent stands in its exit', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('stderr', 'echo out; echo "went wrong" >&2; exit 3', { kind: 'lines' }))
  expect((await untilExited(client, 'stderr')).exit).toMatchObject({ code: 3, stderrTail: 'went wrong\n' })
  expect(journalOf(runner, 'stderr')).toBe('out\n')
})

test('activity is told by the last line that says so', async () => {
  const client = await runner.connect()
  const activity = { busy: ['"busy"'], idle: ['"idle"'] }
  await client.call('process.start', nodeAgent('activity', ECHO, { activity, syncOn: ['"idle"'] }))
  const busy = async () => (await client.call('process.status', { id: 'activity' }))?.busy
  expect(await busy()).toBe(false)
  for (const [key, state] of ['busy', 'idle', 'other', 'busy'].entries()) {
    await client.call('process.input', { id: 'activity', epoch: 1, key: String(key), line: JSON.stringify(state) })
    await until(`${state} is written`, () => journalOf(runner, 'activity').split('\n').length === key + 2)
    const expected = state === 'busy'
    await until(`busy is ${expected}`, async () => (await busy()) === expected)
  }
  await client.call('process.stop', { id: 'activity', graceMs: 500 })
})

test('what a process uses is told for its whole tree, and forgotten with it', async () => {
  const client = await runner.connect()
  await client.call('process.start', shell('tree', 'sleep 1000 & sleep 1000'))
  await until(
    'the tree has grown',
    async () => ((await client.call('process.resources', { ids: ['tree'] }))[0]?.processes ?? 0) >= 4,
  )
  const [resources] = await client.call('process.resources', { ids: ['tree'] })
  expect(resources?.rssBytes).toBeGreaterThan(500_000)
  await expect(client.call('process.forget', { id: 'tree' })).rejects.toMatchObject({ code: 'conflict' })
  await client.call('process.stop', { id: 'tree', graceMs: 500 })
  await client.call('process.forget', { id: 'tree' })
  expect(await client.call('process.status', { id: 'tree' })).toBeNull()
  expect(existsSync(join(runner.dir, 's/tree'))).toBe(false)
})

test('bad requests are refused in words', async () => {
  const client = await runner.connect()
  await client.call('process.start', nodeAgent('strict', ECHO))
  const input = (line: string) => client.call('process.input', { id: 'strict', epoch: 1, key: 'k', line })
  await expect(input('not json')).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('not JSON'),
  })
  await expect(input('{"a":\n1}')).rejects.toMatchObject({ code: 'invalid' })
  await expect(client.call('process.input', { id: 'strict', epoch: 2, key: 'k', line: '1' })).rejects.toMatchObject({
    code: 'conflict',
  })
  await expect(client.call('process.input', { id: 'nobody', epoch: 1, key: 'k', line: '1' })).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(client.call('process.status', { id: '../x' })).rejects.toMatchObject({ code: 'invalid' })
  await client.call('process.stop', { id: 'strict', graceMs: 500 })
})
