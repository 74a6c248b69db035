import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, echo } from '@skein/testkit'
import { expect, it } from 'vitest'
import { key, readyWorkspace, worldWith } from '../working-world.ts'
import { violations } from './axe.ts'
import { openWindow, startBrowser } from './browser.ts'

/** The first test of a run builds the web app. */
const LIMIT_MS = 150_000

const MONITOR = `#!/bin/sh
echo '[{"name":"web","status":"up"},{"name":"db","status":"down","metrics":{"connections":0}}]'
`

it(
  'machines that could not be made ahead are told of with their settings, and what the repository’s monitor says beside the services',
  async () => {
    await using world = await worldWith({}, echo)
    const monitor = join(world.repo, '.flight', 'monitor')
    await mkdir(join(world.repo, '.flight'))
    await writeFile(monitor, MONITOR)
    await chmod(monitor, 0o755)
    await commitAll(world.repo, 'Watch the services')
    // There is no such engine.
    world.env.DOCKER_HOST = `unix://${join(world.folder, 'nothing.sock')}`
    const browser = await startBrowser()
    try {
      await using window = await openWindow(browser, world, { path: '/machines' })
      const { page, complaints } = window
      const { id, projectId } = await readyWorkspace(world)
      const machineId = 'docker:big'
      await world.api.call('machines.add', { key: key(), kind: 'docker', name: 'big', settings: { pool: 2 } })
      await world.api.call('machines.fill', { key: key(), machineId, projectId })
      const row = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: machineId }) })
      await row.getByText(/0 of 2 ready.*the last could not be made/).waitFor()
      await row.getByRole('alert').filter({ hasText: 'next try in' }).waitFor()
      expect(await violations(page)).toEqual([])

      await page.goto(new URL(`/w/${id}/services`, page.url()).href)
      const said = page.getByRole('region', { name: 'Monitor' }).getByRole('listitem')
      await said.nth(1).waitFor()
      expect(await said.allInnerTexts()).toEqual([
        expect.stringMatching(/db\s+down\s+\(critical\)\s+connections\s+0/),
        expect.stringMatching(/web\s+up\s+\(healthy\)/),
      ])
      expect(await violations(page)).toEqual([])
      expect(complaints.all).toEqual([])
    } finally {
      await browser.close()
    }
  },
  LIMIT_MS,
)
