import type { Ask, Envelope, Workspace } from '@skein/protocol'
import {
  isThorough,
  longText,
  reply,
  type ScriptFunction,
  say,
  seededRandom,
  text,
  toolUse,
  useTool,
  waitUntil,
} from '@skein/testkit'
import { expect, it } from 'vitest'
import { key, words } from '../engine-world.ts'
import { foldOfJournals, fromLines } from '../fold-of-journal.ts'
import { type Fault, keepJournals, type Place, pause } from './place.ts'

/** Of all kinds of machines together. */
const FAULTS = Number(process.env.SKEIN_FAULTS ?? (isThorough ? 108 : 18))
const FAULTS_A_KIND = Math.ceil(FAULTS / 3)
const FAULTS_A_ROUND = 6
const ROUNDS = Math.max(1, Math.round(FAULTS_A_KIND / FAULTS_A_ROUND))
/** Nobody waits for long when everything is tried with every change. */
const SHORT = FAULTS < 60
/** The longest that a network was away, once in a long run. */
const LONGEST_S = 60
/** An agent that dies is resumed up to three times a prompt. */
const AGENT_DEATHS = 2
const DELTA_MS = 25
const PATIENCE = 120_000
/** As it stands in the list of processes. Claude Code refuses a plain `sleep`. */
const LINGERING = 'tail -f lingers'

/** Streams as much as the prompt says, asks for a permission, does what was allowed, streams on and ends; or lingers in a command. */
export const worker: ScriptFunction = (request) => {
  if (/linger/.test(request.lastUserText) && request.toolResults.length === 0)
    return useTool('Bash', { command: `touch lingers && ${LINGERING}`, description: 'Wait for long' })
  const done = request.toolHistory.some(({ name, isError }) => name === 'Bash' && !isError)
  if (done) return say(`${longText(20)}Finished.`, { deltas: 20, delayMs: DELTA_MS })
  const asked = request.userTexts.map((said) => /Say (\d+) words/.exec(said)?.[1]).find((found) => found !== undefined)
  const count = Number(asked ?? 1)
  return reply([
    text(longText(count), { deltas: count, delayMs: DELTA_MS }),
    toolUse('Bash', { command: 'echo done >> work.txt', description: 'Note the work' }),
  ])
}

interface Planned {
  fault: Fault
  seconds: number
  /** Before it, in milliseconds. */
  after: number
}

/** Everything that can go wrong there, in a seeded order that has each in it before one comes again. */
function plan(place: Place, seed: number, last: boolean): Planned[] {
  const random = seededRandom(seed)
  let deck: Fault[] = []
  const planned: Planned[] = []
  for (let deaths = 0; planned.length < FAULTS_A_ROUND; ) {
    if (deck.length === 0) deck = [...place.faults]
    const [fault] = deck.splice(Math.floor(random() * deck.length), 1)
    if (fault === undefined || (fault.endsAgent && ++deaths > AGENT_DEATHS)) continue
    const [shortest, longest] = fault.lasts ?? [0, 0]
    const seconds = shortest + random() * ((SHORT ? Math.min(longest, shortest + 1) : longest) - shortest)
    planned.push({ fault, seconds, after: 150 + random() * 1000 })
  }
  const away = place.faults.find(({ name }) => name === 'all packets dropped')
  // While the agent streams, and as the last of those.
  if (last && !SHORT && away) planned.splice(FAULTS_A_ROUND / 2 - 1, 1, { fault: away, seconds: LONGEST_S, after: 500 })
  return planned
}

/** All rounds on one kind of machine. */
export function faultRounds(kind: string, canRun: boolean, create: (script: ScriptFunction) => Promise<Place>): void {
  const faults = ROUNDS * FAULTS_A_ROUND
  it.skipIf(!canRun)(
    `${faults} faults on ${kind}, while the agent streams and while it asks, lose nothing and double nothing`,
    { timeout: 120_000 + ROUNDS * 300_000 },
    async () => {
      await using place = await create(worker)
      const journals = keepJournals(place)
      const told: string[] = []
      try {
        for (let round = 1; round <= ROUNDS; round++) await oneRound(place, round, journals.folder, told)
      } finally {
        await journals.stop()
        console.log(`on ${kind}:\n${told.join('\n')}`)
      }
    },
  )
}

