import { asksPermission, byPrompt, plans, reply, type ScriptFunction, say, text, waitUntil } from '@skein/testkit'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { foldOfJournals, fromLines } from '../fold-of-journal.ts'
import { key } from '../working-world.ts'
import { kill, World } from '../world.ts'
import { openWindow, startBrowser, up } from './browser.ts'
import { openAsk, type Started, startWorkspace, turnsEnded } from './start.ts'

let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

const STREAMS = 10
const WORDS = Array.from({ length: 400 }, (_, n) => `word${n} `).join('')
const PLAN = '# Plan\n\n1. Write the file.\n2. Read it again.\n'

it('kill -9 of the server while ten sessions stream: the open page goes on by itself, every transcript is its journal’s fold, what waits is as it was, and no agent notices', {
  timeout: 400_000,
}, async () => {
  const all = Promise.withResolvers<void>()
  const released = new AbortController()
  let counting = 0
  const stream: ScriptFunction = async ({ lastUserText }) => {
    counting += 1
    if (counting === STREAMS) all.resolve()
    await all.promise
    const answer = reply([text(WORDS, { deltas: 400, delayMs: 20 })])
    // The first one stops half-way, so that its prompts are still waiting when the server is back.
    return lastUserText === '0' ? { ...answer, ending: { how: 'hang', until: released.signal } } : answer
  }
  await using world = await World.create(
    byPrompt({
      count: stream,
      permission: asksPermission('sh -c "echo asked > asked.txt"'),
      plan: plans(PLAN),
      say: ({ lastUserText }) => say(`I say ${lastUserText}`),
    }),
  )
  await up(world)
  const journals = world.keepJournals()
  const [asking, planning] = await Promise.all([
    startWorkspace(world, { name: 'asking', prompt: 'permission' }),
    startWorkspace(world, { name: 'planning', prompt: 'plan', mode: 'plan' }),
  ])
  const streaming: Started[] = []
  for (let n = 0; n < STREAMS; n++)
    streaming.push(await startWorkspace(world, { name: `stream-${n}`, prompt: `count ${n}` }))
  const [first] = streaming as [Started]
  const plan = (await openAsk(world, planning.sessionId)).id
  await openAsk(world, asking.sessionId)

  // What waits, made by a person in the page where the page is for it.
  await using window = await openWindow(browser, world, { path: `/w/${planning.id}/plan` })
  const { page, complaints } = window
  await page.getByRole('button', { name: 'Comment on line 3' }).click()
  await page.getByRole('textbox', { name: /comment/i }).fill('Which file?\nName it.')
  await page.getByRole('textbox', { name: /comment/i }).press('ControlOrMeta+Enter')
  await page.getByText('Which file?').first().waitFor()
  await page.goto(new URL(`/w/${first.id}`, page.url()).href)
  const prompt = page.getByRole('textbox', { name: 'Prompt' })
  for (const words of ['say second', 'say third']) {
    await prompt.fill(words)
    await prompt.press('Enter')
    await page.getByRole('listitem').filter({ hasText: words }).waitFor()
  }
  await page.getByRole('button', { name: /^Move, 2 of 2/ }).press('ArrowUp')
  await waitUntil(async () => JSON.stringify((await waiting(world, first, planning)).queue[0]).includes('say third'), {
    what: 'the prompts to be in the other order',
  })
  await prompt.fill('a draft that nobody sent')
  await page
    .getByText(/word3 /)
    .first()
    .waitFor()
  await page.evaluate('window.theSamePage = true')
  const before = { ...(await waiting(world, first, planning)), agents: (await world.agentPids()).sort() }
  expect(before.asks.map(({ kind }) => kind).sort()).toEqual(['permission', 'plan'])
  expect(before.comments).toMatchObject([{ place: { askId: plan }, body: 'Which file?\nName it.', state: 'draft' }])
  expect(before.agents.length).toBeGreaterThanOrEqual(STREAMS)

  kill((await world.serverPid()) ?? 0)
  await page
    .getByRole('status')
    .filter({ hasText: /again|connect|reach/i })
    .first()
    .waitFor()
  await up(world)

  const after = { ...(await waiting(world, first, planning)), agents: (await world.agentPids()).sort() }
  expect(after).toEqual(before)
  await page.getByRole('listitem').filter({ hasText: 'say third' }).waitFor()
  released.abort()
  await Promise.all(
    streaming.map(({ sessionId }) => turnsEnded(world, sessionId, sessionId === first.sessionId ? 3 : 1)),
  )
  const answers = page.getByText(/I say second/)
  await answers.first().waitFor({ timeout: 60_000 })
  expect(await page.evaluate('window.theSamePage')).toBe(true)
  expect(await prompt.inputValue()).toBe('a draft that nobody sent')

  // The ask and the plan that were open are answered, and what their agents do then is in the transcript as well.
  const [ask] = before.asks.filter(({ kind }) => kind === 'permission')
  await world.api.call('asks.answer', { key: key(), askId: ask?.id ?? '', answer: { type: 'allow' } })
  await turnsEnded(world, asking.sessionId, 1)
  await journals.stop()
  for (const { sessionId } of [...streaming, asking, planning]) {
    const events = await world.events(sessionId)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1))
    expect(fromLines(events)).toEqual(await foldOfJournals(journals.folder, sessionId, events))
  }
  for (const { sessionId } of streaming) {
    const said = (await world.events(sessionId)).flatMap(({ event }) =>
      event.type === 'agent_message' ? [JSON.stringify(event.content)] : [],
    )
    expect(said[0]).toContain(WORDS.trim())
    expect(said).toHaveLength(sessionId === first.sessionId ? 3 : 1)
  }
  const shown = (await page.getByRole('region', { name: 'Transcript' }).innerText()).replaceAll(/\s+/g, ' ')
  expect(shown.split(WORDS.trim()).length - 1, 'the whole answer, once').toBe(1)
  expect(shown.indexOf('I say third')).toBeLessThan(shown.indexOf('I say second'))
  expect(complaints.all).toEqual([])
})

/** All that waits for a person or for an agent. */
async function waiting(world: World, first: Started, planning: Started) {
  const [queue, asks, comments] = await Promise.all([
    world.api.call('sessions.queue', { sessionId: first.sessionId }),
    world.api.call('asks.list', {}),
    world.api.call('comments.list', { workspaceId: planning.id }),
  ])
  return { queue, asks, comments }
}
