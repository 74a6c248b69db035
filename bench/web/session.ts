import { textOf } from '@skein/protocol'
import type { Page } from 'playwright-core'
import { history } from '../../e2e/web/history.ts'
import { type Figure, median, percentile } from '../figure.ts'
import { type Frames, firstPaint, nextPaint, paintAfterClick, scroll } from './measure.ts'
import { mainThread, openApp, plainHtml, plainPage, residentMegabytes, signedIn, tabMemory } from './pages.ts'
import { EVENTS, type WebWorld } from './world.ts'

const FRAME_MS = 1000 / 60
/** A notch of the wheel in each frame. */
const STEP = 120
const SCROLL_MS = 6_000
/** For the way through the whole: further than any hand. */
const LEAP = 4_000

/** The session of 100,000 events: how soon it is there, how it scrolls, what it takes. */
export async function sessionFigures(
  web: WebWorld,
  rounds: number,
  progress: (message: string) => void,
): Promise<Figure[]> {
  const { browser, world, long } = web
  const path = `/w/${long.workspaceId}/session/${long.sessionId}`
  const cold: number[] = []
  const inApp: number[] = []
  const inAppWork: number[] = []
  for (let round = 1; round <= rounds; round++) {
    progress(`opening the session, round ${round} of ${rounds}`)
    const { context, page, url } = await signedIn(browser, world)
    await openApp(page, url)
    const worked = await mainThread(page)
    const before = await worked()
    inApp.push(await paintAfterClick(page, `[data-workspace="${long.workspaceId}"]`, 'transcript'))
    inAppWork.push((await worked()) - before)
    await context.close()
    const fresh = await signedIn(browser, world)
    await fresh.page.goto('about:blank')
    await fresh.page.goto(new URL(path, url).href, { waitUntil: 'commit' })
    cold.push(await firstPaint(fresh.page, 'transcript'))
    await fresh.context.close()
  }
  progress('the same events as a plain page')
  const plain = await plainSession(web, rounds)
  progress('scrolling')
  const { context, page, url } = await signedIn(browser, world)
  await page.goto(new URL(path, url).href)
  await firstPaint(page, 'transcript')
  const before = await tabMemory(browser, page)
  const worked = await mainThread(page)
  const begun = await worked()
  const near = await scroll(page, 'transcript', -STEP, SCROLL_MS)
  const perFrame = ((await worked()) - begun) / near.times.length
  progress('through the whole session')
  const whole = await through(page)
  const after = await tabMemory(browser, page)
  const pid = await world.serverPid()
  const server = pid === undefined ? Number.NaN : await residentMegabytes(pid)
  await context.close()
  return [
    {
      ...{ what: 'session, first paint in the open app', unit: 'ms', skein: median(inApp), plain: plain.paint },
      ...{ runs: rounds, budget: { of: 'value', atMost: 300 } },
      note: `${list(inApp)}; plain: ${EVENTS.toLocaleString('en')} paragraphs in a static page`,
    },
    {
      ...{
        what: 'session, first paint in the open app, processor',
        unit: 'ms',
        skein: median(inAppWork),
        runs: rounds,
      },
      note: `${list(inAppWork)}; of the page’s main thread alone, whatever else the machine does`,
    },
    {
      ...{ what: 'session, first paint, cold load', unit: 'ms', skein: median(cold), plain: plain.paint, runs: rounds },
      note: `${list(cold)}; with the app itself, nothing in the browser’s cache`,
    },
    ...frameFigures('session', near, plain.frames),
    { what: 'session: frame while scrolling, processor', unit: 'ms', skein: perFrame, runs: near.times.length },
    ...frameFigures('session, whole', whole.frames),
    {
      ...{ what: 'session, whole: read to its beginning', unit: 'ms', skein: whole.tookMs, runs: 1 },
      note: `${Math.round(whole.frames.moved).toLocaleString('en')} pixels, ${LEAP} a frame`,
    },
    { what: 'tab, session open: heap', unit: 'MB', skein: before.heap, runs: 1 },
    { what: 'tab, session open: process', unit: 'MB', skein: before.process, plain: plain.process, runs: 1 },
    { what: 'tab, whole session read: heap', unit: 'MB', skein: after.heap, runs: 1 },
    { what: 'tab, whole session read: process', unit: 'MB', skein: after.process, plain: plain.process, runs: 1 },
    { what: 'server, whole session read', unit: 'MB', skein: server, runs: 1 },
  ]
}

/** From the end to the beginning, as fast as what is before comes. */
async function through(page: Page): Promise<{ frames: Frames; tookMs: number }> {
  const times: number[] = []
  let moved = 0
  const begin = performance.now()
  for (;;) {
    const part = await scroll(page, 'transcript', -LEAP, 2_000)
    times.push(...part.times)
    moved += part.moved
    const done = await page.getByText('The beginning of this session').isVisible()
    if (done || performance.now() - begin > 180_000)
      return { frames: { times, moved }, tookMs: performance.now() - begin }
  }
}

async function plainSession(
  { browser }: WebWorld,
  rounds: number,
): Promise<{ paint: number; frames: Frames; process: number }> {
  const rows: string[] = []
  for (const { event } of history(EVENTS)) {
    if (event.type === 'tool_call') rows.push(event.title)
    else if (event.type === 'agent_message' || event.type === 'user_message') rows.push(textOf(event.content))
    else rows.push(event.type)
  }
  const html = plainHtml(rows)
  const paints: number[] = []
  for (let round = 0; round < rounds; round++) {
    // It grows from its first row: all of it is there when it has been parsed.
    const { context, page } = await plainPage(browser, html)
    paints.push(await nextPaint(page))
    if (round + 1 < rounds) {
      await context.close()
      continue
    }
    const frames = await scroll(page, 'plain', STEP, SCROLL_MS)
    const { process } = await tabMemory(browser, page)
    await context.close()
    return { paint: median(paints), frames, process }
  }
  throw new Error('no round was run')
}

/** The frames of one way of scrolling. */
export function frameFigures(what: string, { times }: Frames, plain?: Frames): Figure[] {
  const base = { unit: 'ms', runs: times.length } as const
  const of = (percent: number) => ({
    ...base,
    skein: percentile(times, percent),
    ...(plain ? { plain: percentile(plain.times, percent) } : {}),
  })
  return [
    { what: `${what}: frame while scrolling, p50`, ...of(50), budget: { of: 'value', atMost: 17 } },
    { what: `${what}: frame while scrolling, p95`, ...of(95) },
    { what: `${what}: frame while scrolling, worst`, ...of(100) },
    {
      ...{ what: `${what}: dropped frames`, unit: '%', skein: dropped(times), runs: times.length },
      ...(plain ? { plain: dropped(plain.times) } : {}),
    },
  ]
}

/** Of the frames that a screen of 60 Hz would have shown in that time, those that were not there; percent. */
function dropped(times: readonly number[]): number {
  const missed = times.reduce((sum, time) => sum + Math.max(0, Math.round(time / FRAME_MS) - 1), 0)
  return (100 * missed) / (times.length + missed)
}

export function list(times: readonly number[]): string {
  return times.map((time) => `${Math.round(time)}`).join(', ')
}
