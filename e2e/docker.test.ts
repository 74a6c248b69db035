import { commandLines, say, useTool, waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ContainerWorld, containerWorld } from '../plugins/docker/src/testing/container-world.ts'
import { has } from '../scripts/requirements.ts'
import { jsonLines } from './cli-output.ts'
import { kill, World } from './world.ts'

const canRun = process.getuid?.() === 0 && has('dockerd') && has('slirp4netns')

describe.skipIf(!canRun)('the whole of Skein with containers', { timeout: 180_000 }, () => {
  let containers: ContainerWorld
  let world: World
  beforeAll(async () => {
    containers = await containerWorld()
    world = await World.create(
      (request) => {
        if (request.toolResults.length > 0) return say(`It said: ${request.toolResults[0]?.text}`)
        const command = `id -u; echo made > made-there.txt; ls ${world.repo} 2>&1`
        return /where/.test(request.lastUserText)
          ? useTool('Bash', { command, description: 'looks' })
          : say('Nothing to do.')
      },
      { env: containers.dockerd.env },
    )
  }, 300_000)
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
    await containers?.[Symbol.asyncDispose]()
  }, 120_000)

  /** The container is the boundary, so nothing is asked. */
  const FREELY = ['--permission-mode', 'bypass']
  /** The scripted model, as containers reach it. */
  const model = () => ({
    ANTHROPIC_BASE_URL: world.model.env().ANTHROPIC_BASE_URL.replace('127.0.0.1', containers.dockerd.hostLoopback),
  })
  const remains = async () =>
    `${await containers.dockerd.docker('ps', '--all', '--quiet')}${await containers.dockerd.docker('volume', 'ls', '--quiet', '--filter', 'label=dev.skein.owner')}`

  it('runs a prompt as nobody’s root, away from this computer’s files, and leaves nothing behind after rm', async () => {
    const done = await world.skein(
      ['run', '--on', 'docker', '--keep', '--name', 'inside', ...FREELY, '--json', 'where are you'],
      {
        env: model(),
      },
    )
    expect(done, done.stderr).toMatchObject({ code: 0 })
    const result = jsonLines(done).find(({ type }) => type === 'result')
    expect(result?.result).toMatch(/\n1000\nls: .*No such file/)
    const [container = ''] = (await containers.dockerd.docker('ps', '--quiet')).split('\n')
    const told = await containers.dockerd.docker('inspect', container)
    expect(told).not.toContain(world.environment.secrets.ANTHROPIC_API_KEY)
    expect(commandLines().join('\n')).not.toContain(world.environment.secrets.ANTHROPIC_API_KEY)
    const diff = await world.skein(['diff', 'inside', '--name-only'])
    expect(diff.stdout).toContain('made-there.txt')
    expect(await world.skein(['rm', 'inside', '--yes'])).toMatchObject({ code: 0 })
    expect(await remains()).toBe('')
  })

  it('goes on after kill -9 of server, command line and container while it was made, and removes it all', async () => {
    const making = world.start(['run', '--on', 'docker', '--keep', '--name', 'lost', 'nothing'], { env: model() })
    const running = ['ps', '--format', '{{.Names}} {{.Label "dev.skein.details"}}']
    const container = await waitUntil(
      async () => {
        const rows = (await containers.dockerd.docker(...running)).split('\n')
        return rows.find((row) => row.includes('"name":"lost"'))?.split(' ')[0]
      },
      { what: 'the container', timeout: 60_000, every: 100 },
    )
    const server = await world.serverPid()
    for (const pid of [making.child.pid, server]) if (pid !== undefined) kill(pid)
    await containers.dockerd.docker('kill', container)
    await making.ended
    const { workspace } = await waitUntil(
      async () => {
        const found = (await world.api.call('workspaces.list', {})).find(({ name }) => name === 'lost')
        return found?.state === 'ready' && { workspace: found }
      },
      { what: 'the workspace to be made after all', timeout: 90_000, every: 200 },
    )
    expect(workspace.steps.map(({ state }) => state)).not.toContain('failed')
    const removed = await world.skein(['rm', 'lost', '--yes'])
    expect(removed, removed.stderr).toMatchObject({ code: 0 })
    expect(await remains()).toBe('')
  })
})
