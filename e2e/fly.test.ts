import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { claudeExecutable, say, useTool } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FlyWorld, flyWorld } from '../plugins/fly/src/testing/fly-world.ts'
import { jsonLines } from './cli-output.ts'
import { World } from './world.ts'

describe.skipIf(process.getuid?.() !== 0)('the whole of Skein with Fly machines', { timeout: 120_000 }, () => {
  let fly: FlyWorld
  let world: World
  beforeAll(async () => {
    fly = await flyWorld({ apps: ['agents'] })
    world = await World.create((request) => {
      if (request.toolResults.length > 0) return say(`It said: ${request.toolResults[0]?.text}`)
      const command = `tr '\\0' ' ' </proc/1/cmdline; echo made > made-there.txt; test ! -e ${world.repo} || echo seen`
      return /where/.test(request.lastUserText)
        ? useTool('Bash', { command, description: 'looks' })
        : say(`I was asked: ${request.userTexts.join(', ')}`)
    })
    const path = [
      dirname(claudeExecutable()),
      dirname(process.execPath),
      '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    ].join(':')
    const settings = [
      ...['api', 'logs', 'proxy'].map(
        (name) => `${name}=${{ api: fly.fly.apiUrl, logs: fly.fly.logsUrl }[name] ?? fly.fly.proxyUrl}`,
      ),
      ...['size=shared-cpu-2x/2048', 'volume=1', `env=PATH=${path},IS_SANDBOX=1`],
    ]
    // The server finds it below its home from then on.
    const token = { env: { FLY_API_TOKEN: fly.fly.token } }
    const added = await world.skein(
      ['machine', 'add', 'fly:agents', ...settings.flatMap((one) => ['--set', one])],
      token,
    )
    expect(added, added.stderr).toMatchObject({ code: 0 })
  }, 120_000)
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
    await fly?.[Symbol.asyncDispose]()
  }, 60_000)

  it('runs a prompt on a machine of its own, stops it, goes on where it was, and leaves nothing behind', async () => {
    const env = {
      ANTHROPIC_BASE_URL: world.model.env().ANTHROPIC_BASE_URL.replace('127.0.0.1', fly.fly.hostLoopback),
    }
    const run = ['run', '--on', 'fly:agents', '--keep', '--name', 'aloft', '--permission-mode', 'bypass', '--json']
    const done = await world.skein([...run, 'where are you'], { env })
    expect(done, done.stderr).toMatchObject({ code: 0 })
    const result = jsonLines(done).find(({ type }) => type === 'result')
    expect(result?.result).toContain('/opt/skein/entry.sh')
    expect(result?.result).not.toContain('seen')
    const [machine] = fly.fly.machines()
    const told = JSON.stringify([machine?.config, fly.fly.journal])
    expect(told).not.toContain(world.environment.secrets.ANTHROPIC_API_KEY)

    const id = machine?.metadata.skein_key ?? ''
    expect(await world.skein(['machine', 'stop', id])).toMatchObject({ code: 0 })
    expect(fly.fly.machines().map(({ state }) => state)).toEqual(['stopped'])
    expect(await world.skein(['machine', 'start', id])).toMatchObject({ code: 0 })
    const second = await world.skein(['send', 'aloft', '--wait', '--json', 'what did I say'], { env })
    expect(second, second.stderr).toMatchObject({ code: 0 })
    expect(second.stdout).toContain('I was asked: where are you')
    expect((await world.skein(['diff', 'aloft', '--name-only'])).stdout).toContain('made-there.txt')

    expect(await world.skein(['rm', 'aloft', '--yes'])).toMatchObject({ code: 0 })
    expect([...fly.fly.machines(), ...fly.fly.volumes()]).toEqual([])
    fly.fly.check()
  })

  it('says which token is missing, and makes nothing', async () => {
    await writeFile(join(world.home, 'fly', 'token'), '')
    const done = await world.skein(['run', '--on', 'fly:agents', 'where are you'])
    expect(done.code).not.toBe(0)
    expect(done.stderr + done.stdout).toContain('FLY_API_TOKEN')
    await writeFile(join(world.home, 'fly', 'token'), fly.fly.token)
    expect(fly.fly.machines()).toEqual([])
  })
})
