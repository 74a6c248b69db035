import { join } from 'node:path'
import { proposePlan, rejectedPlans, type ScriptFunction, say, useTool, waitUntil } from '@skein/testkit'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { key, worldWith } from '../working-world.ts'
import { hasFocus, openWindow, startBrowser, up } from './browser.ts'
import { turnsEnded } from './start.ts'

let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

const REQUEST = 'Request changes (1)'
const PROMPT = 'Write the notes.'

/** Plans; writes the file that it planned; asks for a command; says what it was told in a review. */
const worker: ScriptFunction = (request) => {
  if (request.lastUserText !== PROMPT) return say('Reviewed.')
  if (request.planFile !== undefined) {
    const told = rejectedPlans(request).map(({ text }) => `- ${text.split('\n').at(-1)}\n`)
    return proposePlan(request, `# Plan\n\n1. Write the notes.\n2. Run a command.\n${told.join('')}`)
  }
  const done = request.toolHistory.filter(({ name }) => name === 'Bash' || name === 'Write').map(({ input }) => input)
  const notes = join(request.cwd, 'notes.txt')
  if (!done.some(({ file_path }) => file_path === notes))
    return useTool('Write', { file_path: notes, content: 'one\ntwo\nthree\n' })
  if (!done.some(({ command }) => command !== undefined))
    return useTool('Bash', {
      command: 'sh -c "echo by key > answered.txt"',
      description: 'Write who answered',
      dangerouslyDisableSandbox: true,
    })
  return say('All is done.')
}

/** Tab until something has the focus. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.waitFor()
  for (let presses = 0; presses < 150; presses++) {
    if (await hasFocus(wanted)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to ${wanted}`)
}

it('the whole way without a mouse: palette, new workspace, plan commented and approved, permission given, check run, change reviewed', {
  timeout: 240_000,
}, async () => {
  await using world = await worldWith({ checks: { test: 'cat notes.txt' } }, worker)
  await up(world)
  const project = await world.api.call('projects.open', { key: key(), path: world.repo })
  await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
  await using window = await openWindow(browser, world)
  const { page, complaints } = window
  const { keyboard } = page
  await page.getByRole('navigation', { name: 'Main' }).waitFor()

  // The palette leads to a new workspace, whose form begins with the prompt.
  await keyboard.press('ControlOrMeta+k')
  await page.getByRole('dialog').getByRole('combobox').waitFor()
  await keyboard.type('new workspace')
  await page.getByRole('option', { name: /New workspace/ }).waitFor()
  await keyboard.press('Enter')
  const prompt = page.getByRole('textbox', { name: 'What shall be done' })
  await prompt.waitFor()
  await waitUntil(() => hasFocus(prompt), { what: 'the focus' })
  await keyboard.type(PROMPT)
  const mode = page.getByRole('combobox', { name: 'Permission mode' })
  await tabTo(page, mode)
  await keyboard.press('Enter')
  await page.getByRole('listbox').waitFor()
  await keyboard.type('plan')
  await waitUntil(() => hasFocus(page.getByRole('option', { name: /^Plan/ })), { what: 'the mode to be marked' })
  await keyboard.press('Enter')
  await page.getByRole('listbox').waitFor({ state: 'detached' })
  expect(await mode.innerText()).toMatch(/plan/i)
  await keyboard.press('ControlOrMeta+Enter')

  // The plan: a comment on its third line, then approval of the next one.
  await page.getByRole('article', { name: /^Plan/ }).waitFor()
  await page.evaluate('document.activeElement?.blur()')
  await keyboard.type('gp')
  await page.getByRole('region', { name: 'Plan, revision 1' }).waitFor()
  await tabTo(page, page.getByRole('button', { name: 'Line 1', exact: true }))
  await keyboard.press('ArrowDown')
  await keyboard.press('ArrowDown')
  await waitUntil(() => page.getByRole('button', { name: 'Line 3', pressed: true }).isVisible(), { what: 'line 3' })
  await keyboard.press('c')
  await page.getByRole('textbox', { name: /Comment on line 3/ }).waitFor()
  await keyboard.type('In which file?')
  await keyboard.press('ControlOrMeta+Enter')
  await page.getByText('In which file?').first().waitFor()
  await page.getByRole('textbox', { name: /Comment on line 3/ }).waitFor({ state: 'detached' })
  await keyboard.press('r')
  await tabTo(page, page.getByRole('button', { name: REQUEST }))
  await keyboard.press('Enter')
  await page.getByRole('region', { name: 'Plan, revision 2' }).getByText('In which file?').first().waitFor()
  await page.evaluate('document.activeElement?.blur()')
  await keyboard.press('a')
  await page
    .getByText(/approved/i)
    .first()
    .waitFor()

  // The permission, by one key.
  await keyboard.type('gs')
  const ask = page.getByRole('article', { name: /^Permission/ })
  await ask.waitFor()
  await page.evaluate('document.activeElement?.blur()')
  await keyboard.press('a')
  await waitUntil(() => hasFocus(ask), { what: 'the ask' })
  await keyboard.press('y')
  await page
    .getByText(/^Allowed by you/)
    .first()
    .waitFor()
  await page.getByText('All is done.').first().waitFor()
  const [workspace] = await world.api.call('workspaces.list', {})
  const sessionId = workspace?.sessions[0]?.id ?? ''
  await turnsEnded(world, sessionId, 1)

  // The check.
  await page.evaluate('document.activeElement?.blur()')
  await keyboard.type('gc')
  await page.getByRole('heading', { name: 'test' }).waitFor()
  const runs = () => world.api.call('checks.runs', { workspaceId: workspace?.id ?? '' })
  const before = (await runs()).length
  await keyboard.press('r')
  await waitUntil(async () => ((all) => all.length > before && all[0]?.state === 'passed')(await runs()), {
    what: 'the check to pass',
    explain: runs,
  })
  await page.getByText('Passed').first().waitFor()

  // The change: a comment on its lines, sent to the agent.
  await keyboard.type('gd')
  await page.getByText(/of \d viewed/).waitFor()
  await page.getByText('three').first().waitFor()
  await keyboard.press('j')
  await keyboard.press('n')
  await page.getByRole('toolbar', { name: 'Selected lines' }).waitFor()
  await keyboard.press('c')
  await page.getByRole('textbox', { name: /^Comment on / }).waitFor()
  await keyboard.type('Four as well.')
  await keyboard.press('ControlOrMeta+Enter')
  await page.getByText('1 draft', { exact: true }).waitFor()
  await tabTo(page, page.getByRole('button', { name: 'Send 1 comment' }))
  await keyboard.press('Enter')
  await turnsEnded(world, sessionId, 2)
  const said = world.model.requests.findLast(({ kind }) => kind === 'main')?.lastUserText
  expect(said).toContain('Four as well.')
  expect(complaints.all).toEqual([])
})
