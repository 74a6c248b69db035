import { join } from 'node:path'
import { reply, type ScriptFunction, say, text, toolUse, useTool, waitUntil } from '@skein/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { key, verdict, worldWith } from '../working-world.ts'
import type { World } from '../world.ts'
import { openWindow, startBrowser, up, type Window } from './browser.ts'
import { openAsk, type Started, startWorkspace, turnsEnded } from './start.ts'

const ESC = '\x1b'
const FOREIGN = 'http://foreign.example'
/** What each thing would do, if it were taken for more than text. */
const HTML = [
  '<script>window.hit=1</script>',
  `<img src="${FOREIGN}/pixel.png" onerror="window.hit=1">`,
  '<img src=x onerror=window.hit=1>',
  '<svg onload="window.hit=1"><a xlink:href="javascript:window.hit=1">svg</a></svg>',
  '<iframe srcdoc="<script>parent.hit=1</script>"></iframe>',
  `<style>@import "${FOREIGN}/style.css"; body { background: url(${FOREIGN}/ground.png) }</style>`,
  '<a href="javascript:window.hit=1" onclick="window.hit=1">press</a>',
  `<form action="${FOREIGN}"><button>send</button></form><base href="${FOREIGN}/"><meta http-equiv="refresh" content="0;url=${FOREIGN}">`,
]
const LINKS = [
  '[script](javascript:window.hit=1)',
  '[encoded](java&#115;cript:window.hit=1)',
  '[data](data:text/html,<script>opener.hit=1</script>)',
  '[ours](vbscript:hit)',
  `![picture](${FOREIGN}/picture.png)`,
  '<javascript:window.hit=1>',
  '[named]: javascript:window.hit=1',
  'and [named]',
]
/** Colours, a title, a clipboard, a link, a screen that is wiped; and text that turns around. */
const CONTROLS = `${ESC}[31mred${ESC}[0m ${ESC}]0;a foreign title\x07 ${ESC}]52;c;aGl0\x07 ${ESC}]8;;javascript:window.hit=1\x07link${ESC}]8;;\x07 ${ESC}[2J${ESC}[999A \u202egnp.exe\u202c \u2066hidden\u2069 \u200bzero`
const LONG = 'long '.repeat(200_000).trimEnd()
const WILD = [...HTML, ...LINKS, CONTROLS, `\`\`\`html\n${HTML.join('\n')}\n${CONTROLS}\n\`\`\``].join('\n\n')
const NAME = `<img src=x onerror=window.hit=1>\u202egnp.exe.html`
const COMMAND = `printf '%s' '<img src=x onerror=window.hit=1>${'\u202e'}' > /dev/null # ${HTML[0]}`

/** In few pieces: the text is long. */
const PACE = { deltas: 5 }

const script: ScriptFunction = (request) => {
  const { planFile, toolHistory, toolResults } = request
  if (planFile !== undefined) {
    if (toolResults.at(-1)?.input.file_path === planFile) return useTool('ExitPlanMode', {})
    const content = `# Plan ${HTML[2]}\n\n${WILD}\n\n${LONG}\n`
    return reply([toolUse('Write', { file_path: planFile, content }, PACE)])
  }
  const file = join(request.cwd, NAME)
  switch (toolHistory.length) {
    case 0:
      return reply([text(WILD), toolUse('Write', { file_path: file, content: `${WILD}\n${LONG}\n` }, PACE)])
    case 1:
      return useTool('Read', { file_path: join(request.cwd, 'wild.txt') })
    case 2:
      return useTool('Bash', { command: COMMAND, description: HTML[2], dangerouslyDisableSandbox: true })
    default:
      return say(`The end. ${LONG}`, PACE)
  }
}

// A megabyte in one line, several times.
vi.setConfig({ testTimeout: 180_000 })

let browser: Browser
let world: World
let window: Window
let wild: Started
let planned: Started
const foreign: string[] = []

beforeAll(async () => {
  browser = await startBrowser()
  const checks = { wild: 'cat long.txt wild.txt; exit 1' }
  world = await worldWith({ checks }, script, { 'wild.txt': WILD, 'long.txt': `${LONG}\n` })
  await up(world)
  ;[wild, planned] = await Promise.all([
    startWorkspace(world, { name: 'wild', prompt: HTML[2] ?? '' }),
    startWorkspace(world, { name: 'planned', prompt: 'plan', mode: 'plan' }),
  ])
  await Promise.all([openAsk(world, wild.sessionId), openAsk(world, planned.sessionId)])
  window = await openWindow(browser, world)
  const { context, page } = window
  await context.addInitScript(
    "window.refused = []; addEventListener('securitypolicyviolation', (event) => refused.push(event.violatedDirective + ' ' + event.blockedURI))",
  )
  const { host } = new URL(page.url())
  context.on('request', (request) => {
    const url = new URL(request.url())
    if (!['data:', 'blob:'].includes(url.protocol) && url.host !== host) foreign.push(request.url())
  })
  context.on('page', (opened) => foreign.push(`a window: ${opened.url()}`))
  page.on('dialog', (dialog) => foreign.push(`a dialog: ${dialog.message()}`))
}, 240_000)
afterAll(async () => {
  await browser.close()
  await world[Symbol.asyncDispose]()
})
beforeEach(() => {
  foreign.length = 0
})

