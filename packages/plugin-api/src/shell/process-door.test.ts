import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { processesUnder, temporaryFolder, waitUntil } from '@skein/testkit'
import { expect, test } from 'vitest'
import { processDoor, runProcess } from './process-door.ts'

const door = processDoor({ name: 'here', argv: (command) => ['sh', '-c', command] })

test('a run has its input and output as a stream, its exit status, and the end of what it wrote to stderr', async () => {
  const run = await door.run('cat; head -c 100000 /dev/zero | tr "\\0" x >&2; printf end >&2; exit 7')
  run.stream.end('hello')
  expect(await text(run.stream)).toBe('hello')
  expect(await run.exited).toEqual({ code: 7, signal: null })
  await waitUntil(() => run.stderr().endsWith('xend'), { what: 'the end of stderr' })
  expect(run.stderr().length).toBe(16 * 1024)
})

test('a run is read only as fast as its reader reads, and nothing of it is lost after its end', async () => {
  const run = await door.run('head -c 3000000 /dev/zero; echo done')
  // Far more than pipe and stream hold: it cannot have ended unless somebody buffers without bound.
  await once(run.stream, 'readable')
  expect(await Promise.race([run.exited.then(() => 'ended'), new Promise((done) => setImmediate(done, 'waits'))])).toBe(
    'waits',
  )
  expect((await text(run.stream)).length).toBe(3_000_005)
})

test('killing a run, destroying its stream and aborting its signal each end its whole process group', async () => {
  await using folder = await temporaryFolder('door')
  const command = `: ${folder.path}; sleep 1000 & echo on; wait`
  const stop = new AbortController()
  const ends = [
    (run: Awaited<ReturnType<typeof door.run>>) => run.kill(),
    (run: Awaited<ReturnType<typeof door.run>>) => run.stream.destroy(),
    () => stop.abort(),
  ]
  for (const end of ends) {
    const run = await processDoor({
      name: 'here',
      argv: (line) => ['sh', '-c', line],
      env: { PATH: process.env.PATH, MARK: folder.path },
    }).run(command, stop.signal)
    run.stream.on('error', () => {})
    await once(run.stream, 'data')
    end(run)
    expect((await run.exited).signal).toBe('SIGKILL')
    await waitUntil(async () => (await processesUnder(folder.path)).length === 0, { what: 'the end of the group' })
  }
  await expect(door.run('true', stop.signal)).rejects.toMatchObject({ code: 'cancelled' })
})

test('a run that stops reading still tells why', async () => {
  const run = await door.run('exec <&-; echo enough')
  for (let i = 0; i < 20; i++) run.stream.write(Buffer.alloc(64 * 1024))
  expect(await text(run.stream)).toBe('enough\n')
})

test('a program that is not there is named', async () => {
  await expect(runProcess('the door', ['no-such-program'])).rejects.toMatchObject({
    code: 'missing',
    message: expect.stringContaining('no-such-program'),
  })
})
