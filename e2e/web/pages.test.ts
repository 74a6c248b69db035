import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { longText, type ScriptFunction, say, useTool, waitUntil } from '@skein/testkit'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { key, readyWorkspace, worldWith } from '../working-world.ts'
import type { World } from '../world.ts'
import { openWindow, startBrowser, up, type Window } from './browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What an automatic check of accessibility finds wrong with the page as it is. */
async function violations(page: Page): Promise<string[]> {
  // Not as a script of the page, which its policy would refuse.
  await page.evaluate(AXE)
  const { violations: found } = (await page.evaluate('axe.run(document)')) as AxeResults
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
  )
}

/** A page, its address, and what can be read on it once it is there. */
const PAGES = [
  ['the inbox', '/inbox', /a-workspace-with-a-rather-long-name/],
  ['a session', '/w/ID', /Done\./],
  ['the plan', '/w/ID/plan', /No plan/i],
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

const CONFIG = {
  checks: { test: 'echo all is well', lint: { run: 'echo line 3 is too long; exit 1' } },
  services: { web: { run: 'sleep 600', port: 0 } },
}

/** Writes a file, and says so at some length. */
const writer: ScriptFunction = (request) =>
  request.toolHistory.length > 0
    ? say(`Done. ${longText(30)}`)
    : useTool('Write', { file_path: join(request.cwd, 'new.txt'), content: 'one\ntwo\n' })

describe('every page, with something on it', () => {
  let browser: Browser
  let world: World
  let id: string
  beforeAll(async () => {
    browser = await startBrowser()
    world = await worldWith(CONFIG, writer)
    await up(world)
    id = (await readyWorkspace(world, { prompt: 'Write it.', name: 'a-workspace-with-a-rather-long-name' })).id
    await world.api.call('checks.run', { key: key(), workspaceId: id })
    await waitUntil(
      async () => {
        const { status } = await world.api.call('workspaces.get', { workspace: id })
        return ['failed', 'ready_for_review', 'idle'].includes(status.status)
      },
      { what: 'the turn and the checks to end' },
    )
  })
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

    it.each(PAGES)('%s is accessible, fits, and the browser has no complaint', async (_, path, content) => {
      const { page, complaints } = window
      await page.goto(new URL(path.replace('ID', id), page.url()).href)
      await page.getByRole('main').getByText(content).first().waitFor({ timeout: 20_000 })
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      expect(complaints.all).toEqual([])
    })
  })
})