/** Everything in the page, shadow trees too, that is more than text and not ours. */
const SUSPECTS = `(() => {
  const found = []
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      const name = element.localName
      const at = (attribute) => element.getAttribute(attribute) ?? ''
      if (/^(iframe|object|embed|base|form)$/.test(name) && !element.matches('form[class]')) found.push(name)
      if (name === 'script' && new URL(element.src, location.href).origin !== location.origin) found.push('script ' + element.src)
      if (name === 'img' && !/^(data:image|blob:)|^\\//.test(at('src'))) found.push('img ' + at('src'))
      for (const attribute of ['href', 'xlink:href', 'action', 'formaction', 'src'])
        if (/^\\s*(javascript|data:text|vbscript)/i.test(at(attribute))) found.push(name + ' ' + at(attribute))
      for (const { name: attribute } of element.attributes) if (/^on/.test(attribute)) found.push(name + ' ' + attribute)
      if (element.shadowRoot) walk(element.shadowRoot)
      const own = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join('')
      if (!/^(style|script)$/.test(name) && /[\\u0000-\\u0008\\u001b\\u202a-\\u202e\\u2066-\\u2069\\u200b]/.test(own))
        found.push('unseen characters in ' + name + ': ' + JSON.stringify(own.slice(0, 200)))
    }
  }
  walk(document)
  return found
})()`

/** The page shows what was written as the text that it is, and still answers. */
async function isInert({ page, complaints }: Window): Promise<void> {
  expect(await page.evaluate(SUSPECTS)).toEqual([])
  expect(await page.evaluate('[window.hit, window.refused]')).toEqual([undefined, []])
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('dialog').getByRole('combobox').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  expect(await page.title()).not.toMatch(/foreign/)
  expect(foreign).toEqual([])
  expect(complaints.all).toEqual([])
}

const go = (page: Page, path: string) => page.goto(new URL(path, page.url()).href)

it('a message, what tools are given and answer, and what is asked', async () => {
  const { page } = window
  await go(page, `/w/${wild.id}`)
  await page.getByText('<script>window.hit=1</script>').first().waitFor()
  await page.getByText('press').first().waitFor()
  for (const button of await page.getByRole('button', { expanded: false }).all())
    if (await button.isVisible()) await button.click()
  await isInert(window)
  await go(page, '/inbox')
  await page.getByText('onerror=window.hit=1').first().waitFor()
  await isInert(window)
  await go(page, `/w/${wild.id}`)
  await page
    .getByRole('button', { name: /^Allow/ })
    .first()
    .click()
  await turnsEnded(world, wild.sessionId, 1)
  await page.getByText('The end.').first().waitFor()
  await isInert(window)
  await go(page, '/search?q=onerror')
  await page.getByRole('main').getByText('onerror').first().waitFor()
  await isInert(window)
})

it('a plan', async () => {
  const { page } = window
  await go(page, `/w/${planned.id}/plan`)
  await page.getByRole('region', { name: 'Plan, revision 1' }).getByText('window.hit=1').first().waitFor()
  await isInert(window)
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  await page.getByRole('main').getByRole('textbox').first().waitFor()
  expect(await page.evaluate('window.hit')).toBeUndefined()
})

it('a diff and the names of its files', async () => {
  const { page } = window
  await go(page, `/w/${wild.id}/changes`)
  await page.getByText('of 1 viewed').waitFor()
  await page.getByRole('region', { name: 'Diff' }).getByText('window.hit=1').first().waitFor()
  await isInert(window)
})

it('the log of a check', async () => {
  const { page } = window
  const [run] = await world.api.call('checks.run', { key: key(), workspaceId: wild.id })
  if (!run) throw new Error('no check was run')
  await verdict(world, run)
  await go(page, `/w/${wild.id}/checks`)
  await page
    .getByText(/failed/i)
    .first()
    .waitFor()
  await page.getByText('red').first().waitFor()
  await isInert(window)
})

it('what runs in a terminal: neither its title nor a link of it does anything', async () => {
  const { page } = window
  await go(page, `/w/${wild.id}/terminals`)
  await page.getByRole('button', { name: 'New terminal' }).first().click()
  await page.getByRole('tab').waitFor()
  const [terminal] = await waitUntil(
    async () => ((all) => all.length > 0 && all)(await world.api.call('terminals.list', { workspaceId: wild.id })),
    { what: 'the terminal' },
  )
  await page.locator('.xterm-helper-textarea').focus()
  const title = await page.title()
  await page.keyboard.type(
    "clear; cat wild.txt; printf '\\033[2J\\033[H\\033]8;;javascript:window.hit=1\\007LINKLINKLINK\\033]8;;\\007\\n'",
  )
  await page.keyboard.press('Enter')
  await waitUntil(
    async () => {
      for await (const item of world.api.subscribe('terminals.follow', { terminalId: terminal?.id ?? '' }))
        return item.type === 'reset' && item.data.includes(`LINKLINKLINK${ESC}]8`)
      return false
    },
    { what: 'the link on the screen' },
  )
  await page.locator('.xterm-screen').click({ position: { x: 20, y: 8 } })
  expect(await page.title()).toBe(title)
  expect(await page.getByRole('tab').first().textContent()).not.toMatch(/foreign/)
  // The terminal takes every key but this one.
  await page.keyboard.press('Shift+F6')
  await isInert(window)
})
