import { asksPermission, byPrompt, say, waitUntil } from '@skein/testkit'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { key, verdict, worldWith } from '../working-world.ts'
import { openWindow, startBrowser, up } from './browser.ts'
import { openAsk, startWorkspace, turnsEnded } from './start.ts'

let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

/** Writes down what a page tells. Nobody looks at it until `watched` says so: in a test every page believes to be looked at. */
const SPY = `
window.watched = false
window.told = { notifications: [], toasts: [], tones: 0 }
document.hasFocus = () => watched
window.Notification = new Proxy(Notification, {
  construct(Real, [title, options]) {
    told.notifications.push(title)
    return new Real(title, options)
  },
})
const createOscillator = AudioContext.prototype.createOscillator
AudioContext.prototype.createOscillator = function () {
  told.tones += 1
  return createOscillator.call(this)
}
const toastsIn = (node) => (node.matches?.('[data-sonner-toast]') ? [node] : [...(node.querySelectorAll?.('[data-sonner-toast]') ?? [])])
new MutationObserver((changes) => {
  for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes]))
    for (const toast of toastsIn(node)) told.toasts.push(toast.querySelector('[data-title]')?.textContent)
}).observe(document, { childList: true, subtree: true })
`

interface Told {
  notifications: string[]
  toasts: string[]
  tones: number
}

it('an ask, the end of a turn and a failing check are each told once, by one of two tabs, with a sound; what is on screen is not', {
  timeout: 180_000,
}, async () => {
  await using world = await worldWith(
    { checks: { lint: 'exit 1' } },
    byPrompt({
      permission: asksPermission('sh -c "echo told > told.txt"'),
      say: ({ lastUserText }) => say(lastUserText),
    }),
  )
  await up(world)
  await using window = await openWindow(browser, world)
  const { context, page: first, complaints } = window
  await context.grantPermissions(['notifications'])
  await context.addInitScript(SPY)
  const second = await context.newPage()
  for (const page of [first, second]) await page.goto(new URL('/settings', first.url()).href)

  // Switched on as a person does it; the other tab hears of it.
  for (const name of ['By the browser', 'A sound']) {
    const toggle = first.getByRole('switch', { name })
    await toggle.click()
    await waitUntil(() => toggle.isChecked(), { what: `${name} to be on` })
    await waitUntil(() => second.getByRole('switch', { name }).isChecked(), { what: `${name} in the other tab` })
  }
  // A sound needs a gesture on the page that makes it.
  await second.getByRole('heading', { name: 'Settings' }).first().click()
  for (const page of [first, second]) expect(await page.evaluate('Notification.permission')).toBe('granted')

  const all = async (): Promise<Told> => {
    const [a, b] = await Promise.all([first, second].map((page) => page.evaluate('told') as Promise<Told>))
    const both = (list: 'notifications' | 'toasts') => [...(a?.[list] ?? []), ...(b?.[list] ?? [])].sort()
    return { notifications: both('notifications'), toasts: both('toasts'), tones: (a?.tones ?? 0) + (b?.tones ?? 0) }
  }
  const expected: string[] = []
  /** What is told now, and was not before. Two tones make one sound. */
  const told = async (...titles: string[]) => {
    expected.push(...titles)
    await waitUntil(
      async () =>
        ((now) =>
          now.notifications.length >= expected.length &&
          now.toasts.length >= expected.length &&
          now.tones >= 2 * expected.length)(await all()),
      {
        what: `to be told: ${titles}`,
        explain: all,
      },
    )
    const wanted = expected.toSorted()
    expect(await all()).toEqual({ notifications: wanted, toasts: wanted, tones: 2 * wanted.length })
  }
  const titles = (pattern: RegExp) =>
    waitUntil(async () => (await Promise.all([first.title(), second.title()])).every((title) => pattern.test(title)), {
      what: `titles like ${pattern}`,
      explain: async () => [await first.title(), await second.title()],
    })

  const { id, sessionId } = await startWorkspace(world, { name: 'told', prompt: 'permission' })
  const ask = await openAsk(world, sessionId)
  await told('told asks for permission')
  await titles(/^\(1\) /)
  await world.api.call('asks.answer', { key: key(), askId: ask.id, answer: { type: 'allow' } })
  await turnsEnded(world, sessionId, 1)
  await told('told is done')
  await titles(/^[^(]/)
  await fails()
  await told('lint fails in told')

  // The first tab is looked at, and shows the session: its turn's end is news for nobody.
  await first.goto(new URL(`/w/${id}`, first.url()).href)
  await first.getByRole('textbox', { name: 'Prompt' }).waitFor()
  const before = await first.evaluate('told.notifications.length')
  expect(before, 'a page that was loaded anew begins anew').toBe(0)
  expected.splice(0, expected.length, ...((await second.evaluate('told.notifications')) as string[]))
  await first.evaluate('window.watched = true')
  await first.getByRole('textbox', { name: 'Prompt' }).fill('say this is on screen')
  await first.keyboard.press('Enter')
  await turnsEnded(world, sessionId, 2)
  await first.getByText('this is on screen').nth(1).waitFor()
  // Looked at, but not at this: a toast, and no notification of the browser.
  await fails()
  const toldFirst = async () => (await first.evaluate('told')) as Told
  await waitUntil(async () => (({ toasts, tones }) => toasts.length > 0 && tones >= 2)(await toldFirst()), {
    what: 'the toast and its sound',
    explain: toldFirst,
  })
  expect(await toldFirst()).toEqual({ notifications: [], toasts: ['lint fails in told'], tones: 2 })
  expect(((await second.evaluate('told')) as Told).notifications).toEqual(expected)
  expect(complaints.all).toEqual([])

  async function fails(): Promise<void> {
    const [run] = await world.api.call('checks.run', { key: key(), workspaceId: id })
    if (run) expect((await verdict(world, run)).state).toBe('failed')
  }
})
