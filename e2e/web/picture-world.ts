import { join } from 'node:path'
import type { Workspace } from '@skein/protocol'
import {
  commitAll,
  DEMO_PROMPT,
  demo,
  longText,
  makeDemoProject,
  reply,
  type ScriptFunction,
  say,
  smallRepository,
  text,
  useTool,
  waitUntil,
  writeFiles,
} from '@skein/testkit'
import { key } from '../working-world.ts'
import { World } from '../world.ts'
import { up } from './browser.ts'
import { wholeHistory } from './history.ts'
import { CHANGED_FILES, LEDGER_FILES, PAST_WORK, type PastWork } from './picture-content.ts'
import { storeAtRest, type WrittenStore } from './written-store.ts'

/** So long is the session that is shown. */
const EVENTS = 10_000

const PUBLISH = {
  command: 'npm publish --access public --tag next',
  description: 'Publish 0.4.0 under the tag next',
  dangerouslyDisableSandbox: true,
}

const QUESTION = {
  questions: [
    {
      question: 'In which time zone does a booking day end?',
      header: 'Time zone',
      options: [
        { label: 'Europe/Zurich', description: 'As the bank counts. Statements agree with what customers see.' },
        { label: 'UTC', description: 'As the other services count. Reports of two services agree.' },
        { label: 'That of the account’s holder', description: 'A day of an account abroad may end hours later.' },
      ],
      multiSelect: false,
    },
  ],
}

/** Each prompt leads its agent into another state. */
const model: ScriptFunction = (request, signal) => {
  const { lastUserText } = request
  if (/orbit/.test(lastUserText)) return demo(request, signal)
  if (/publish/i.test(lastUserText)) return request.toolResults[0] ? say('Not yet.') : useTool('Bash', PUBLISH)
  if (/time zone/i.test(lastUserText))
    return request.toolResults[0] ? say('Good.') : useTool('AskUserQuestion', QUESTION)
  if (/explain/i.test(lastUserText)) return reply([text(longText(3_000), { deltas: 3_000, delayMs: 100 })])
  return say('Done.')
}

/** Agents that are really at work, or wait. */
const AT_WORK: readonly Wanted[] = [
  { name: 'fix-the-periods-and-add-a-speed-option', project: 'orbit', prompt: DEMO_PROMPT, mode: 'plan' },
  { name: 'release-0-4-0', project: 'orbit', prompt: 'Publish 0.4.0 under the tag next.', mode: 'ask' },
  {
    ...{ name: 'close-of-day-for-accounts-abroad', project: 'ledger', mode: 'accept_edits' },
    prompt: 'Close the booking day of accounts abroad at the right time. Ask me about the time zone.',
  },
  {
    ...{ name: 'explain-orbital-mechanics-to-newcomers', project: 'orbit', mode: 'accept_edits' },
    prompt: 'Explain it to newcomers, in the README.',
  },
  { name: 'orbital-periods', project: 'orbit', prompt: DEMO_PROMPT, mode: 'accept_edits' },
]

/** Workspaces as a person has them after some weeks, by name. */
export interface PictureWorld extends AsyncDisposable {
  readonly world: World
  readonly ids: ReadonlyMap<string, string>
}

