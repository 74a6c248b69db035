import type { Change } from '@skein/protocol'
import { echo, waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { key, processesWith, readyWorkspace, Screen, worldWith } from './working-world.ts'
import { kill, type World } from './world.ts'

const open = (world: World, workspaceId: string, title?: string) =>
  world.api.call('terminals.open', {
    key: key(),
    workspaceId,
    cols: 80,
    rows: 24,
    ...(title === undefined ? {} : { title }),
  })
const type = (world: World, terminalId: string, data: string) =>
  world.api.call('terminals.input', { key: key(), terminalId, data })

describe('terminals', () => {
  let world: World
  beforeAll(async () => {
    world = await worldWith({ env: { FROM_CONFIG: 'yes' } }, echo)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  it('are shells in the workspace, with its variables, that take input in order and tell their end', async () => {
    const workspace = await readyWorkspace(world, { name: 'shelled' })
    const terminal = await open(world, workspace.id)
    expect(terminal).toMatchObject({ title: 'Terminal 1', state: 'open' })
    await using screen = new Screen(world, terminal.id)
    await type(world, terminal.id, 'echo "$PWD|$SKEIN_WORKSPACE|$SKEIN_PORT|$FROM_CONFIG|$TERM|$ANTHROPIC_API_KEY."\r')
    await screen.shows(`${workspace.path}|shelled|${workspace.port}|yes|xterm-256color|.`)
    await world.api.call('terminals.resize', { key: key(), terminalId: terminal.id, cols: 132, rows: 50 })
    await type(world, terminal.id, 'stty size\r')
    await screen.shows('50 132')
    const letters = [...'echo abcdefghijklmnopqrstuvwxyz']
    await Promise.all(letters.map((letter) => type(world, terminal.id, letter)))
    const sameKey = { key: key(), terminalId: terminal.id, data: '\r' }
    await Promise.all([world.api.call('terminals.input', sameKey), world.api.call('terminals.input', sameKey)])
    await screen.shows('\nabcdefghijklmnopqrstuvwxyz\n')
    const renamed = await world.api.call('terminals.rename', { key: key(), terminalId: terminal.id, title: 'mine' })
    expect(renamed.title).toBe('mine')
    await type(world, terminal.id, 'exit 5\r')
    await waitUntil(() => screen.exit === 5, { what: 'its end' })
    const list = () => world.api.call('terminals.list', { workspaceId: workspace.id })
    await waitUntil(async () => (await list())[0]?.state === 'exited', { what: 'the end in the list' })
    expect(await list()).toMatchObject([{ title: 'mine', exitCode: 5 }])
    await expect(type(world, terminal.id, 'x')).rejects.toMatchObject({ code: 'conflict' })
    await world.api.call('terminals.close', { key: key(), terminalId: terminal.id })
    expect(await list()).toEqual([])
  })

  it('outlive kill -9 of the server: the same shell goes on, and shows what it showed', async () => {
    const workspace = await readyWorkspace(world)
    const terminal = await open(world, workspace.id)
    await using screen = new Screen(world, terminal.id)
    await type(world, terminal.id, 'REMEMBERED=$((40 + 2)); echo be""fore\r')
    await screen.shows('before')
    kill((await world.serverPid()) ?? 0)
    await waitUntil(async () => (await world.serverPid()) === undefined, { what: 'the end of the server' })
    await type(world, terminal.id, 'echo "it is $REMEMBERED."\r')
    await screen.shows('it is 42.')
    expect(screen.text).toContain('before')
    expect(screen.resets).toBe(2)
    const changes: Change[] = []
    for await (const change of world.api.subscribe('changes', {})) {
      if (change.type === 'ready') break
      changes.push(change)
    }
    expect(changes).toContainEqual({ type: 'terminal', terminal: expect.objectContaining({ id: terminal.id }) })
    kill((await world.runnerPid()) ?? 0)
    await waitUntil(() => screen.exit === null, { what: 'its end with the runner' })
  })

  it('hold back one that prints without end, and only that one', { timeout: 90_000 }, async () => {
    const mark = `endless-${process.pid}`
    const workspace = await readyWorkspace(world)
    const [noisy, calm] = [await open(world, workspace.id), await open(world, workspace.id)]
    // Nobody takes what this one shows.
    const stuck = world.api.subscribe('terminals.follow', { terminalId: noisy.id })[Symbol.asyncIterator]()
    await stuck.next()
    await using screen = new Screen(world, calm.id)
    await type(world, noisy.id, `sh -c 'yes ${mark}'\r`)
    await waitUntil(async () => (await processesWith(mark)).length > 0, { what: 'the noise' })
    const started = performance.now()
    for (let i = 0; i < 20; i++) {
      await type(world, calm.id, `echo ca""lm ${i}\r`)
      await screen.shows(`\ncalm ${i}\n`)
    }
    const each = (performance.now() - started) / 20
    console.log(`echo beside an endless printer: ${each.toFixed(1)} ms`)
    await type(world, noisy.id, '\x03')
    await waitUntil(async () => (await processesWith(mark)).length === 0, { what: 'the end of the noise' })
    await stuck.return?.()
    // Who looks again sees the end of it.
    await using again = new Screen(world, noisy.id)
    await type(world, noisy.id, 'echo qui""et\r')
    await again.shows('quiet')
  })
})
