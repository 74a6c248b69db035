import type { Page } from 'playwright-core'
import { type Benchmark, type Figure, percentile, table } from './figure.ts'
import { diffFigures } from './web/diff.ts'
import { firstPaint, keyDelays, lineDelays } from './web/measure.ts'
import { plainPage, signedIn } from './web/pages.ts'
import { sessionFigures } from './web/session.ts'
import { EVENTS, silence, startWebWorld, stream, type WebWorld } from './web/world.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
/** As Claude Code streams: some thirty deltas a second. */
const INTERVAL_MS = 33
const TYPING_STREAMS = 20
const KEYS = 150
const LINES_MS = 10_000
/** Only some of it: `session,diff,lines,typing`. */
const PARTS = (process.env.BENCH_PARTS ?? 'session,diff,lines,typing').split(',')

export const web: Benchmark = {
  name: 'web',
  about: `the web app in Chromium, on the real server: a session of ${EVENTS.toLocaleString('en')} events, a large diff, streams`,

  async measure(progress) {
    await using world = await startWebWorld(progress)
    const parts = {
      session: () => sessionFigures(world, ROUNDS, progress),
      diff: () => diffFigures(world, ROUNDS, progress),
      typing: () => typingFigures(world, progress),
      lines: () => lineFigures(world, progress),
    }
    const all: Figure[] = []
    for (const [name, measure] of Object.entries(parts)) {
      if (!PARTS.includes(name)) continue
      const figures = await measure()
      // It takes minutes: what is known is told.
      progress(`${name}\n${table(figures)}`)
      all.push(...figures)
    }
    return all
  },
}

async function lineFigures(world: WebWorld, progress: (message: string) => void): Promise<Figure[]> {
  const many = world.streams.length
  progress(`${many} agents stream to one page`)
  const { context, page } = await signedIn(world.browser, world.world)
  await stream(world, many, INTERVAL_MS, LINES_MS / 1000 + 15)
  const delays = await lineDelays(page, world.streams, LINES_MS)
  await context.close()
  await silence(world)
  const base = { unit: 'ms', runs: delays.length } as const
  return [
    {
      ...{ what: `line to browser, ${many} agents, p50`, skein: percentile(delays, 50), ...base },
      note: 'from just before the agent writes a line until a page has it, through journal, runner, engine, server and WebSocket',
    },
    {
      ...{ what: `line to browser, ${many} agents, p99`, skein: percentile(delays, 99), ...base },
      budget: { of: 'value', atMost: 50 },
    },
  ]
}

async function typingFigures(world: WebWorld, progress: (message: string) => void): Promise<Figure[]> {
  progress(`typing while ${TYPING_STREAMS} agents stream`)
  const [shown] = world.streams
  if (!shown) return []
  const { context, page, url } = await signedIn(world.browser, world.world)
  const path = `/w/${shown.workspaceId}/session/${shown.sessionId}`
  await stream(world, TYPING_STREAMS, INTERVAL_MS, 2 * Math.ceil(KEYS * 0.1 + 6) + 15)
  await page.goto(new URL(path, url).href)
  await firstPaint(page, 'transcript')
  const skein = await keyDelays(page, 'textarea[aria-label="Prompt"]', KEYS)
  await context.close()
  const plain = await plainKeys(world)
  await silence(world)
  const note = 'the page shows one of the streams; plain: a text field in an empty page, under the same load'
  const of = (percent: number) => ({
    ...({
      unit: 'ms',
      skein: percentile(skein, percent),
      plain: percentile(plain, percent),
      runs: skein.length,
    } as const),
  })
  return [
    { what: 'key to letter on the screen, p50', ...of(50), note },
    { what: 'key to letter on the screen, p99', ...of(99) },
  ]
}

async function plainKeys({ browser }: WebWorld): Promise<number[]> {
  const { context, page }: { context: { close(): Promise<void> }; page: Page } = await plainPage(
    browser,
    '<!doctype html><title>plain</title><main><textarea rows="4" cols="80"></textarea></main>',
  )
  const delays = await keyDelays(page, 'textarea', KEYS)
  await context.close()
  return delays
}
