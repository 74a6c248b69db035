import { join } from 'node:path'
import { definePlugin, type Machine, type MachineProvider, type SkeinPlugin } from '@skein/plugin-api'
import { type Server, serve } from '@skein/server'
import { say, waitUntil } from '@skein/testkit'
import { openSkein, version } from 'skein'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonLines } from './cli-output.ts'
import { type Elsewhere, elsewhere } from './elsewhere.ts'
import { World } from './world.ts'

/** A plugin's provider, changed before it is registered. */
function changed(plugin: SkeinPlugin, change: (provider: MachineProvider) => MachineProvider): SkeinPlugin {
  return definePlugin({
    name: `${plugin.name}-changed`,
    activate: (context) =>
      plugin.activate({
        ...context,
        machines: { register: (provider) => context.machines.register(change(provider)) },
      }),
  })
}

const withShell = (machine: Machine): Machine => ({
  ...machine,
  shell: (command) => ({ argv: ['sh', '-c', command ?? 'exec sh'], env: { THERE: machine.record.id } }),
})

/** Hosts with a shell. */
const hosts = (provider: MachineProvider): MachineProvider => ({
  ...provider,
  create: async (spec, context) => withShell(await provider.create(spec, context)),
  attach: async (record, context) => withShell(await provider.attach(record, context)),
})

/** Machines that are made for a workspace, and tell how that goes; those called `broken` cannot be made. */
const made = (provider: MachineProvider): MachineProvider => ({
  ...provider,
  kind: 'made',
  label: 'a folder for one workspace',
  async create(spec, context) {
    for (const step of ['asking for a folder', 'the folder is there']) context.progress(step)
    if (spec.name === 'broken') throw new Error('no folder is free')
    return provider.create(spec, context)
  },
})

