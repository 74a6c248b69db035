import { reply, type ScriptFunction, say, text, toolUse, waitUntil } from '@skein/testkit'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readyWorkspace } from '../working-world.ts'
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

const STREAMS = 10

it('kill -9 of the server while ten sessions stream: the open page reconnects by itself, nothing is twice, a draft stays', {
  timeout: 240_000,
}, async () => {
  const words = Array.from({ length: 400 }, (_, n) => `word${n} `).join('')
  await using world = await World.create(() => reply([text(words, { deltas: 400, delayMs: 25 })]))
  await up(world)
  const workspaces = []
  for (let n = 0; n < STREAMS; n++)
    workspaces.push(await readyWorkspace(world, { prompt: `Count, number ${n}.`, name: `stream-${n}` }))
  const [first] = workspaces
  await using window = await openWindow(browser, world, { path: `/w/${first?.id}` })
  const { page, complaints } = window
  await page
    .getByText(/word3 /)
    .first()
    .waitFor()
  await page.getByRole('textbox', { name: 'Prompt' }).fill('a draft that nobody sent')

  const pid = await world.serverPid()
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  await up(world)

  await page
    .getByText(/word399/)
    .first()
    .waitFor({ timeout: 90_000 })
  await waitUntil(
    async () => {
      const all = await world.api.call('workspaces.list', {})
      return all.every(({ sessions }) => sessions.every(({ lastTurn }) => lastTurn?.stopReason === 'end_turn'))
    },
    { what: 'all turns to end', timeout: 90_000 },
  )
  for (const workspace of workspaces) {
    const events = await world.events(workspace.sessions[0]?.id ?? '')
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1))
    expect(events.filter(({ event }) => event.type === 'turn_ended')).toHaveLength(1)
    expect(events.filter(({ event }) => event.type === 'agent_message')).toHaveLength(1)
  }
  // Once on the page: the whole answer, and no part of it a second time.
  const shown = await page.getByRole('region', { name: 'Transcript' }).innerText()
  expect(shown.match(/word200 /g)).toHaveLength(1)
  expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toBe('a draft that nobody sent')
  expect(complaints.all).toEqual([])
})
