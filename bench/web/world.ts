import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { answersPing, temporaryFolder, waitUntil } from '@skein/testkit'
import type { Browser } from 'playwright-core'
import { startBrowser, up } from '../../e2e/web/browser.ts'
import { history } from '../../e2e/web/history.ts'
import { storeAtRest } from '../../e2e/web/written-store.ts'
import { key, readyWorkspace } from '../../e2e/working-world.ts'
import { World } from '../../e2e/world.ts'

export const EVENTS = Number(process.env.BENCH_EVENTS ?? 100_000)
const DIFF_FILES = 150
const DIFF_LINES = Number(process.env.BENCH_DIFF_LINES ?? 150_000)
const STREAMS = Number(process.env.BENCH_STREAMS ?? 50)

export interface Place {
  readonly workspaceId: string
  readonly sessionId: string
}

/** A server with a web app that has something to show, and a browser: a very long session, a very large diff, and streamers. */
export interface WebWorld extends AsyncDisposable {
  readonly world: World
  readonly browser: Browser
  /** The session of 100,000 events. */
  readonly long: Place
  /** The workspace whose diff has 150,000 lines. */
  readonly diff: Place
  /** Sessions whose agents stream when they are told to. */
  readonly streams: readonly Place[]
}

export async function startWebWorld(progress: (message: string) => void): Promise<WebWorld> {
  const stack = new AsyncDisposableStack()
  try {
    const folder = stack.use(await temporaryFolder('bench-web', { grace: 60_000 }))
    const bin = join(folder.path, 'bin')
    await mkdir(bin)
    await copyFile(join(import.meta.dirname, 'streaming-agent.pl'), join(bin, 'claude'))
    await chmod(join(bin, 'claude'), 0o755)
    const path = [bin, dirname(process.execPath), process.env.PATH ?? ''].join(':')
    const world = stack.use(await World.create(answersPing, { env: { PATH: path } }))
    await up(world)
    progress(`${STREAMS + 2} workspaces`)
    const long = await place(world, 'a-session-of-a-hundred-thousand-events')
    const diff = await place(world, 'a-diff-of-many-lines')
    const streams: Place[] = []
    for (let n = 0; n < STREAMS; n++) streams.push(await place(world, `stream-${n}`))
    progress(`a session of ${EVENTS.toLocaleString('en')} events, a diff of ${DIFF_LINES.toLocaleString('en')} lines`)
    await writeDiff(world, diff.workspaceId)
    {
      using store = await storeAtRest(world)
      const past = { sessionId: long.sessionId, events: history(EVENTS), title: 'Streaming import', cost: 214.2 }
      store.session({ ...past, endedAt: Date.now() - 60_000 })
    }
    await up(world)
    const browser = await startBrowser()
    stack.defer(() => browser.close())
    const owned = stack.move()
    return { world, browser, long, diff, streams, [Symbol.asyncDispose]: () => owned.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function place(world: World, name: string): Promise<Place> {
  const { id, sessions } = await readyWorkspace(world, { name })
  const [session] = sessions
  if (session === undefined) throw new Error(`${name} has no session`)
  return { workspaceId: id, sessionId: session.id }
}

/** New files, of lines as programs have them. */
async function writeDiff(world: World, workspaceId: string): Promise<void> {
  const { path } = await world.api.call('workspaces.get', { workspace: workspaceId })
  const lines = Math.ceil(DIFF_LINES / DIFF_FILES)
  for (let file = 0; file < DIFF_FILES; file++) {
    const folder = join(path, 'src', `area-${file % 12}`)
    await mkdir(folder, { recursive: true })
    const text = Array.from({ length: lines }, (_, n) => LINES[(n * 5 + file) % LINES.length]?.replace('N', String(n)))
    await writeFile(join(folder, `feature-${file}.ts`), `${text.join('\n')}\n`)
  }
}

const LINES = [
  "import { readStatement, type Booking } from '../statement/read-N.ts'",
  '',
  'export async function reconcileN(bookings: readonly Booking[], on: Date): Promise<number> {',
  '  const byReference = new Map<string, Booking>() // the date is part of the key',
  '  for (const booking of bookings) byReference.set(booking.reference + booking.date, booking)',
  '  if (byReference.size !== bookings.length) throw new Error(`line N: twice the same reference`)',
  '  return [...byReference.values()].reduce((sum, { minorUnits }) => sum + minorUnits, 0)',
  '}',
]

/** Lets so many agents stream, each a line every `ms` milliseconds for some seconds; resolves when all of them do. */
export async function stream({ world, streams }: WebWorld, many: number, ms: number, seconds: number): Promise<void> {
  const content = [{ type: 'text' as const, text: `every ${ms} ms for ${seconds} s` }]
  const chosen = streams.slice(0, many)
  await Promise.all(
    chosen.map(({ sessionId }) => world.api.call('sessions.prompt', { key: key(), sessionId, content })),
  )
  await waitUntil(
    async () => {
      const all = await world.api.call('workspaces.list', {})
      const working = new Set(
        all.flatMap(({ sessions }) => sessions.flatMap(({ id, state }) => (state === 'working' ? [id] : []))),
      )
      return chosen.every(({ sessionId }) => working.has(sessionId))
    },
    { what: `${many} agents to stream`, timeout: 120_000 },
  )
}

/** Until no agent streams any more. */
export async function silence({ world }: WebWorld): Promise<void> {
  await waitUntil(
    async () => {
      const all = await world.api.call('workspaces.list', {})
      return all.every(({ sessions }) => sessions.every(({ state }) => state !== 'working' && state !== 'starting'))
    },
    { what: 'the agents to have ended their turns', timeout: 180_000, every: 500 },
  )
}
