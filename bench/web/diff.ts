import { git } from '@skein/testkit'
import { type Figure, median } from '../figure.ts'
import { timed } from '../interleave.ts'
import { type Frames, nextPaint, paintAfterClick, scroll } from './measure.ts'
import { mainThread, openApp, plainHtml, plainPage, signedIn, tabMemory } from './pages.ts'
import { frameFigures, list } from './session.ts'
import type { WebWorld } from './world.ts'

const STEP = 120
const SCROLL_MS = 6_000
/** Through the whole, faster than anyone reads. */
const LEAP = 6_000

/** The diff of 150,000 lines: how soon its first lines are there, and how it scrolls. */
export async function diffFigures(
  web: WebWorld,
  rounds: number,
  progress: (message: string) => void,
): Promise<Figure[]> {
  const { browser, world, diff } = web
  const opened: number[] = []
  const asked: number[] = []
  const work: number[] = []
  const { path } = await world.api.call('workspaces.get', { workspace: diff.workspaceId })
  for (let round = 1; round <= rounds; round++) {
    progress(`opening the diff, round ${round} of ${rounds}`)
    const { context, page, url } = await signedIn(browser, world)
    await openApp(page, url)
    await page.locator(`[data-workspace="${diff.workspaceId}"]`).first().click()
    await page.locator('nav[aria-label="Pages of the workspace"] a[href*="/changes"]').waitFor()
    await page.waitForLoadState('networkidle')
    await page.waitForTimeout(1_000)
    const worked = await mainThread(page)
    const before = await worked()
    opened.push(await paintAfterClick(page, 'nav[aria-label="Pages of the workspace"] a[href*="/changes"]', 'diff'))
    work.push((await worked()) - before)
    asked.push(await timed(() => git(path, ['diff', '--no-index', '--stat', '/dev/null', 'src']).catch(() => '')))
    if (round === rounds) {
      progress('scrolling the diff')
      await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' })
      const begun = await worked()
      const near = await scroll(page, 'diff', STEP, SCROLL_MS)
      const perFrame = ((await worked()) - begun) / near.times.length
      const far = await scroll(page, 'diff', LEAP, SCROLL_MS)
      const memory = await tabMemory(browser, page)
      await context.close()
      const plain = await plainDiff(web, path)
      return [
        {
          ...{ what: 'diff, first lines in the open app', unit: 'ms', skein: median(opened), plain: plain.paint },
          ...{ runs: rounds, budget: { of: 'value', atMost: 300 } },
          note: `${list(opened)}; plain: the patch as one static page; git itself takes ${Math.round(median(asked))} ms to read the files`,
        },
        {
          ...{ what: 'diff, first lines in the open app, processor', unit: 'ms', skein: median(work), runs: rounds },
          note: `${list(work)}; of the page’s main thread alone`,
        },
        ...frameFigures('diff', near, plain.frames),
        { what: 'diff: frame while scrolling, processor', unit: 'ms', skein: perFrame, runs: near.times.length },
        ...frameFigures('diff, leaping', far),
        { what: 'tab, diff open: heap', unit: 'MB', skein: memory.heap, runs: 1 },
        { what: 'tab, diff open: process', unit: 'MB', skein: memory.process, runs: 1 },
      ]
    }
    await context.close()
  }
  throw new Error('no round was run')
}

async function plainDiff({ browser }: WebWorld, path: string): Promise<{ paint: number; frames: Frames }> {
  await git(path, ['add', '--intent-to-add', '--all'])
  const patch = await git(path, ['diff', 'HEAD'])
  await git(path, ['reset', '--quiet'])
  const { context, page } = await plainPage(browser, plainHtml(patch.split('\n')))
  const paint = await nextPaint(page)
  const frames = await scroll(page, 'plain', STEP, SCROLL_MS)
  await context.close()
  return { paint, frames }
}
