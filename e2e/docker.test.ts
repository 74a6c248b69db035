import { commandLines, isThorough, say, useTool, waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ContainerWorld, containerWorld } from '../plugins/docker/src/testing/container-world.ts'
import { has } from '../scripts/requirements.ts'
import { jsonLines } from './cli-output.ts'
import { kill, World } from './world.ts'

/** The kernel takes the agent first, however little it uses. */
const FILL_MEMORY = 'for pid in $(pgrep -x claude); do echo 1000 > /proc/$pid/oom_score_adj; done; tail /dev/zero'

const canRun = process.getuid?.() === 0 && has('dockerd') && has('slirp4netns')

describe.skipIf(!canRun)('the whole of Skein with containers', { timeout: 180_000 }, () => {
  let containers: ContainerWorld
  let world: World
  beforeAll(async () => {
    containers = await containerWorld()
    world = await World.create(
      (request) => {
        if (/Fill the memory|ended unexpectedly/.test(request.lastUserText)) {
          if (/ended unexpectedly/.test(request.lastUserText)) return say('I go on with less.')
          return useTool('Bash', { command: FILL_MEMORY, description: 'takes what there is' })
        }
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

  // Pools are tried with every change on machines that are folders.
  it.skipIf(!isThorough)(
    'hands out a container that was made ahead, and says that its memory limit ended the agent, and what to do',
    async () => {
      await world.skein(['machine', 'add', 'docker:small', '--set', 'memory=700m', '--set', 'pool=1'])
      const filling = await world.skein(['machine', 'fill', 'docker:small'])
      expect(filling.stdout, filling.stderr).toMatch(/docker:small, ahead for \S+: 0 of 1 ready/)
      const small = async () => (await world.api.call('machines.list', {})).find(({ id }) => id === 'docker:small')
      await waitUntil(async () => (await small())?.pools?.[0]?.ready === 1, {
        what: 'a container to wait',
        timeout: 90_000,
        every: 100,
        explain: small,
      })
      const on = ['--on', 'docker:small', '--name', 'small', ...FREELY]
      const done = await world.skein(['run', ...on, '--json', 'Fill the memory.'], { env: model() })
      const ends = jsonLines(done).flatMap(({ envelope }) => {
        const { event } = (envelope ?? {}) as {
          event?: { type: string; stopReason?: string; error?: { message: string } }
        }
        return event?.type === 'turn_ended' ? [event] : []
      })
      expect(ends[0], done.stdout.slice(-3000)).toMatchObject({
        stopReason: 'process_lost',
        error: {
          message: expect.stringMatching(/out of memory: the container’s limit of 700m was reached.*--set memory=/),
        },
      })
      expect(ends.at(-1)?.stopReason).toBe('end_turn')
      const { steps } = await world.api.call('workspaces.get', { workspace: 'small' })
      expect(steps[0]?.note).toMatch(/from the pool/)
      const took = (steps.at(-1)?.endedAt ?? 0) - (steps[0]?.startedAt ?? 0)
      console.log(`with a container that was made ahead, a workspace was ready in ${(took / 1000).toFixed(2)} s`)
      await world.skein(['rm', 'small', '--yes'])
      expect(await world.skein(['machine', 'rm', 'docker:small'])).toMatchObject({ code: 0 })
      await waitUntil(async () => (await remains()) === '', { what: 'nothing to be left', timeout: 60_000, every: 200 })
    },
  )

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
