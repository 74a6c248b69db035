import { writesFile } from '@skein/testkit'
import { connect, embed } from 'skein'
import { expect, it } from 'vitest'
import { World } from './world.ts'

it('the same calls work over a server: its runs and sessions show there, and its home is its own', {
  timeout: 120_000,
}, async () => {
  await using world = await World.create(writesFile('made.txt', 'made\n'))
  await world.api.call('server.info', {})
  await using skein = connect({ home: world.home })
  const options = { repositories: world.repo, ...world.environment, permissionMode: 'accept_edits' } as const
  const kept = await skein.run({
    ...options,
    prompt: 'Write it.',
    name: 'over-there',
    keep: true,
    artifacts: ['changes'],
  })
  expect(kept).toMatchObject({ outcome: 'succeeded', destroyed: false, artifacts: [{ files: [{ path: 'made.txt' }] }] })
  expect((await world.skein(['ls'])).stdout).toContain('over-there')
  expect(await skein.listSessions()).toMatchObject([{ id: kept.sessionId, name: 'over-there' }])

  await using session = await skein.attachSession(kept.sessionId)
  expect(await session.send('Write it again.')).toMatchObject({ outcome: 'succeeded' })
  await expect(embed({ home: world.home })).rejects.toMatchObject({
    code: 'conflict',
    next: expect.stringContaining('connect'),
  })
  expect(await session.destroy()).toEqual({ destroyed: true })
  expect(await world.api.call('workspaces.list', {})).toEqual([])
})
