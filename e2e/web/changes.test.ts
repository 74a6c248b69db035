import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { git, reply, type ScriptFunction, say, toolUse, useTool, waitUntil } from '@skein/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { key, worldWith } from '../working-world.ts'
import type { World } from '../world.ts'
import { openWindow, startBrowser, up, type Window } from './browser.ts'
import { type Started, startWorkspace, turnsEnded } from './start.ts'

const LINES = Array.from({ length: 60 }, (_, n) => `line ${n + 1}`)
const BEFORE = `${LINES.join('\n')}\n`
/** Two lines are others, far from each other, and between them one is only moved to the right. */
const AFTER = BEFORE.replace('line 5\n', 'line five\n')
  .replace('line 30\n', '    line 30\n')
  .replace('line 55\n', 'line fifty-five\n')

/** In its first turn it edits a file, in its second it adds one. */
const editor: ScriptFunction = (request) => {
  const path = join(request.cwd, 'code.txt')
  const done = request.toolHistory.filter(({ thisTurn }) => thisTurn).length
  if (request.lastUserText === 'edit') {
    if (done === 0) return useTool('Read', { file_path: path })
    if (done === 1) return useTool('Write', { file_path: path, content: AFTER })
  } else if (done === 0)
    return reply([toolUse('Write', { file_path: join(request.cwd, 'added.txt'), content: 'an added line\n' })])
  return say('Done.')
}

let browser: Browser
let world: World
let window: Window
let page: Page
let work: Started
let inWork: (...args: string[]) => Promise<string>

beforeAll(async () => {
  browser = await startBrowser()
  world = await worldWith({}, editor, { 'code.txt': BEFORE })
  await up(world)
  work = await startWorkspace(world, { name: 'work', prompt: 'edit' })
  inWork = (...args) => git(work.path, args)
  await turnsEnded(world, work.sessionId, 1)
  await world.api.call('sessions.prompt', {
    key: key(),
    sessionId: work.sessionId,
    content: [{ type: 'text', text: 'add' }],
  })
  await turnsEnded(world, work.sessionId, 2)
  window = await openWindow(browser, world, { path: `/w/${work.id}/changes` })
  page = window.page
  await page.getByText('0 of 2 viewed').waitFor()
}, 240_000)
afterAll(async () => {
  await browser.close()
  await world[Symbol.asyncDispose]()
})

const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })
const shows = (text: string) => page.getByText(text, { exact: true }).first().waitFor()
const hides = (text: string) => page.getByText(text, { exact: true }).first().waitFor({ state: 'detached' })

/** Git says so on the disk, however soon. */
function becomes(args: string[], expected: string): Promise<unknown> {
  return waitUntil(async () => (await inWork(...args)) === expected, {
    what: `git ${args.join(' ')} to be ${JSON.stringify(expected)}`,
    explain: () => inWork(...args),
  })
}

async function fileMenu(path: string, name: string): Promise<void> {
  await button(`Actions for ${path}`).click()
  await page.getByRole('menuitem', { name, exact: true }).click()
}

/** Selects the hunk with a line that the diff shows, by a click on its number. */
async function selectLine(text: string): Promise<void> {
  await page.keyboard.press('Escape')
  const line = page.locator('[data-line]').filter({ hasText: text }).last()
  const number = await line.getAttribute('data-line')
  await page.locator(`[data-column-number="${number}"]`).last().click()
  await page.getByRole('toolbar', { name: 'Selected lines' }).waitFor()
}

it('the changes of one turn are those of that turn', async () => {
  const turns = page.getByRole('combobox', { name: 'What to compare' })
  await turns.selectOption({ label: 'Turn 1: edit' })
  await page.getByText('0 of 1 viewed').waitFor()
  await shows('line five')
  await hides('an added line')
  await turns.selectOption({ label: 'Turn 2: add' })
  await shows('an added line')
  await hides('line five')
  await turns.selectOption({ label: 'All changes' })
  await page.getByText('0 of 2 viewed').waitFor()
})

