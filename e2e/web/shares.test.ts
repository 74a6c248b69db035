import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { echo } from '@skein/testkit'
import { expect, it } from 'vitest'
import { HOT_SERVER } from '../hot-server.ts'
import { readyWorkspace, service, worldWith } from '../working-world.ts'
import { openWindow, startBrowser } from './browser.ts'

const CLOUDFLARED = fileURLToPath(new URL('../../plugins/tunnels/src/fixtures/cloudflared.mjs', import.meta.url))

/** The first test of a run builds the web app. */
const LIMIT_MS = 150_000

it(
  'a service is shared from the page: who may see it is told, what a tunnel lacks too, and the link is ended there',
  async () => {
    await using world = await worldWith({ services: { web: { run: 'exec node web.cjs', port: 0 } } }, echo, {
      'web.cjs': HOT_SERVER,
      'message.txt': 'hello\n',
    })
    const programs = join(world.folder, 'programs')
    await mkdir(programs)
    await symlink(CLOUDFLARED, join(programs, 'cloudflared'))
    world.env.PATH = `${programs}:${world.env.PATH}`
    const browser = await startBrowser()
    try {
      await using window = await openWindow(browser, world)
      const { page, complaints } = window
      const { id } = await readyWorkspace(world)
      await world.api.call('services.start', { key: 'start', workspaceId: id, name: 'web' })
      await service(world, id, 'web', 'running')
      await page.goto(new URL(`/w/${id}/services`, page.url()).href)
      await page.getByRole('button', { name: 'Share web' }).click()
      const dialog = page.getByRole('dialog', { name: 'Share web' })
      // What was chosen by itself is the first that can be used.
      await dialog.getByText('Cloudflare quick tunnel').waitFor()
      await dialog.getByRole('combobox', { name: 'Through' }).click()
      await page.getByRole('option', { name: 'Your own host, by ssh' }).click()
      await dialog.getByText('No host of yours is set.').waitFor()
      expect(await dialog.getByRole('button', { name: 'Make the link' }).isDisabled()).toBe(true)
      await dialog.getByRole('combobox', { name: 'Through' }).click()
      await page.getByRole('option', { name: 'Cloudflare quick tunnel' }).click()
      await dialog.getByLabel('Note').fill('for Ada')
      await dialog.getByRole('button', { name: 'Make the link' }).click()
      const made = page.getByRole('dialog', { name: 'Anybody with this link can see it' })
      await made.getByText(/^https:\/\/four-dashed-word-url\.trycloudflare\.com\/__skein\/share\//).waitFor()
      await made.getByRole('button', { name: 'Done' }).click()
      const list = page.getByRole('region', { name: 'Share links' })
      await list.getByText(/for Ada/).waitFor()
      await list.getByText(/^Anybody with this link, until .*\. Nobody has seen it yet\./).waitFor()
      await list.getByRole('button', { name: /^End/ }).click()
      await list.waitFor({ state: 'detached' })
      expect(await world.api.call('shares.list', {})).toEqual([])
      expect(complaints.all).toEqual([])
    } finally {
      await browser.close()
    }
  },
  LIMIT_MS,
)
