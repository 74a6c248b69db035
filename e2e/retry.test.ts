import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { answersPing, waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { key, worldWith } from './working-world.ts'
import { kill } from './world.ts'

it('a setup script that failed runs again on demand, once, also when the server is killed meanwhile', async () => {
  // It says in which attempt it is, and goes on when a file says so.
  const setup =
    'echo attempt >> "$HOME/attempts"; until test -e "$HOME/go"; do sleep 0.05; done; test -e "$HOME/network"'
  await using world = await worldWith({ setup }, answersPing)
  const user = join(world.folder, 'user')
  const attempts = async () => (await readFile(join(user, 'attempts'), 'utf8').catch(() => '')).split('\n').length - 1
  const project = await world.api.call('projects.open', { key: key(), path: world.repo })
  await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
  await writeFile(join(user, 'go'), '')
  const failed = await world.skein(['new', 'again'])
  expect(failed).toMatchObject({ code: 1 })
  expect(failed.stderr + failed.stdout).toMatch(/exit code 1[\s\S]*skein retry again/)
  expect(await attempts()).toBe(1)

  const still = await world.skein(['retry', 'again'])
  expect(still, 'the network is still down').toMatchObject({ code: 1 })
  expect(await attempts()).toBe(2)

  await writeFile(join(user, 'network'), '')
  await rm(join(user, 'go'))
  const { id } = await world.api.call('workspaces.get', { workspace: 'again' })
  const asked = key()
  for (let twice = 0; twice < 2; twice++) await world.api.call('workspaces.retry', { key: asked, workspaceId: id })
  await waitUntil(async () => (await attempts()) === 3, { what: 'the third attempt' })
  const pid = await world.serverPid()
  if (pid !== undefined) kill(pid)
  await writeFile(join(user, 'go'), '')
  await waitUntil(async () => (await world.api.call('workspaces.get', { workspace: id })).state === 'ready', {
    what: 'the workspace to be ready',
  })
  expect(await attempts()).toBe(3)

  const { code, stderr } = await world.skein(['retry', 'again'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('it is ready')])
})
