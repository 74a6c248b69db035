import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import type { World } from '../world.ts'

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Debian's Chromium, or another one that `CHROMIUM` names. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS })
}

/** What a person's page complained about: nothing, in a test that goes well. */
export interface Complaints {
  /** Errors that nobody caught, failed assets, and what the content security policy refused. */
  readonly all: string[]
}

/** A browser window that is signed in to a world's web app. */
export interface Window extends AsyncDisposable {
  readonly context: BrowserContext
  readonly page: Page
  readonly complaints: Complaints
}

/** Where the web app of a world is, and a link that signs one browser in. */
export interface Up {
  url: string
  link: string
  pid: number
}

/** `skein up --detach`, as a person would call it. */
export async function up(world: World, args: string[] = []): Promise<Up> {
  // The port that it had before; at first one that no other test can have.
  const port = existsSync(join(world.home, 'web-port')) ? [] : ['--port', '0']
  const outcome = await world.skein(['up', '--detach', '--no-open', '--json', ...port, ...args])
  const line = outcome.stdout.split('\n').find((one) => one.startsWith('{'))
  if (outcome.code !== 0 || line === undefined)
    throw new Error(`skein up ended with ${outcome.code}: ${outcome.stdout}${outcome.stderr}`)
  return JSON.parse(line) as Up
}

/** Signs a new browser in and waits until the app has heard of everything. */
export async function openWindow(
  browser: Browser,
  world: World,
  options: BrowserContextOptions & { path?: string } = {},
): Promise<Window> {
  const { path, ...contextOptions } = options
  const { url, link } = await up(world)
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...contextOptions })
  context.setDefaultTimeout(45_000)
  const page = await context.newPage()
  const complaints = watch(page)
  await page.goto(link)
  if (path !== undefined) await page.goto(new URL(path, url).href)
  return {
    context,
    page,
    complaints,
    [Symbol.asyncDispose]: () => context.close(),
  }
}

/** Whether an element, or one in it, has the focus. */
export async function hasFocus(element: Locator): Promise<boolean> {
  return (await element.and(element.page().locator(':focus-within')).count()) > 0
}

function watch(page: Page): Complaints {
  const all: string[] = []
  page.on('pageerror', (error) => all.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text()))
      all.push(`console: ${message.text()}`)
  })
  return { all }
}
