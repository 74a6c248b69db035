import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Workspace } from '@skein/protocol'
import { processesUnder, remembers, streamsLong, waitUntil } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import type { Elsewhere } from './elsewhere.ts'
import { engineWith } from './elsewhere-world.ts'
import { type EngineWorld, key } from './engine-world.ts'

const hibernating = () => engineWith(remembers, () => ({ lifetime: 'workspace', idle: 'stop' }))

const add = (world: EngineWorld, settings: Record<string, unknown>) =>
  world.api.call('machines.add', { key: key(), kind: 'elsewhere', name: 'box', settings })

const isStopped = (there: Elsewhere, id: string) => existsSync(join(there.folder(id), 'stopped'))

async function stateOf(world: EngineWorld, id: string) {
  return (await world.api.call('machines.list', {})).find((machine) => machine.id === id)
}

/** The agent of a session has no process any more, and its machine is stopped. */
async function rested(world: EngineWorld, there: Elsewhere, sessionId: string, { id, machine }: Workspace) {
  await waitUntil(async () => (await world.api.call('workspaces.get', { workspace: id })).diff, {
    what: 'the changes to be looked at',
  })
  await world.api.call('sessions.hibernate', { key: key(), sessionId })
  await waitUntil(async () => (await world.api.call('sessions.get', { sessionId })).process === undefined, {
    what: 'the agent to end',
  })
  await waitUntil(async () => (await world.engine.restIdle()).includes(machine), { what: 'the machine to be stopped' })
  expect(isStopped(there, machine)).toBe(true)
}

describe('a machine of one workspace on which nothing goes on', { timeout: 120_000 }, () => {
  it('is stopped, and started by the next prompt, with what was said', async () => {
    await using computer = await hibernating()
    const { world, there } = computer
    await add(world, { idleMinutes: 0.001 })
    const workspace = await world.workspace({ on: 'elsewhere:box', prompt: 'The word is heron.' })
    const sessionId = workspace.sessions[0]?.id ?? ''
    await world.turnsEnded(sessionId, 1)
    // Its agent waits for the next prompt.
    expect(await world.engine.restIdle()).toEqual([])
    await rested(world, there, sessionId, workspace)
    expect(await stateOf(world, workspace.machine)).toMatchObject({
      state: 'stopped',
      because: expect.stringContaining('starts when it is needed'),
    })
    const now = await world.api.call('workspaces.get', { workspace: workspace.id })
    expect(now.status.status).toBe('idle')

    // The engine ends and another one begins: nobody starts what nobody needs.
    await world.restart()
    expect(isStopped(there, workspace.machine)).toBe(true)
    await world.prompt(sessionId, 'What was it?')
    await world.turnsEnded(sessionId, 2)
    expect(isStopped(there, workspace.machine)).toBe(false)
    expect((await stateOf(world, workspace.machine))?.state).toBe('connected')
    const said = (await world.events(sessionId)).filter(({ event }) => event.type === 'agent_message').at(-1)
    expect(JSON.stringify(said?.event)).toContain('The word is heron.')
  })

  it('runs on where its settings say so, or where somebody works in a terminal there', async () => {
    await using computer = await hibernating()
    const { world, there } = computer
    await add(world, { idle: 'keep', idleMinutes: 0.001 })
    const kept = await world.workspace({ on: 'elsewhere:box' })
    expect(await world.engine.restIdle()).toEqual([])
    await add(world, { idleMinutes: 0.001 })
    const used = await world.workspace({ on: 'elsewhere:box' })
    const terminal = await world.api.call('terminals.open', { key: key(), workspaceId: used.id, cols: 80, rows: 24 })
    const since = Date.now()
    await waitUntil(() => Date.now() - since > 100, { what: 'longer than it may be idle' })
    expect(await world.engine.restIdle()).toEqual([])
    await world.api.call('terminals.close', { key: key(), terminalId: terminal.id })
    await waitUntil(async () => (await world.engine.restIdle()).includes(used.machine), { what: 'it to be stopped' })
    expect([kept, used].map(({ machine }) => isStopped(there, machine))).toEqual([false, true])
    // Looking at what is there starts it.
    await world.api.call('workspaces.git', { workspaceId: used.id })
    expect(isStopped(there, used.machine)).toBe(false)
  })

  it('is stopped after all when the engine died as it was about to stop it', async () => {
    await using computer = await hibernating()
    const { world, there } = computer
    await add(world, { idleMinutes: 0.001 })
    const workspace = await world.workspace({ on: 'elsewhere:box' })
    await world.engine.close()
    const store = new DatabaseSync(join(world.home, 'store.db'))
    store.prepare(`update machines set state = 'resting' where id = ?`).run(workspace.machine)
    store.close()
    await world.restart()
    await waitUntil(() => isStopped(there, workspace.machine), { what: 'the machine to be stopped' })
    expect((await stateOf(world, workspace.machine))?.state).toBe('stopped')
  })
})

describe('an agent that its machine ended', { timeout: 120_000 }, () => {
  it('has the reason, and what to do, in the end of its turn', async () => {
    await using computer = await engineWith(streamsLong(2000, 40), () => ({
      lifetime: 'workspace',
      explains: 'out of memory: the limit of 512m was reached',
    }))
    const { world } = computer
    const workspace = await world.workspace({ on: 'elsewhere', prompt: 'Say much.' })
    const sessionId = workspace.sessions[0]?.id ?? ''
    const ended = async () =>
      (await world.events(sessionId)).flatMap(({ event }) => (event.type === 'turn_ended' ? [event] : []))
    await waitUntil(async () => (await world.events(sessionId)).some(({ event }) => event.type === 'turn_started'), {
      what: 'the turn to begin',
    })
    const agents = (await processesUnder(workspace.path)).filter(({ command }) => /^\S*claude -p/.test(command))
    for (const { pid } of agents) process.kill(pid, 'SIGKILL')
    await waitUntil(async () => (await ended()).length > 0, { what: 'the turn to end' })
    const [end] = await ended()
    expect(end).toMatchObject({
      stopReason: 'process_lost',
      error: { message: expect.stringMatching(/out of memory: the limit of 512m was reached\. Ask for a larger one/) },
    })
  })
})