async function oneRound(place: Place, round: number, journals: string, told: string[]): Promise<void> {
  const planned = plan(place, round, round === ROUNDS)
  const streaming = planned.slice(0, FAULTS_A_ROUND / 2)
  const expected = streaming.reduce(
    (sum, { fault: { mends = 1 }, seconds, after }) => sum + (seconds + mends) * 1000 + after,
    0,
  )
  const count = Math.ceil(expected / DELTA_MS)
  const workspace = await begin(place, `faults-${round}`, `Say ${count} words.`)
  const sessionId = workspace.sessions[0]?.id ?? ''
  const { world } = place
  await waitUntil(async () => (await world.events(sessionId)).some(({ event }) => event.type === 'turn_started'), {
    what: 'the turn to begin',
    timeout: PATIENCE,
  })
  for (const [n, one] of planned.entries()) {
    if (n === streaming.length) await openAsk(place, sessionId)
    await pause(one.after)
    const { state } = await world.api.call('sessions.get', { sessionId })
    const began = performance.now()
    const hit = await waitUntil(() => one.fault.strike(one.seconds), {
      what: `something for "${one.fault.name}" to hit`,
      timeout: PATIENCE,
    })
    expect(hit).toBe(true)
    const back = performance.now()
    await waitUntil(() => connected(place, workspace), {
      what: `the machine to be connected after "${one.fault.name}"`,
      timeout: PATIENCE,
      every: 50,
      explain: () => world.api.call('machines.list', {}),
    })
    const [lasted, later] = [(back - began) / 1000, (performance.now() - back) / 1000]
    told.push(`  ${one.fault.name} (${lasted.toFixed(1)} s) while ${state}; connected ${later.toFixed(1)} s later`)
  }
  await answerUntilDone(place, sessionId)
  expect((await world.api.call('sessions.get', { sessionId })).lastTurn).toMatchObject({ stopReason: 'end_turn' })
  told.push(`  interrupted: ${await interrupted(place, sessionId)}`)
  const events = await world.events(sessionId)
  check(events, longText(count))
  expect(events.filter(({ event }) => isSaid(event, `Say ${count} words.`))).toHaveLength(1)
  const deaths = planned.filter(({ fault }) => fault.endsAgent).length
  const starts = new Set(events.flatMap(({ event }) => (event.type === 'agent_process' ? [event.epoch] : []))).size
  // No fault but the machine's own end makes another agent, and each of those one at most.
  expect(starts).toBeGreaterThanOrEqual(1)
  expect(starts).toBeLessThanOrEqual(1 + deaths)
  const lost = events.filter(({ event }) => event.type === 'turn_ended' && event.stopReason === 'process_lost')
  expect(lost.length).toBeLessThanOrEqual(deaths)
  expect(fromLines(events)).toEqual(await foldOfJournals(journals, sessionId, events))
  await world.api.call('workspaces.remove', { key: key(), workspaceId: workspace.id, confirm: true, keepBranch: false })
  await waitUntil(async () => (await place.remains(workspace.path)).length === 0, {
    what: 'nothing to be left of the workspace',
    timeout: PATIENCE,
    explain: () => place.remains(workspace.path),
  })
  expect(agents(await place.processes())).toEqual([])
}

export async function begin(place: Place, name: string, prompt: string): Promise<Workspace> {
  const { world, environment } = place
  const project = await world.api.call('projects.open', { key: key(), path: world.repo })
  const { id } = await world.api.call('workspaces.create', {
    key: key(),
    projectId: project.id,
    name,
    on: place.on,
    session: { permissionMode: 'ask', environment },
    prompt: words(prompt),
  })
  return waitUntil(
    async () => {
      const workspace = await world.api.call('workspaces.get', { workspace: id })
      if (workspace.state === 'failed') throw new Error(workspace.problem?.message)
      return workspace.state === 'ready' && workspace
    },
    { what: 'the workspace to be ready', timeout: PATIENCE, every: 100 },
  )
}

