import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ask, Session } from '@skein/protocol'
import {
  isThorough,
  longText,
  reply,
  type ScriptFunction,
  say,
  seededRandom,
  text,
  toolUse,
  waitUntil,
} from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foldOfJournals, fromLines } from '../fold-of-journal.ts'
import { kill, type Running, World } from '../world.ts'

/** Kills in all. */
const KILLS = Number(process.env.SKEIN_CHAOS_KILLS ?? (isThorough ? 200 : 20))
/** Files that share the rounds, each with a computer of its own, so that one waits while the other works. */
export const SHARES = 2
const RUNS_AT_ONCE = 3
const KILLS_A_ROUND = isThorough ? 40 : 20
const ROUNDS = Math.max(1, Math.ceil(KILLS / KILLS_A_ROUND))
/** An agent that dies is resumed up to three times a prompt; so many may hit the same one in a round. */
const AGENT_KILLS = 3
const WORDS = 400

/** Streams, asks for a permission, does what was allowed, streams on, and ends. */
const worker: ScriptFunction = (request) => {
  const done = request.toolHistory.some(({ name, isError }) => name === 'Bash' && !isError)
  if (done) return say(`${longText(60)}Finished.`, { deltas: 60, delayMs: 15 })
  return reply([
    text(longText(WORDS), { deltas: WORDS, delayMs: 25 }),
    toolUse('Bash', { command: 'echo done >> work.txt', description: 'Note the work' }),
  ])
}

type Victim = 'cli' | 'server' | 'runner' | 'all' | 'agent'

interface Run {
  name: string
  cli: Running | undefined
}

function pick<T>(from: readonly T[], random: () => number): T | undefined {
  return from[Math.floor(random() * from.length)]
}

/** While it runs. */
function pidOf(running: Running | undefined): number | undefined {
  const child = running?.child
  return child && child.exitCode === null && child.signalCode === null ? child.pid : undefined
}

/** The rounds that are one share's; every file of this folder is one. */
export function describeKills(share: number): void {
  const rounds = Array.from({ length: ROUNDS }, (_, n) => n + 1).filter((round) => round % SHARES === share)
  if (rounds.length === 0) it.skip('kills nobody: the other files have all the rounds of so few kills')
  else describe(`kill -9, ${rounds.length * KILLS_A_ROUND} times`, () => killAndLook(rounds))
}

