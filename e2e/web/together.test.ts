import { reply, type ScriptFunction, say, text, toolUse } from '@skein/testkit'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { World } from '../world.ts'
import { openWindow, startBrowser, up } from './browser.ts'

let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

/** Asks for a command, and says how it went. */
const asker: ScriptFunction = (request) =>
  request.toolHistory.length > 0
    ? say('That is done.')
    : reply([text('I need a command.'), toolUse('Bash', { command: 'touch asked.txt', description: 'Make a file' })])

it('two browsers see the same session; both answer an ask at once, one answer counts, and both see which', {
  timeout: 180_000,
}, async () => {
  await using world = await World.create(asker)
  await up(world)
  const run = await world.skein([
    'run',
    '--json',
    '--keep',
    '--permission-mode',
    'ask',
    '--name',
    'shared',
    'Make a file.',
  ])
  expect(run.code, run.stderr).toBe(3)
  const { id } = await world.api.call('workspaces.get', { workspace: 'shared' })
  await using one = await openWindow(browser, world, { path: `/w/${id}` })
  await using two = await openWindow(browser, world, { path: `/w/${id}`, viewport: { width: 390, height: 844 } })
  const pages = [one.page, two.page]
  for (const page of pages) {
    await page.getByText('I need a command.').first().waitFor()
    await page
      .getByRole('button', { name: /^Allow/ })
      .first()
      .waitFor()
  }
  await Promise.all(
    pages.map((page) =>
      page
        .getByRole('button', { name: /^Allow/ })
        .first()
        .click(),
    ),
  )
  for (const page of pages) {
    await page
      .getByText(/^Allowed/)
      .first()
      .waitFor()
    await page.getByText('That is done.').first().waitFor()
  }
  const answered = await world.api.call('asks.list', { workspaceId: id, all: true })
  expect(answered.map(({ state }) => state)).toEqual(['answered'])
  const who = await Promise.all(
    pages.map((page) =>
      page
        .getByText(/^Allowed/)
        .first()
        .textContent(),
    ),
  )
  expect(who.filter((told) => told?.includes('by you'))).toHaveLength(1)
  expect([one, two].flatMap(({ complaints }) => complaints.all)).toEqual([])
})
