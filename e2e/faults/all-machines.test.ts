import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SessionOptions, Workspace } from '@skein/protocol'
import { git, isThorough, remembers, waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { containerWorld } from '../../plugins/docker/src/testing/container-world.ts'
import { has } from '../../scripts/requirements.ts'
import { key, words } from '../engine-world.ts'
import { sshHost } from '../ssh-host.ts'
import { World } from '../world.ts'
import { killAll, processesWhere } from './place.ts'

/** With every change moves are tried between machines that are folders, `e2e/move.test.ts`, and each kind by itself. */
const canRun =
  isThorough &&
  process.getuid?.() === 0 &&
  ['sshd', 'ssh', 'dockerd', 'slirp4netns'].every((requirement) => has(requirement))
/** Real machines on a computer that is busy with other tests. */
const PATIENCE = 120_000

it.skipIf(!canRun)(
  'a workspace goes from here to an ssh host, into a container and back, and remembers what was said at each place',
  {
    timeout: 300_000,
  },
  async () => {
    await using containers = await containerWorld()
    await using host = await sshHost()
    await using world = await World.create(remembers, {
      env: { ...containers.dockerd.env, SKEIN_SSH_CONFIG: host.sshd.config },
    })
    await using _ended = { [Symbol.asyncDispose]: () => endConnections(world) }
    const here = world.environment
    /** The scripted model, as containers reach it. */
    const inside = {
      ...here,
      env: {
        ...here.env,
        ANTHROPIC_BASE_URL: world.model.env().ANTHROPIC_BASE_URL.replace('127.0.0.1', containers.dockerd.hostLoopback),
      },
    }
    let workspace = await begin(world, 'The first word is heron.')
    const sessionId = workspace.sessions[0]?.id ?? ''
    await turnsEnded(world, sessionId, 1)
    const { branch } = workspace
    await writeFile(join(workspace.path, 'untracked.txt'), 'mine\n')
    await writeFile(join(workspace.path, 'staged.txt'), 'staged\n')
    await git(workspace.path, ['add', 'staged.txt'])
    const dirty = await changes(world, workspace)
    expect(dirty).toContain('staged.txt')
    expect(dirty).toContain('untracked.txt')

    const said = ['The first word is heron.']
    for (const [turn, [to, environment]] of (
      [
        ['ssh:box', here],
        ['docker', inside],
        ['local', here],
      ] as const
    ).entries()) {
      const began = performance.now()
      workspace = await move(world, workspace, to)
      console.log(`moved to ${to} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
      expect(workspace.branch).toBe(branch)
      expect(await changes(world, workspace)).toBe(dirty)
      said.push(`Now at ${to}.`)
      await prompt(world, sessionId, `Now at ${to}.`, environment)
      await turnsEnded(world, sessionId, turn + 2)
      const last = (await world.events(sessionId)).filter(({ event }) => event.type === 'agent_message').at(-1)
      for (const sentence of said) expect(JSON.stringify(last?.event)).toContain(sentence)
    }
    expect(await readFile(join(workspace.path, 'untracked.txt'), 'utf8')).toBe('mine\n')
    expect(await git(workspace.path, ['status', '--porcelain'])).toBe('A  staged.txt\n?? untracked.txt\n')
    expect(await git(workspace.path, ['branch', '--show-current'])).toBe(`${branch}\n`)
    const left = await containers.dockerd.docker('volume', 'ls', '--quiet', '--filter', 'label=dev.skein.owner')
    expect(`${await containers.dockerd.docker('ps', '--all', '--quiet')}${left}`).toBe('')
    expect(await git(world.repo, ['for-each-ref', 'refs/skein/move'])).toBe('')
  },
)

async function begin(world: World, text: string): Promise<Workspace> {
  const project = await world.api.call('projects.open', { key: key(), path: world.repo })
  const { id } = await world.api.call('workspaces.create', {
    key: key(),
    projectId: project.id,
    name: 'wanderer',
    session: { permissionMode: 'accept_edits', environment: world.environment },
    prompt: words(text),
  })
  return ready(world, id)
}

function ready(world: World, id: string): Promise<Workspace> {
  return waitUntil(
    async () => {
      const workspace = await world.api.call('workspaces.get', { workspace: id })
      if (workspace.state === 'failed' || workspace.problem) throw new Error(workspace.problem?.message)
      return workspace.state === 'ready' && workspace
    },
    { what: 'the workspace to be ready', timeout: PATIENCE, every: 50 },
  )
}

/** Until the new place is there and the old one has gone. */
async function move(world: World, from: Workspace, to: string): Promise<Workspace> {
  await world.api.call('workspaces.move', { key: key(), workspaceId: from.id, to })
  return waitUntil(
    async () => {
      const now = await ready(world, from.id)
      return now.machine !== from.machine && now.machine.startsWith(to) && !existsSync(from.path) && now
    },
    { what: `the move to ${to}`, timeout: PATIENCE, every: 50 },
  )
}

/** What a person would see of its changes, wherever they are. */
async function changes(world: World, { id }: Workspace): Promise<string> {
  return (await world.api.call('workspaces.diff', { workspaceId: id })).patch
}

async function prompt(world: World, sessionId: string, text: string, environment: SessionOptions['environment']) {
  await world.api.call('sessions.prompt', {
    key: key(),
    sessionId,
    content: words(text),
    ...(environment ? { environment } : {}),
  })
}

async function turnsEnded(world: World, sessionId: string, turns: number): Promise<void> {
  await waitUntil(
    async () => {
      const now = await world.api.call('sessions.get', { sessionId })
      return now.turns >= turns && now.lastTurn?.endedAt !== undefined
    },
    {
      what: `the end of turn ${turns}`,
      timeout: PATIENCE,
      explain: async () => (await world.events(sessionId)).slice(-8),
    },
  )
}

/** A shared connection outlives a killed server by ten minutes. */
async function endConnections(world: World): Promise<void> {
  const socket = join(world.home, 'ssh')
  const clients = () => processesWhere((command) => /^ssh\b/.test(command) && command.includes(socket))
  const server = await world.serverPid()
  if (server !== undefined) killAll([server])
  killAll(clients().map(({ pid }) => pid))
}