function killAndLook(rounds: readonly number[]): void {
  let world: World
  let journals: ReturnType<World['keepJournals']>
  const killed: Record<Victim, number> = { cli: 0, server: 0, runner: 0, all: 0, agent: 0 }

  beforeAll(async () => {
    world = await World.create(worker)
    journals = world.keepJournals()
  })
  afterAll(async () => {
    await journals.stop()
    await world[Symbol.asyncDispose]()
    console.log(`killed: ${JSON.stringify(killed)}`)
  })

  for (const round of rounds) {
    it(`round ${round}: nothing is lost, doubled, orphaned or left half-made`, { timeout: 300_000 }, async () => {
      const random = seededRandom(round)
      const runs: Run[] = Array.from({ length: RUNS_AT_ONCE }, (_, n) => ({
        name: `chaos-${round}-${n}`,
        cli: undefined,
      }))
      for (const run of runs)
        run.cli = world.start([
          'run',
          '--json',
          '--keep',
          '--permission-mode',
          'ask',
          '--name',
          run.name,
          `Do the work of ${run.name}.`,
        ])
      const agentKills = new Set<number>()
      for (let kills = 0, strikes = 0; kills < KILLS_A_ROUND && strikes < 5 * KILLS_A_ROUND; strikes++) {
        await new Promise((resolve) => setTimeout(resolve, 30 + random() * 350))
        kills += await strike(random, runs, agentKills)
      }
      // Whoever is still there goes on; what a person would do now is look, and answer.
      for (const run of runs) {
        const sessionId = await begun(run.name)
        await answerUntilDone(sessionId)
        await checkSession(sessionId)
      }
      expect(await world.agentPids()).toEqual([])
    })
  }

  /** Kills somebody, if there is somebody of the kind that chance chose. Answers how many were killed. */
  async function strike(random: () => number, runs: Run[], agentKills: Set<number>): Promise<number> {
    const victim = pick(['cli', 'server', 'runner', 'all', 'agent'] as const, random) ?? 'server'
    const run = pick(runs, random)
    const pids = [
      ...(victim === 'cli' || victim === 'all' ? [pidOf(run?.cli)] : []),
      ...(victim === 'server' || victim === 'all' ? [await world.serverPid()] : []),
      ...(victim === 'runner' || victim === 'all' ? [await world.runnerPid()] : []),
      ...(victim === 'agent' && agentKills.size < AGENT_KILLS ? [pick(await world.agentPids(), random)] : []),
    ].filter((pid) => pid !== undefined)
    for (const pid of pids) {
      kill(pid)
      killed[victim] += 1
      if (victim === 'agent') agentKills.add(pid)
    }
    // Somebody comes back and looks, which also brings a dead server back; there is nothing to look at before it is known.
    if (run && pidOf(run.cli) === undefined && (await known(run.name)))
      run.cli = world.start(['attach', '--json', run.name])
    return pids.length
  }

  async function known(name: string): Promise<boolean> {
    const all = await world.api.call('workspaces.list', {})
    return all.some((workspace) => workspace.name === name)
  }

  /** A CLI that was killed before it had asked for anything is started again, as its user would. */
  async function begun(name: string): Promise<string> {
    const list = () => world.api.call('workspaces.list', {})
    const found = async () =>
      (await list()).find((workspace) => workspace.name === name && workspace.state === 'ready')?.sessions[0]?.id
    const there = await waitUntil(found, { what: `the workspace ${name}`, timeout: 5_000 }).catch(() => undefined)
    if (there !== undefined) return there
    if (!(await known(name)))
      world.start(['run', '--json', '--keep', '--permission-mode', 'ask', '--name', name, `Do the work of ${name}.`])
    return waitUntil(found, { what: `the workspace ${name} to be ready`, timeout: 60_000, explain: list })
  }

  async function answerUntilDone(sessionId: string): Promise<Session> {
    return waitUntil(
      async () => {
        for (const ask of await world.api.call('asks.list', { sessionId })) await allow(ask)
        const session = await world.api.call('sessions.get', { sessionId })
        const over =
          session.lastTurn?.stopReason !== undefined &&
          session.queued === 0 &&
          session.state !== 'working' &&
          session.state !== 'starting'
        return over ? session : undefined
      },
      {
        what: `session ${sessionId} to be done`,
        timeout: 90_000,
        explain: async () => [
          await world.api.call('sessions.get', { sessionId }),
          (await world.events(sessionId)).slice(-12),
        ],
      },
    )
  }

  /** Two people answer at once; one counts. */
  async function allow(ask: Ask): Promise<void> {
    const answer = (who: string) =>
      world.api
        .call('asks.answer', { key: `${ask.id}-${who}`, askId: ask.id, answer: { type: 'allow' }, by: who })
        .catch(() => undefined)
    const answers = await Promise.all([answer('one'), answer('two')])
    expect(answers.filter((each) => each?.counted).length).toBeLessThanOrEqual(1)
  }

  async function checkSession(sessionId: string): Promise<void> {
    await world.api.call('sessions.hibernate', { key: `end-${sessionId}`, sessionId })
    const session = await waitUntil(
      async () => {
        const now = await world.api.call('sessions.get', { sessionId })
        return now.process === undefined ? now : undefined
      },
      { what: `session ${sessionId} to hold no process` },
    )
    const events = await world.events(sessionId)
    const story = JSON.stringify([session.problem, session.lastTurn, events.slice(-12)])
    expect(session.lastTurn, story).toMatchObject({ stopReason: 'end_turn' })
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1))
    expect(fromLines(events)).toEqual(await foldOfJournals(journals.folder, sessionId, events))
    const turns = events.filter(({ event }) => event.type === 'turn_started').map(({ turnId }) => turnId)
    const ends = events.filter(({ event }) => event.type === 'turn_ended').map(({ turnId }) => turnId)
    expect(ends).toEqual(turns)
    expect(new Set(turns).size).toBe(turns.length)
    const workspace = await world.api.call('workspaces.get', { workspace: session.workspaceId })
    expect(workspace.steps.map(({ state }) => state)).not.toContain('failed')
    expect(await readFile(join(workspace.path, 'work.txt'), 'utf8')).toMatch(/^done\n/)
  }
}
