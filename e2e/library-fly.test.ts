import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { claudeExecutable, remembers } from '@skein/testkit'
import { embed, fly, type NewSessionOptions } from 'skein'
import { expect, it } from 'vitest'
import { flyWorld } from '../plugins/fly/src/testing/fly-world.ts'
import { libraryPlace } from './library-place.ts'

it.skipIf(process.getuid?.() !== 0)(
  'match 17, 37, 38, better 18: on Fly a run leaves no machine, and a session has a stopped one with a volume between its prompts',
  { timeout: 180_000 },
  async () => {
    await using world = await flyWorld({ apps: ['agents'] })
    await using place = await libraryPlace(remembers)
    await using skein = await embed({ home: place.home })
    const tokenFile = join(place.folder, 'token')
    await writeFile(tokenFile, world.fly.token, { mode: 0o600 })
    const path = [
      dirname(claudeExecutable()),
      dirname(process.execPath),
      '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    ]
    const settings = {
      app: 'agents',
      api: world.fly.apiUrl,
      logs: world.fly.logsUrl,
      proxy: world.fly.proxyUrl,
      size: ['shared-cpu-2x/2048'],
      env: [`PATH=${path.join(':')}`, 'IS_SANDBOX=1'],
      tokenFile,
    }
    const { ANTHROPIC_BASE_URL = '' } = place.agent.env
    const agent: NewSessionOptions = {
      ...place.agent,
      permissionMode: 'bypass',
      env: { ANTHROPIC_BASE_URL: ANTHROPIC_BASE_URL.replace('127.0.0.1', world.fly.hostLoopback) },
      repositories: place.repo,
    }
    const [result, session] = await Promise.all([
      skein.run({ ...agent, on: fly(settings), prompt: 'once' }),
      skein.createSession({ ...agent, on: fly({ ...settings, volume: 1 }) }),
    ])
    expect(result).toMatchObject({ outcome: 'succeeded', text: 'You said: once', destroyed: true })
    expect(await session.send('one')).toMatchObject({ outcome: 'succeeded', text: 'You said: one' })
    await session.stop()
    expect(world.fly.machines().map(({ state }) => state)).toEqual(['stopped'])
    expect(await session.send('two')).toMatchObject({ outcome: 'succeeded', text: 'You said: one | two' })
    const told = JSON.stringify([world.fly.machines(), world.fly.journal])
    expect(told).not.toContain(place.agent.secrets.ANTHROPIC_API_KEY)
    await session.stop()
    expect(await session.destroy()).toEqual({ destroyed: true })
    expect([...world.fly.machines(), ...world.fly.volumes()]).toEqual([])
  },
)
