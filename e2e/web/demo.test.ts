import { waitUntil } from '@skein/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { World } from '../world.ts'
import { openWindow, startBrowser, up } from './browser.ts'

let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

const tab = (page: Page, name: RegExp) =>
  page.getByRole('navigation', { name: 'Pages of the workspace' }).getByRole('link', { name })

it('from nothing to a reviewed change: the demo project, its plan commented, revised, approved, carried out, its diff reviewed, its check green', {
  timeout: 300_000,
}, async () => {
  // No credentials and no model of ours: the demo brings its own.
  await using world = await World.create(() => 'never asked' as never, {
    env: { ANTHROPIC_BASE_URL: '', ANTHROPIC_API_KEY: '' },
  })
  await up(world)
  await using window = await openWindow(browser, world)
  const { page, complaints } = window

  // First run.
  await page.getByRole('heading', { name: 'Welcome to Skein' }).waitFor()
  await page.getByText('Scripted model, no credentials').waitFor()
  const clicked = Date.now()
  await page.getByRole('button', { name: 'Open the demo project' }).click()
  await page.getByRole('radio', { name: /km\/s/ }).check()
  await page.getByRole('button', { name: /^Answer/ }).click()
  await page.getByRole('article', { name: /^Plan/ }).waitFor()
  console.log(`the first plan was there ${Math.round((Date.now() - clicked) / 1000)} s after the click`)

  // Plan review: a comment on a line, and a general message.
  await tab(page, /^Plan/).click()
  await page.getByRole('region', { name: 'Plan, revision 1' }).waitFor()
  await page.getByRole('button', { name: 'Comment on line 12' }).click()
  await page.getByRole('textbox', { name: /comment/i }).fill('Print the unit as well.\nAlways.')
  await page.getByRole('textbox', { name: /comment/i }).press('ControlOrMeta+Enter')
  await page.getByRole('textbox', { name: 'What should change, in general' }).fill('Mention the README.')
  await page.getByRole('button', { name: 'Request changes' }).click()
  await page.getByRole('region', { name: 'Plan, revision 2' }).waitFor()
  await page.getByText('Mention the README.').first().waitFor()
  const [workspace] = await world.api.call('workspaces.list', {})
  const session = workspace?.sessions[0]
  expect(session, 'it goes on in the same turn, still planning').toMatchObject({ turns: 1, permissionMode: 'plan' })
  await page.getByRole('button', { name: /^Approve/ }).click()

  // It edits and runs its tests; the check of skein.json runs after the turn.
  await waitUntil(
    async () => {
      const now = await world.api.call('sessions.get', { sessionId: session?.id ?? '' })
      for (const ask of await world.api.call('asks.list', {}))
        await world.api.call('asks.answer', { key: ask.id, askId: ask.id, answer: { type: 'allow' } })
      return now.lastTurn?.stopReason === 'end_turn' ? now : undefined
    },
    { what: 'the turn to end', timeout: 120_000 },
  )
  await tab(page, /^Checks/).click()
  await page.getByText('Passed').first().waitFor()

  // Review of the diff: the agent acts on a comment.
  await tab(page, /^Changes/).click()
  await page.getByText('return EARTH_RADIUS + altitude').first().waitFor()
  await page.getByText('18', { exact: true }).last().click()
  await page
    .getByRole('toolbar', { name: 'Selected lines' })
    .getByRole('button', { name: /^Comment/ })
    .click()
  const box = page.getByRole('textbox', { name: 'Comment on src/orbit.js, line 18' })
  await box.fill('Say that this is in kilometres.')
  await page.getByRole('button', { name: 'Add to review' }).click()
  await page.getByRole('button', { name: 'Send 1 comment' }).click()
  await waitUntil(
    async () => {
      for (const ask of await world.api.call('asks.list', {}))
        await world.api.call('asks.answer', { key: ask.id, askId: ask.id, answer: { type: 'allow' } })
      const now = await world.api.call('sessions.get', { sessionId: session?.id ?? '' })
      return now.turns === 2 && now.lastTurn?.stopReason === 'end_turn'
    },
    { what: 'the turn of the review to end', timeout: 120_000 },
  )
  await page.getByText('// Review: Say that this is in kilometres.').first().waitFor()
  await tab(page, /^Checks/).click()
  await page.getByText('Passed').first().waitFor()
  expect(complaints.all).toEqual([])
})