it('white space can be left out, and old and new stand side by side', async () => {
  const changed = () => page.locator('[data-line-type^="change-addition"]').allInnerTexts()
  const moved = async () => (await changed()).some((text) => text.includes('line 30'))
  await waitUntil(moved, { what: 'the line that was moved', explain: changed })
  await button('Ignore white space').click()
  await waitUntil(async () => !(await moved()) && (await changed()).length > 0, {
    what: 'it to be left out',
    explain: changed,
  })
  await button('Ignore white space').click()
  await waitUntil(moved, { what: 'it to be there again' })
  await button('Split view').click()
  const columns = () => page.locator('[data-diff-type="split"]').count()
  await waitUntil(async () => (await columns()) > 0, { what: 'two columns' })
  await page.reload()
  await waitUntil(async () => (await columns()) > 0, { what: 'two columns, after a reload' })
  await button('Split view').click()
  await waitUntil(async () => (await columns()) === 0, { what: 'one column' })
})

it('a mark of a viewed file is kept over a reload, until the file changes', async () => {
  const mark = page.getByRole('checkbox', { name: 'added.txt is viewed' })
  await mark.check()
  await page.getByText('1 of 2 viewed').waitFor()
  await page.reload()
  await page.getByText('1 of 2 viewed').waitFor()
  expect(await mark.isChecked()).toBe(true)
  await mark.uncheck()
  await page.getByText('0 of 2 viewed').waitFor()
})

it('files and hunks are staged and unstaged', async () => {
  const staged = ['diff', '--cached', '--name-only']
  await fileMenu('added.txt', 'Stage file')
  await becomes(staged, 'added.txt\n')
  await fileMenu('added.txt', 'Unstage file')
  await becomes(staged, '')
  expect(await readFile(join(work.path, 'added.txt'), 'utf8')).toBe('an added line\n')
  await selectLine('line five')
  await button('Stage hunk').click()
  const hunk = ['diff', '--cached', '--unified=0', '--no-color', '--', 'code.txt']
  await waitUntil(async () => /\+line five/.test(await inWork(...hunk)), { what: 'the hunk to be staged' })
  expect(await inWork(...hunk)).not.toContain('fifty-five')
  await button('Unstage hunk').click()
  await becomes(staged, '')
})

it('a hunk is discarded, and brought back', async () => {
  const content = () => readFile(join(work.path, 'code.txt'), 'utf8')
  await selectLine('line fifty-five')
  await button('Discard hunk…').click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click()
  await waitUntil(async () => (await content()) === AFTER.replace('line fifty-five', 'line 55'), {
    what: 'the hunk to be gone',
  })
  await hides('line fifty-five')
  await button('Undo').click()
  await waitUntil(async () => (await content()) === AFTER, { what: 'the hunk to be back' })
  await shows('line fifty-five')
})

it('what is staged is committed by itself, then the rest; the work is applied to the checkout', async () => {
  await fileMenu('added.txt', 'Stage file')
  await becomes(['diff', '--cached', '--name-only'], 'added.txt\n')
  await button(/^Commit 1 staged/).click()
  await page.getByRole('textbox', { name: 'Commit message' }).fill('Add a file')
  await button('Commit staged').click()
  await becomes(['log', '-1', '--format=%s'], 'Add a file\n')
  expect(await inWork('show', '--name-only', '--format=')).toBe('added.txt\n')
  expect(await inWork('status', '--porcelain')).toBe(' M code.txt\n')
  await button(/^Commit/).click()
  await page.getByRole('textbox', { name: 'Commit message' }).fill('Change some lines\n\nFor a reason.')
  await button('Commit all').click()
  await becomes(['log', '-1', '--format=%B'], 'Change some lines\n\nFor a reason.\n\n')
  expect(await inWork('status', '--porcelain')).toBe('')

  await button(/^Apply/).click()
  const dialog = page.getByRole('dialog', { name: 'Apply to your checkout' })
  await dialog.getByText('2 files will change, without conflicts.').waitFor()
  await dialog.getByRole('button', { name: 'Apply' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect((await git(world.repo, ['status', '--porcelain'])).split('\n').sort()).toEqual(
    ['', ' M code.txt', '?? added.txt'].sort(),
  )
  expect(await readFile(join(world.repo, 'code.txt'), 'utf8')).toBe(AFTER)
  expect(window.complaints.all).toEqual([])
})