describe('machines on the command line', () => {
  let world: World
  let host: Elsewhere
  let own: Elsewhere
  let server: Server
  /** Until then the model says nothing. */
  const told = Promise.withResolvers<void>()
  beforeAll(async () => {
    world = await World.create(async (request) => {
      if (/wait/.test(request.lastUserText)) await told.promise
      return say('Done there.')
    })
    host = elsewhere(join(world.folder, 'hosts'), { lifetime: 'shared' })
    own = elsewhere(join(world.folder, 'own'), { lifetime: 'workspace' })
    const plugins = [changed(host.plugin, hosts), changed(own.plugin, made)]
    // The server is in this process, so that links can be cut; every command is a process of its own.
    server = await serve({ home: world.home, version, open: () => openSkein({ home: world.home, plugins }) })
  })
  afterAll(async () => {
    told.resolve()
    await server.stop('disposed')
    await host.end()
    await own.end()
    await world[Symbol.asyncDispose]()
  })

  it('lists this computer before anything needed it, says what kinds there are, and what is wrong with a name', async () => {
    const [listed, kinds, missing, unknown] = await Promise.all([
      world.skein(['machine', 'ls']),
      world.skein(['machine', 'kinds', '--json']),
      world.skein(['machine', 'show', 'nosuch']),
      world.skein(['run', '--on', 'nosuch:box', 'x']),
    ])
    expect(listed.stdout, listed.stderr).toMatch(/^local +\S (idle|connecting|connected) /)
    const found = jsonLines(kinds).map(({ kind }) => (kind as { kind: string }).kind)
    expect(found).toEqual(expect.arrayContaining(['local', 'elsewhere', 'made']))
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/no machine nosuch[\s\S]*There is: local/),
    ])
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/"nosuch"[\s\S]*local.*elsewhere/)])
  })

  it('adds a machine with its settings, and shows what it is and has', async () => {
    const added = await world.skein(['machine', 'add', 'elsewhere:box', '--set', 'size=3'])
    expect([added.code, added.stdout], added.stderr).toEqual([
      0,
      expect.stringMatching(/elsewhere:box is connected \(/),
    ])
    const [shown, json, well] = await Promise.all([
      world.skein(['machine', 'show', 'box']),
      world.skein(['machine', 'show', 'elsewhere:box', '--json']),
      world.skein(['machine', 'doctor', 'elsewhere:box']),
    ])
    expect(shown.stdout, shown.stderr).toMatch(/● connected[\s\S]*settings +size=3[\s\S]*memory +[\d.]+ .B free of/)
    expect(jsonLines(json).map(({ type }) => type)).toEqual(['machine', 'resources'])
    expect([well.code, well.stdout]).toEqual([0, expect.stringContaining('Skein can work there.')])
  })

  it('opens a shell there in the person’s own terminal, and ends as that does', async () => {
    const [ran, login] = await Promise.all([
      world.skein(['machine', 'shell', 'elsewhere:box', '--', 'echo "on $THERE"; exit 7']),
      world.skein(['machine', 'login', 'elsewhere:box', '--json']),
    ])
    expect([ran.code, ran.stdout], ran.stderr).toEqual([7, 'on elsewhere:box\n'])
    expect(jsonLines(login)).toMatchObject([{ type: 'shell', argv: ['sh', '-c', 'claude auth login'] }])
  })

  it('says on the way that it reconnects, goes on by itself, and tells a machine’s name beside its workspaces', async () => {
    const running = world.start([
      'run',
      '--json',
      '--keep',
      '--on',
      'elsewhere:box',
      '--name',
      'far',
      'Think, and wait.',
    ])
    const seen = (test: (line: Record<string, unknown>) => boolean) => () => running.lines().some(test)
    const story = { explain: async () => running.stdout() + running.stderr() }
    await waitUntil(
      seen(({ envelope }) => (envelope as { event?: { type?: string } })?.event?.type === 'turn_started'),
      { what: 'the turn to begin', ...story },
    )
    host.cut('elsewhere:box')
    await waitUntil(
      seen(({ type, state }) => type === 'link' && state === 'reconnecting'),
      { what: 'the word that it reconnects', ...story },
    )
    const [listed, machines] = await Promise.all([world.skein(['ls']), world.skein(['machine', 'ls'])])
    expect(listed.stdout).toMatch(/~ unknown +far .*elsewhere:box .*reconnecting to elsewhere:box/)
    expect(machines.stdout).toMatch(/elsewhere:box +~ reconnecting +1 workspace +1 agent/)
    host.mend()
    const retried = await world.skein(['machine', 'start', 'elsewhere:box'])
    expect([retried.code, retried.stdout], retried.stderr).toEqual([0, expect.stringContaining('● connected')])
    told.resolve()
    const outcome = await running.ended
    expect(outcome.code, outcome.stderr).toBe(0)
    const links = jsonLines(outcome).filter(({ type }) => type === 'link')
    expect(links.map(({ state }) => state)).toEqual(['reconnecting', 'connected'])
    expect(jsonLines(outcome).at(-1)).toMatchObject({ type: 'result', stopReason: 'end_turn' })
  })

  it('forgets a machine only when nothing is there', async () => {
    const kept = await world.skein(['machine', 'rm', 'elsewhere:box'])
    expect([kept.code, kept.stderr]).toEqual([
      1,
      expect.stringMatching(/1 workspace is on elsewhere:box[\s\S]*skein rm/),
    ])
    await world.skein(['rm', '--yes', 'far'])
    const gone = await world.skein(['machine', 'rm', 'elsewhere:box', '--json'])
    expect(jsonLines(gone)).toEqual([{ type: 'machine_gone', machineId: 'elsewhere:box' }])
  })

  it('shows what a provider tells while it makes a machine, and keeps it where that fails', async () => {
    const [well, ill] = await Promise.all([
      world.skein(['run', '--on', 'made', '--name', 'own', 'Do it.']),
      world.skein(['new', '--on', 'made:broken', 'ill']),
    ])
    expect([well.code, well.stdout], well.stderr).toEqual([
      0,
      expect.stringMatching(/asking for a folder\n +the folder is there\n[\s\S]*Done there\./),
    ])
    expect([ill.code, ill.stdout, ill.stderr]).toEqual([
      1,
      expect.stringContaining('asking for a folder'),
      expect.stringContaining('no folder is free'),
    ])
    // Without changes the workspace is gone again, and its machine with it.
    await waitUntil(() => own.machines().length === 0, { what: 'the machine to be destroyed' })
  })
})