async function connected({ world }: Place, { id }: Workspace): Promise<boolean> {
  const { machine } = await world.api.call('workspaces.get', { workspace: id })
  return (await world.api.call('machines.list', {})).find((one) => one.id === machine)?.state === 'connected'
}

export function openAsk({ world }: Place, sessionId: string): Promise<Ask> {
  return waitUntil(async () => (await world.api.call('asks.list', { sessionId }))[0], {
    what: 'the ask',
    timeout: PATIENCE,
    every: 50,
    explain: async () => (await world.events(sessionId)).slice(-8),
  })
}

/** Two people answer at once; one counts. */
async function allow({ world }: Place, ask: Ask): Promise<void> {
  const answer = (who: string) =>
    world.api
      .call('asks.answer', { key: `${ask.id}-${who}`, askId: ask.id, answer: { type: 'allow' }, by: who })
      .catch(() => undefined)
  const answers = await Promise.all([answer('one'), answer('two')])
  expect(answers.filter((each) => each?.counted).length).toBeLessThanOrEqual(1)
}

export async function answerUntilDone(place: Place, sessionId: string): Promise<void> {
  const { world } = place
  await waitUntil(
    async () => {
      for (const ask of await world.api.call('asks.list', { sessionId })) await allow(place, ask)
      const { lastTurn, queued, state } = await world.api.call('sessions.get', { sessionId })
      return lastTurn?.stopReason !== undefined && queued === 0 && state !== 'working' && state !== 'starting'
    },
    {
      what: 'the session to be done',
      timeout: PATIENCE,
      every: 50,
      explain: async () => [
        await world.api.call('sessions.get', { sessionId }),
        (await world.events(sessionId)).slice(-8),
      ],
    },
  )
}

/** Interrupts a command that runs over there just as the link is cut, then ends the agent; how long each took. */
async function interrupted(place: Place, sessionId: string): Promise<string> {
  const { world, environment } = place
  await world.api.call('sessions.prompt', { key: key(), sessionId, content: words('linger'), environment })
  await allow(place, await openAsk(place, sessionId))
  const lingering = async () => (await place.processes()).filter(({ command }) => command === LINGERING)
  await waitUntil(async () => (await lingering()).length > 0, { what: 'the command', timeout: PATIENCE })
  await place.faults[0]?.strike(0)
  const began = performance.now()
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
  await world.api.call('sessions.interrupt', { key: key(), sessionId })
  await waitUntil(async () => (await lingering()).length === 0, { what: 'the command to end', timeout: 60_000 })
  const command = seconds()
  await answerUntilDone(place, sessionId)
  await world.api.call('sessions.hibernate', { key: key(), sessionId })
  await waitUntil(async () => agents(await place.processes()).length === 0, {
    what: 'the agent to end',
    timeout: 60_000,
    explain: place.processes,
  })
  const agent = seconds()
  await waitUntil(async () => (await world.api.call('sessions.get', { sessionId })).process === undefined, {
    what: 'the session to hold no process',
    timeout: 60_000,
  })
  return `the command had ended after ${command}, the agent after ${agent}`
}

function agents<T extends { command: string }>(processes: readonly T[]): T[] {
  return processes.filter(({ command }) => /claude\S* .*--input-format/.test(command) && !/^(\S*\/)?sh /.test(command))
}

function isSaid(event: Envelope['event'], text: string): boolean {
  return event.type === 'user_message' && JSON.stringify(event).includes(text)
}

/** Each event once and in order, each turn with one end, and every word. */
export function check(events: readonly Envelope[], said: string): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1))
  const turns = events.filter(({ event }) => event.type === 'turn_started').map(({ turnId }) => turnId)
  expect(events.filter(({ event }) => event.type === 'turn_ended').map(({ turnId }) => turnId)).toEqual(turns)
  expect(new Set(turns).size).toBe(turns.length)
  expect(JSON.stringify(events)).toContain(said.trim())
}
