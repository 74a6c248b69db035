import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ECHO, journalOf, nodeAgent, RunnerUnderTest, shell, until, untilExited } from '../testing/runner-under-test.ts'

const run = promisify(execFile)

test('a disk that fills up is told of, and busy agents are interrupted', async () => {
  const free = 10 ** 15
  await using runner = await RunnerUnderTest.start({
    flags: [`--disk-warn-bytes=${free}`, '--disk-stop-bytes=0', '--disk-check-ms=100'],
  })
  const client = await runner.connect()
  await client.call('process.start', nodeAgent('spared', ECHO, { interruptLine: '"interrupt"' }))
  await runner.kill()
  const flags = [`--disk-warn-bytes=${free}`, `--disk-stop-bytes=${free}`, '--disk-check-ms=100']
  expect(journalOf(runner, 'spared')).toBe('')
  await run(process.execPath, [runner.bundle, 'start', '--dir', runner.dir, ...flags])
  await until('it was interrupted', () => journalOf(runner, 'spared') === '"interrupt"\n')
})

test('on a full disk agents live on, requests say so, and all goes on when there is room', async (context) => {
  if (process.getuid?.() !== 0) return context.skip()
  const mount = execFileSync('mktemp', ['-d', '/tmp/runner-full-XXXXXX'], { encoding: 'utf8' }).trim()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount])
  try {
    await using runner = await RunnerUnderTest.start({ under: mount })
    const client = await runner.connect()
    const { pid } = await client.call('process.start', nodeAgent('full', ECHO))
    await client.call(
      'process.start',
      shell('ends', `until [ -e /proc/${pid}/no ]; do sleep 0.1; [ -e '${mount}/go' ] && exit 8; done`),
    )
    await client.call('process.input', { id: 'full', epoch: 1, key: 'a', line: '"one"' })
    await until('it answered', () => journalOf(runner, 'full') === '"one"\n')
    writeFileSync(join(mount, 'go-later'), '')
    try {
      writeFileSync(join(mount, 'ballast'), Buffer.alloc(5_000_000))
    } catch {
      // As full as it gets.
    }
    await expect(client.call('process.input', { id: 'full', epoch: 1, key: 'b', line: '"two"' })).rejects.toMatchObject(
      { code: 'disk_full' },
    )
    await expect(client.call('process.start', nodeAgent('more', ECHO))).rejects.toMatchObject({ code: 'disk_full' })
    expect(await client.call('process.status', { id: 'full' })).toMatchObject({ state: 'running', pid })
    execFileSync('mv', [join(mount, 'go-later'), join(mount, 'go')])
    expect((await untilExited(client, 'ends')).exit).toMatchObject({ code: 8 })
    rmSync(join(mount, 'ballast'))
    expect(await client.call('process.input', { id: 'full', epoch: 1, key: 'b', line: '"two"' })).toEqual({
      state: 'accepted',
    })
    await until('it answered again', () => journalOf(runner, 'full') === '"one"\n"two"\n')
    await client.call('process.start', nodeAgent('more', ECHO))
  } finally {
    execFileSync('umount', ['-l', mount])
    rmSync(mount, { recursive: true, force: true })
  }
})

test('on a file system whose FIFOs do not tell of writes, inputs arrive once and in order all the same', async (context) => {
  const root = mkdtempSync('/tmp/runner-overlay-')
  await using cleanUp = new AsyncDisposableStack()
  cleanUp.defer(() => rmSync(root, { recursive: true, force: true }))
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(root, name))
  const layers = `lowerdir=${root}/lower,upperdir=${root}/upper,workdir=${root}/work`
  try {
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, join(root, 'merged')], { stdio: 'ignore' })
  } catch {
    return context.skip()
  }
  cleanUp.defer(() => void execFileSync('umount', ['-l', join(root, 'merged')]))
  await using runner = await RunnerUnderTest.start({ under: join(root, 'merged') })
  let client = await runner.connect()
  await client.call('process.start', nodeAgent('overlay', ECHO))
  const spec = JSON.parse(readFileSync(join(runner.dir, 's/overlay/spec.1.json'), 'utf8')) as { tellsWrites: boolean }
  if (spec.tellsWrites) return context.skip()
  const lines = Array.from({ length: 40 }, (_, n) => JSON.stringify({ n }))
  for (const [n, line] of lines.entries()) {
    await client.call('process.input', { id: 'overlay', epoch: 1, key: String(n), line })
    if (n % 5 !== 4) continue
    await runner.kill()
    await runner.start()
    client = await runner.connect()
  }
  await until('all arrived', () => journalOf(runner, 'overlay').split('\n').length > lines.length)
  expect(journalOf(runner, 'overlay').split('\n').slice(0, -1)).toEqual(lines)
})