/** Fifty workspaces of six projects: some whose agents work or wait, the others with a past. */
export async function pictureWorld(): Promise<PictureWorld> {
  const world = await World.create(model)
  try {
    await up(world)
    const projects = await makeProjects(world)
    const ids = new Map<string, string>()
    for (const { name, project } of PAST_WORK) ids.set(name, await create(world, projects, { name, project }))
    await ready(world, ids)
    await withPast(world, ids)
    await up(world)
    for (const work of AT_WORK) ids.set(work.name, await create(world, projects, work))
    await settle(world, ids)
    await check(world, ids)
    return { world, ids, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
  } catch (error) {
    await world[Symbol.asyncDispose]()
    throw error
  }
}

async function makeProjects(world: World): Promise<Map<string, string>> {
  const repositories: Record<string, (dir: string) => Promise<unknown>> = {
    orbit: makeDemoProject,
    ledger: async (dir) => {
      await smallRepository(dir)
      await writeFiles(dir, LEDGER_FILES)
      await commitAll(dir, 'Read statements of eleven banks')
    },
    'atlas-tiles': smallRepository,
    'design-tokens': smallRepository,
    'customer-portal': smallRepository,
    infrastructure: async (dir) => {
      await smallRepository(dir)
      const setup =
        'echo "Installing 412 packages…"\necho "npm error 404 @acme/terraform-modules@^4.2.0 is not in this registry" >&2\nexit 1'
      await writeFiles(dir, { 'skein.json': JSON.stringify({ setup }, null, 2) })
      await commitAll(dir, 'Set up with npm ci')
    },
  }
  const ids = new Map<string, string>()
  for (const [name, make] of Object.entries(repositories)) {
    const path = join(world.folder, name)
    await make(path)
    const { id, trust } = await world.api.call('projects.open', { key: key(), path })
    await world.api.call('projects.trust', { key: key(), projectId: id, hash: trust.hash })
    ids.set(name, id)
  }
  return ids
}

interface Wanted {
  name: string
  project: string
  prompt?: string
  mode?: 'plan' | 'ask' | 'accept_edits'
}

async function create(world: World, projects: ReadonlyMap<string, string>, wanted: Wanted): Promise<string> {
  const { name, project, prompt, mode = 'accept_edits' } = wanted
  const { id } = await world.api.call('workspaces.create', {
    ...{ key: key(), projectId: projects.get(project) ?? '', name },
    session: { permissionMode: mode, environment: world.environment },
    ...(prompt === undefined ? {} : { prompt: [{ type: 'text' as const, text: prompt }] }),
  })
  return id
}

function ready(world: World, ids: ReadonlyMap<string, string>): Promise<Workspace[]> {
  return waitUntil(
    async () => {
      const all = await world.api.call('workspaces.list', {})
      return all.length === ids.size && all.every(({ state }) => state !== 'creating') && all
    },
    { what: 'the workspaces to be made', timeout: 120_000 },
  )
}

/** The server stops, what was done is written down, and it starts again. */
async function withPast(world: World, ids: ReadonlyMap<string, string>): Promise<void> {
  const all = await world.api.call('workspaces.list', {})
  const changed = all.find(({ name }) => name === 'stream-large-statements')
  if (changed) await writeFiles(changed.path, CHANGED_FILES)
  using store = await storeAtRest(world)
  for (const work of PAST_WORK) {
    const workspace = all.find(({ id }) => id === ids.get(work.name))
    const [session] = workspace?.sessions ?? []
    if (!workspace || !session || workspace.state !== 'ready') continue
    write(store, work, workspace.id, session.id)
  }
}

function write(store: WrittenStore, work: PastWork, workspaceId: string, sessionId: string): void {
  const { minutesAgo, cost, files = 0, added = 0, deleted = 0, ended = 'end_turn', error, long = false } = work
  const endedAt = Date.now() - minutesAgo * 60_000
  const title = work.name.replaceAll('-', ' ')
  const events = wholeHistory(long ? EVENTS : 60)
  const told = { sessionId, events, endedAt, title, cost, stopReason: ended, indexed: false }
  store.session({ ...told, ...(error === undefined ? {} : { error }), unseen: work.unseen === true })
  store.workspace(workspaceId, {
    created_at: endedAt - 3_600_000,
    diff: JSON.stringify({ files, added, deleted, at: endedAt }),
    pinned: work.pinned ? 1 : 0,
    archived: work.archived ? 1 : 0,
  })
}

/** The plan waits, the permission waits, what can end has ended; questions of the demo are answered on the way. */
async function settle(world: World, ids: ReadonlyMap<string, string>): Promise<void> {
  const reviewed = ids.get('orbital-periods')
  await waitUntil(
    async () => {
      const asks = await world.api.call('asks.list', {})
      for (const ask of asks) {
        if (ask.kind === 'question' && /speed/.test(JSON.stringify(ask.questions)))
          await world.api.call('asks.answer', {
            ...{ key: ask.id, askId: ask.id },
            answer: { type: 'answers', answers: { 'In which unit should --speed print?': 'km/s' } },
          })
        if (ask.kind === 'permission' && ask.workspaceId === reviewed)
          await world.api.call('asks.answer', { key: ask.id, askId: ask.id, answer: { type: 'allow' } })
      }
      const done = (await world.api.call('workspaces.list', {})).find(({ id }) => id === reviewed)
      const kinds = new Set(asks.filter(({ workspaceId }) => workspaceId !== reviewed).map(({ kind }) => kind))
      return done?.status.status === 'ready_for_review' && kinds.has('plan') && kinds.has('permission')
    },
    { what: 'the agents to be where the pictures want them', timeout: 120_000 },
  )
}

/** A check that fails, as it does; a service and a terminal that run. */
async function check(world: World, ids: ReadonlyMap<string, string>): Promise<void> {
  const long = ids.get('stream-large-statements') ?? ''
  await world.api.call('checks.run', { key: key(), workspaceId: long })
  await waitUntil(
    async () => (await world.api.call('checks.runs', { workspaceId: long })).every(({ state }) => state !== 'running'),
    { what: 'the verdict of the checks', timeout: 60_000 },
  )
  const reviewed = ids.get('orbital-periods') ?? ''
  await world.api.call('services.start', { key: key(), workspaceId: reviewed, name: 'page' })
  const { id } = await world.api.call('terminals.open', { key: key(), workspaceId: reviewed, cols: 100, rows: 30 })
  await world.api.call('terminals.input', {
    key: key(),
    terminalId: id,
    data: "PS1='$ '; clear; git log --oneline -2 | cat; node --test\r",
  })
}
