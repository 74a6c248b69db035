import { join } from 'node:path'
import { isThorough, longText, plans, type ScriptFunction, say, useTool, waitUntil } from '@skein/testkit'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { key, worldWith } from '../working-world.ts'
import type { World } from '../world.ts'
import { violations } from './axe.ts'
import { hasFocus, openWindow, startBrowser, up, type Window } from './browser.ts'
import { openAsk, startWorkspace, status } from './start.ts'
import { walk } from './walk.ts'

/** A page, its address, and what can be read on it once it is there. */
const PAGES = [
  ['the inbox', '/inbox', /a-workspace-with-a-rather-long-name/],
  ['a session', '/w/ID', /Done\./],
  ['the plan', '/w/ID/plan', /No plan/i],
  ['a plan to review', '/w/PLAN/plan', /Write the file/],
  ['the changes', '/w/ID/changes', /of 1 viewed/],
  ['the checks', '/w/ID/checks', /failed with exit code 1/i],
  ['the services', '/w/ID/services', /sleep 600|stopped/i],
  ['the terminals', '/w/ID/terminals', /terminal/i],
  ['a new workspace', '/new', /New workspace/],
  ['the search', '/search?q=Done', /Done/],
  ['the machines', '/machines', /This computer/],
  ['the settings', '/settings', /Theme/i],
  ['the doctor', '/doctor', /Claude Code/],
  ['a further project', '/welcome', /Add a project/],
  ['an address that leads nowhere', '/no/such/page', /There is nothing here/],
] as const

/** What opens over a page: where, and how. */
const OVERLAYS: readonly (readonly [string, string, (page: Page) => Promise<unknown>, string])[] = [
  ['the command palette', '/inbox', (page) => page.keyboard.press('ControlOrMeta+k'), 'dialog'],
  ['the list of shortcuts', '/inbox', (page) => page.keyboard.press('?'), 'dialog'],
  ['the menu of a workspace', '/w/ID', (page) => press(page.getByRole('main'), /^More about/), 'menu'],
  ['the evidence of a status', '/w/ID', (page) => press(page.getByRole('main'), /Ready|Failed|Idle/), 'dialog'],
  [
    'the choice of a mode',
    '/w/ID',
    (page) => page.getByRole('combobox', { name: 'Permission mode' }).click(),
    'listbox',
  ],
  ['the actions for a file', '/w/ID/changes', (page) => press(page, /^Actions for/), 'menu'],
  ['the message of a commit', '/w/ID/changes', (page) => press(page, /^Commit/), 'dialog'],
  ['whether it fits the checkout', '/w/ID/changes', (page) => press(page, /^Apply/), 'dialog'],
  ['whether one is sure', '/w/ID', (page) => removing(page), 'alertdialog'],
]

const press = (within: Page | Locator, name: RegExp) => within.getByRole('button', { name }).first().click()

async function removing(page: Page): Promise<void> {
  await press(page.getByRole('main'), /^More about/)
  await page.getByRole('menuitem', { name: 'Remove…' }).click()
}

const CONFIG = {
  checks: { test: 'echo all is well', lint: { run: 'echo line 3 is too long; exit 1' } },
  services: { web: { run: 'sleep 600', port: 0 } },
}

/** Writes a file, and says so at some length. */
const writer: ScriptFunction = (request, context) =>
  request.planFile !== undefined
    ? plans()(request, context)
    : request.toolHistory.length > 0
      ? say(`Done. ${longText(30)}`)
      : useTool('Write', { file_path: join(request.cwd, 'new.txt'), content: 'one\ntwo\n' })

describe('every page, with something on it', () => {
  let browser: Browser
  let world: World
  let id: string
  let plan: string
  beforeAll(async () => {
    browser = await startBrowser()
    world = await worldWith(CONFIG, writer)
    await up(world)
    id = (await startWorkspace(world, { prompt: 'Write it.', name: 'a-workspace-with-a-rather-long-name' })).id
    await world.api.call('checks.run', { key: key(), workspaceId: id })
    const planning = await startWorkspace(world, { prompt: 'Plan it.', name: 'planned', mode: 'plan' })
    plan = planning.id
    await world.api.call('terminals.open', { key: key(), workspaceId: id, cols: 80, rows: 24 })
    await openAsk(world, planning.sessionId)
    await status(world, id, 'failed', 'ready_for_review', 'idle')
  }, 240_000)
  afterAll(async () => {
    await browser.close()
    await world[Symbol.asyncDispose]()
  })

  describe.each([
    ['light', 1440],
    ['dark', 390],
  ] as const)('in %s, %i pixels wide', (colorScheme, width) => {
    let window: Window
    beforeAll(async () => {
      window = await openWindow(browser, world, { colorScheme, viewport: { width, height: width < 500 ? 844 : 900 } })
    })
    afterAll(() => window[Symbol.asyncDispose]())

    it.each(PAGES)(
      '%s is accessible, fits, is gone through by the keyboard, and the browser has no complaint',
      async (_, path, content) => {
        const { page, complaints } = window
        await page.goto(new URL(path.replace('ID', id).replace('PLAN', plan), page.url()).href)
        await page.getByRole('main').getByText(content).first().waitFor()
        expect(await violations(page)).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
        // Phones have no Tab key.
        if (width > 500) {
          const { steps, ...found } = await walk(page)
          expect(found).toEqual({ missed: [], unmarked: [], trapped: [] })
          expect(steps).toBeGreaterThan(2)
        }
        expect(complaints.all).toEqual([])
      },
    )

    // With every change on the smaller screen, where there is less room for them.
    it.skipIf(width > 500 && !isThorough).each(OVERLAYS)(
      '%s is accessible, keeps the focus, and goes with Escape',
      async (_, path, open, role) => {
        const { page, complaints } = window
        await page.goto(new URL(path.replace('ID', id).replace('PLAN', plan), page.url()).href)
        const overlay = page.locator(`[role=${role}]:not([aria-label=Sidebar])`)
        await page.getByRole('main').waitFor()
        await open(page)
        await overlay.waitFor()
        const moves = `document.querySelector('[role=${role}]').getAnimations({ subtree: true }).length`
        await waitUntil(async () => (await page.evaluate(moves)) === 0, {
          what: 'it to stand still',
        })
        // The rest is hidden from whoever does not see it, and the focus does not leave what is open.
        expect(await violations(page, `[role=${role}]`)).toEqual([])
        for (let presses = 0; presses < 4; presses++) {
          expect(await hasFocus(overlay)).toBe(true)
          await page.keyboard.press('Tab')
        }
        await waitUntil(
          async () => {
            await page.keyboard.press('Escape')
            return (await overlay.count()) === 0
          },
          { what: 'it to go', every: 500 },
        )
        expect(complaints.all).toEqual([])
      },
    )
  })
})
