import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  asksPermission,
  DEMO_PROMPT,
  demo,
  longText,
  makeDemoProject,
  reply,
  type ScriptFunction,
  say,
  text,
  useTool,
  waitUntil,
} from '@skein/testkit'
import { key } from '../working-world.ts'
import { World } from '../world.ts'
import { openWindow, startBrowser, up } from './browser.ts'

/** Takes the pictures of `docs/web.md`, of the real app with real agents: `npm run web-pictures`. */

const FOLDER = join(import.meta.dirname, '../../docs/images/web')

/** Each prompt leads its agent into another state. */
const model: ScriptFunction = (request, signal) => {
  const { lastUserText } = request
  if (/orbit/.test(lastUserText)) return demo(request, signal)
  if (/permission/.test(lastUserText)) return asksPermission('npm publish --access public')(request, signal)
  if (/stream/.test(lastUserText)) return reply([text(longText(3_000), { deltas: 3_000, delayMs: 100 })])
  const [result] = request.toolResults
  if (result === undefined)
    return useTool('Write', { file_path: join(request.cwd, 'NOTES.md'), content: '# Notes\n\nWhat was decided.\n' })
  return say('I wrote `NOTES.md`: what was decided, and why.')
}

const WORKSPACES = [
  { name: 'fix-the-periods-and-add-a-speed-option', prompt: DEMO_PROMPT, mode: 'plan' },
  { name: 'release-0-4-0', prompt: 'Release it; that needs a permission.', mode: 'sandboxed' },
  {
    name: 'explain-orbital-mechanics-to-newcomers-in-the-readme',
    prompt: 'Explain it, and stream.',
    mode: 'sandboxed',
  },
  { name: 'write-down-what-was-decided', prompt: 'Write it down.', mode: 'accept_edits' },
  { name: 'review-me', prompt: DEMO_PROMPT, mode: 'accept_edits' },
] as const

const PAGES = [
  { name: 'session', at: 'review-me', path: '/w/ID', content: /all four tests pass/ },
  { name: 'plan', at: 'fix-the-periods-and-add-a-speed-option', path: '/w/ID/plan', content: /What is wrong/ },
  { name: 'changes', at: 'review-me', path: '/w/ID/changes', content: /of 2 viewed/ },
  { name: 'checks', at: 'review-me', path: '/w/ID/checks', content: /passed/i },
  { name: 'services', at: 'review-me', path: '/w/ID/services', content: /running/ },
  { name: 'terminals', at: 'review-me', path: '/w/ID/terminals', content: /terminal/i },
  { name: 'inbox', path: '/inbox', content: /npm publish/ },
  { name: 'overview', path: '/overview', content: /orbit/ },
  { name: 'new', path: '/new', content: /New workspace/ },
  { name: 'search', path: '/search?q=speed', content: /speed/ },
  { name: 'settings', path: '/settings', content: /Theme/i },
  { name: 'doctor', path: '/doctor', content: /Claude Code/ },
  { name: 'welcome', path: '/welcome', content: /Add a project/ },
] as const

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await using world = await World.create(model, { repository: makeDemoProject })
  await up(world)
  const project = await world.api.call('projects.open', { key: key(), path: world.repo })
  await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
  const ids = new Map<string, string>()
  for (const { name, prompt, mode } of WORKSPACES) {
    const { id } = await world.api.call('workspaces.create', {
      key: key(),
      projectId: project.id,
      name,
      session: { permissionMode: mode, environment: world.environment },
      prompt: [{ type: 'text', text: prompt }],
    })
    ids.set(name, id)
  }
  await settle(world, ids)
  const reviewed = ids.get('review-me') ?? ''
  await world.api.call('services.start', { key: key(), workspaceId: reviewed, name: 'page' })
  await world.api.call('terminals.open', { key: key(), workspaceId: reviewed, cols: 100, rows: 30 })

  const browser = await startBrowser()
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const viewport of [
        { width: 1440, height: 900 },
        { width: 390, height: 844 },
      ]) {
        await using window = await openWindow(browser, world, { colorScheme, viewport, reducedMotion: 'reduce' })
        const { page } = window
        for (const { name, path, content, ...of } of PAGES) {
          const id = 'at' in of ? (ids.get(of.at) ?? '') : ''
          await page.goto(new URL(path.replace('ID', id), page.url()).href)
          await page.getByRole('main').getByText(content).filter({ visible: true }).first().waitFor()
          await page.waitForTimeout(600)
          await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}-${viewport.width}.png`) })
        }
      }
    }
  } finally {
    await browser.close()
  }
}

/** The plan waits, the permission waits, what can end has ended; questions are answered on the way. */
async function settle(world: World, ids: ReadonlyMap<string, string>): Promise<void> {
  const ended = ['write-down-what-was-decided', 'review-me'].map((name) => ids.get(name))
  await waitUntil(
    async () => {
      const asks = await world.api.call('asks.list', {})
      for (const ask of asks) {
        if (ask.kind === 'question')
          await world.api.call('asks.answer', {
            key: ask.id,
            askId: ask.id,
            answer: { type: 'answers', answers: { 'In which unit should --speed print?': 'km/s' } },
          })
        if (ask.kind === 'permission' && ended.includes(ask.workspaceId))
          await world.api.call('asks.answer', { key: ask.id, askId: ask.id, answer: { type: 'allow' } })
      }
      const all = await world.api.call('workspaces.list', {})
      const done = all.filter(({ id, status }) => ended.includes(id) && status.status === 'ready_for_review')
      return done.length === ended.length && asks.some(({ kind }) => kind === 'plan')
    },
    { what: 'the agents to be where the pictures want them', timeout: 120_000 },
  )
}

await main()
