import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { waitUntil } from '@skein/testkit'
import type { Browser, Page } from 'playwright-core'
import { openWindow, startBrowser, type Window } from './browser.ts'
import { type PictureWorld, pictureWorld } from './picture-world.ts'

/** Takes the pictures of `docs/web.md`, of the real app with real agents: `npm run web-pictures [NAME…]`. */

const FOLDER = join(import.meta.dirname, '../../docs/images/web')

interface Picture {
  readonly name: string
  readonly path: string
  /** The workspace that `ID` stands for. */
  readonly at?: string
  /** Until this is there, the page is not. */
  readonly content: RegExp
  prepare?(page: Page): Promise<void>
}

const PICTURES: readonly Picture[] = [
  {
    name: 'session',
    at: 'stream-large-statements',
    path: '/w/ID',
    content: /rounding|The message is now|Done: 14|streams now|called twice/,
  },
  { name: 'asks', at: 'close-of-day-for-accounts-abroad', path: '/w/ID', content: /time zone does a booking day end/ },
  { name: 'plan', at: 'fix-the-periods-and-add-a-speed-option', path: '/w/ID/plan', content: /What is wrong/ },
  { name: 'changes', at: 'orbital-periods', path: '/w/ID/changes', content: /of 2/ },
  { name: 'long-names', at: 'stream-large-statements', path: '/w/ID/changes', content: /of 6/ },
  { name: 'checks', at: 'stream-large-statements', path: '/w/ID/checks', content: /failed/i },
  { name: 'services', at: 'orbital-periods', path: '/w/ID/services', content: /running/ },
  { name: 'terminals', at: 'orbital-periods', path: '/w/ID/terminals', content: /terminal/i },
  { name: 'failed-setup', at: 'terraform-modules-4-2', path: '/w/ID', content: /failed/i },
  { name: 'inbox', path: '/inbox', content: /npm publish/ },
  { name: 'overview', path: '/overview', content: /orbit/ },
  { name: 'new', path: '/new', content: /Create workspace/ },
  { name: 'search', path: '/search?q=rounding', content: /rounding/ },
  { name: 'settings', path: '/settings', content: /Theme/i },
  { name: 'doctor', path: '/doctor', content: /Claude Code/ },
  { name: 'welcome', path: '/welcome', content: /Add a project/ },
  {
    ...{ name: 'sidebar', path: '/overview', content: /orbit/ },
    prepare: async (page) => {
      const opener = page.getByRole('button', { name: 'Open the sidebar' })
      if (await opener.isVisible()) await opener.click()
      await page.getByRole('button', { name: /^Needs you/ }).waitFor()
    },
  },
]

const VIEWPORTS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
]

async function main(names: readonly string[]): Promise<void> {
  const wanted = (name: string) => names.length === 0 || names.includes(name)
  if (names.length === 0) await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true })
  await using pictured = await pictureWorld()
  const browser = await startBrowser()
  try {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const viewport of VIEWPORTS)
        await take(
          browser,
          pictured,
          { colorScheme, viewport },
          PICTURES.filter(({ name }) => wanted(name)),
        )
    if (wanted('lost')) await takeLost(browser, pictured)
  } finally {
    await browser.close()
  }
}

interface Look {
  readonly colorScheme: 'light' | 'dark'
  readonly viewport: { readonly width: number; readonly height: number }
}

async function take(
  browser: Browser,
  { world, ids }: PictureWorld,
  look: Look,
  pictures: readonly Picture[],
): Promise<void> {
  await using window = await openWindow(browser, world, { ...look, reducedMotion: 'reduce' })
  const { page } = window
  for (const picture of pictures) {
    const id = picture.at === undefined ? '' : (ids.get(picture.at) ?? '')
    await page.goto(new URL(picture.path.replace('ID', id), page.url()).href)
    const found = page.getByRole('main').getByText(picture.content).filter({ visible: true })
    await found.first().waitFor()
    await picture.prepare?.(page)
    await still(page)
    await shoot(page, picture.name, look)
  }
}

/** The server has gone under a page that is open: it says so, and shows what it had. */
async function takeLost(browser: Browser, { world, ids }: PictureWorld): Promise<void> {
  const windows: { window: Window; look: Look }[] = []
  await using stack = new AsyncDisposableStack()
  for (const colorScheme of ['light', 'dark'] as const)
    for (const viewport of VIEWPORTS) {
      const look = { colorScheme, viewport }
      const path = `/w/${ids.get('stream-large-statements')}`
      windows.push({
        window: stack.use(await openWindow(browser, world, { ...look, path, reducedMotion: 'reduce' })),
        look,
      })
    }
  for (const { window } of windows) await window.page.locator('[data-seq]').first().waitFor()
  const pid = await world.serverPid()
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  await Promise.all(
    windows.map(async ({ window, look }) => {
      await window.page.getByText('The server cannot be reached').waitFor()
      await shoot(window.page, 'lost', look)
    }),
  )
}

/** Until a page's picture does not change any more. */
async function still(page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready')
  let before: Buffer = Buffer.alloc(0)
  await waitUntil(
    async () => {
      const now = await page.screenshot()
      const same = now.equals(before)
      before = now
      return same
    },
    { what: 'the page to rest', timeout: 10_000, every: 250 },
    // What streams never rests.
  ).catch(() => undefined)
}

async function shoot(page: Page, name: string, { colorScheme, viewport }: Look): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}-${viewport.width}.png`) })
}

await main(process.argv.slice(2))
