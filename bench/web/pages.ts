import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { temporaryFolder } from '@skein/testkit'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { up } from '../../e2e/web/browser.ts'
import type { World } from '../../e2e/world.ts'
import { IN_PAGE } from './measure.ts'

/** A browser that knows nothing yet but who it is, with one page. */
export async function signedIn(
  browser: Browser,
  world: World,
): Promise<{ context: BrowserContext; page: Page; url: string }> {
  const { url, link } = await up(world)
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  context.setDefaultTimeout(120_000)
  await context.addInitScript({ path: IN_PAGE })
  const page = await context.newPage()
  await page.goto(link)
  return { context, page, url }
}

/** The app, open and with nothing to do: what it loads ahead is there. */
export async function openApp(page: Page, url: string): Promise<void> {
  await page.goto(new URL('/overview', url).href)
  await page.locator('[data-workspace]').first().waitFor()
  await page.waitForLoadState('networkidle')
  await page.evaluate('new Promise((resolve) => requestIdleCallback(resolve))')
}

/** A page without a program, from a file: it shows the same text in the plainest way. Resolves when it has been parsed. */
export async function plainPage(browser: Browser, html: string): Promise<{ context: BrowserContext; page: Page }> {
  await using folder = await temporaryFolder('bench-plain')
  const file = join(folder.path, 'plain.html')
  await writeFile(file, html)
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  context.setDefaultTimeout(180_000)
  await context.addInitScript({ path: IN_PAGE })
  const page = await context.newPage()
  await page.goto(pathToFileURL(file).href, { waitUntil: 'domcontentloaded' })
  return { context, page }
}

export function plainHtml(rows: readonly string[]): string {
  const escaped = rows.map((row) => `<p>${row.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p>`)
  return `<!doctype html><meta charset="utf-8"><title>plain</title><style>p{white-space:pre-wrap}</style><main>${escaped.join('\n')}</main>`
}

/** What a tab's program holds after its rubbish was collected, and what its process has of the machine's memory; megabytes. */
export async function tabMemory(browser: Browser, page: Page): Promise<{ heap: number; process: number }> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  const all = await browser.newBrowserCDPSession()
  const { processInfo } = await all.send('SystemInfo.getProcessInfo')
  await all.detach()
  const renderers = processInfo.filter(({ type }) => type === 'renderer')
  const sizes = await Promise.all(renderers.map(({ id }) => residentMegabytes(id)))
  return { heap: usedSize / 2 ** 20, process: Math.max(...sizes) }
}

export async function residentMegabytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')) ?? []
  return Number(kilobytes ?? 0) / 1024
}

/** Counts what a page's main thread computes, in milliseconds of the processor's time: the same on a busy machine. */
export async function mainThread(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN)
  }
}
