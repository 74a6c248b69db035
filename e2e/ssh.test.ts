import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { definePlugin, type MachineProvider } from '@skein/plugin-api'
import { createSshProvider } from '@skein/plugin-ssh'
import {
  asksPermission,
  byPrompt,
  canDropPackets,
  commandLines,
  git,
  longText,
  processesUnder,
  type ScriptFunction,
  seededRandom,
  streamsLong,
  waitUntil,
  writesFile,
} from '@skein/testkit'
import { expect, it } from 'vitest'
import { has } from '../scripts/requirements.ts'
import { jsonLines } from './cli-output.ts'
import { EngineWorld, key } from './engine-world.ts'
import { type SshHost, sshHost } from './ssh-host.ts'
import { World } from './world.ts'

const canRun = has('sshd') && has('ssh')
const test = it.skipIf(!canRun)

/** An engine in this process with that host beside this computer. */
async function engineWith(there: SshHost, script: ScriptFunction): Promise<{ world: EngineWorld } & AsyncDisposable> {
  const provider: MachineProvider = createSshProvider({ config: there.sshd.config })
  const plugin = definePlugin({
    name: 'ssh',
    activate: (context) => void context.subscriptions.push(context.machines.register(provider)),
  })
  const world = await EngineWorld.create(script, () => ({ plugins: [plugin] }))
  return {
    world,
    async [Symbol.asyncDispose]() {
      await world.engine.close()
      await provider.close?.()
      await world[Symbol.asyncDispose]()
    },
  }
}

const shownByPs = () => commandLines().join('\n')

test('skein run works on a host behind a jump host that never saw Skein, streams, and shows nothing secret to ps', {
  timeout: 120_000,
}, async () => {
  await using there = await sshHost({ withJump: true })
  await using world = await World.create(
    (request, context) =>
      /much/.test(request.lastUserText)
        ? streamsLong(40, 40)(request, context)
        : writesFile('made-there.txt')(request, context),
    { env: { SKEIN_SSH_CONFIG: there.sshd.config } },
  )
  const secret = world.environment.secrets.ANTHROPIC_API_KEY ?? ''
  expect(secret).not.toBe('')
  const running = world.start(['run', '--on', 'ssh:box', '--keep', '--name', 'far', 'Write it.'])
  await waitUntil(() => running.child.exitCode !== null || shownByPs().includes('runner.cjs'), { what: 'a runner' })
  expect(shownByPs()).not.toContain(secret)
  const done = await running.ended
  expect(done, done.stderr).toMatchObject({ code: 0 })
  expect(done.stdout + done.stderr).toContain('made-there.txt')
  expect(there.sshd.jumpLog()).toContain('Accepted publickey')
  const changed = await world.skein(['diff', 'far', '--name-only'])
  expect(changed.stdout.trim()).toBe('made-there.txt')
  expect(existsSync(join(there.sshd.home, '.local/state/skein'))).toBe(true)

  const began = performance.now()
  const again = world.start(['run', '--on', 'ssh:box', '--json', 'Say much.'])
  await waitUntil(() => again.stdout().includes('00001'), {
    what: 'the first words',
    timeout: 60_000,
    explain: again.stderr,
  })
  expect(again.child.exitCode, 'words come while the agent works').toBe(null)
  console.log(`a second run on the host: first words after ${Math.round(performance.now() - began)} ms`)
  const outcome = await again.ended
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 })
  expect(jsonLines(outcome).find(({ type }) => type === 'result')?.result).toBe(longText(40))
  expect(await world.skein(['rm', 'far', '--yes'])).toMatchObject({ code: 0 })
  expect(readFiles(join(there.sshd.home, '.local/state/skein'))).not.toContain(secret)
  // With the server ends the connection, which a killed one would leave for ten minutes.
  expect(await world.skein(['down'])).toMatchObject({ code: 0 })
})

it.skipIf(!canRun || !canDropPackets())(
  'a link that drops all packets is shown as reconnecting within 30 s, the agent works on, and nothing is missing',
  { timeout: 150_000 },
  async () => {
    await using there = await sshHost()
    await using computer = await engineWith(there, streamsLong(300, 40))
    const { world } = computer
    const workspace = await world.workspace({ on: 'ssh:box', prompt: 'Say much.' })
    const sessionId = workspace.sessions[0]?.id ?? ''
    await begun(world, sessionId)
    {
      await using _dropped = await there.sshd.dropPackets()
      const before = performance.now()
      await waitUntil(async () => (await machineState(world)) === 'reconnecting', {
        what: 'the dead link to be noticed',
        timeout: 60_000,
      })
      const seconds = (performance.now() - before) / 1000
      console.log(`the dead link was noticed after ${seconds.toFixed(1)} s`)
      // How long it took is the machine's that runs this test; what must hold is that the agent does not notice.
      await waitUntil(() => world.model.requests.length > 0 && journalOf(there).includes('"type":"result"'), {
        what: 'the end of the turn over there',
        timeout: 60_000,
      })
    }
    await world.turnsEnded(sessionId, 1)
    await isWhole(world, sessionId, longText(300))
  },
)

test('killed connections, killed sshd processes and killed runners lose nothing, and an ask stays answerable', {
  timeout: 180_000,
}, async () => {
  await using there = await sshHost()
  await using computer = await engineWith(
    there,
    byPrompt({ much: streamsLong(200, 60), touch: asksPermission('touch asked') }),
  )
  const { world } = computer
  const workspace = await world.workspace({ on: 'ssh:box', prompt: 'much', permissionMode: 'ask' })
  const sessionId = workspace.sessions[0]?.id ?? ''
  await begun(world, sessionId)
  const random = seededRandom(4)
  const faults = [() => there.sshd.killConnections(), () => killed(there, 'serve'), () => killed(there, 'attach')]
  for (let n = 0; n < 6; n++) {
    await faults[Math.floor(random() * faults.length)]?.()
    const reached = (await world.events(sessionId)).length
    await waitUntil(
      async () =>
        (await machineState(world)) === 'connected' &&
        ((await world.events(sessionId)).length > reached || journalOf(there).includes('"type":"result"')),
      { what: `events after fault ${n + 1}`, timeout: 40_000, explain: () => world.log.slice(-20) },
    )
  }
  await world.turnsEnded(sessionId, 1)
  await isWhole(world, sessionId, longText(200))

  await world.prompt(sessionId, 'touch')
  const asked = () =>
    waitUntil(async () => (await world.api.call('asks.list', {})).find((ask) => ask.sessionId === sessionId), {
      what: 'the ask',
      timeout: 40_000,
    })
  await asked()
  await there.sshd.killConnections()
  await killed(there, 'serve')
  const ask = await asked()
  await world.api.call('asks.answer', {
    key: key(),
    askId: ask.id,
    inputHash: ask.inputHash,
    answer: { type: 'allow' },
  })
  await world.turnsEnded(sessionId, 2)
  expect(existsSync(join(workspace.path, 'asked'))).toBe(true)
  expect((await git(workspace.path, ['status', '--porcelain'])).trim()).toBe('?? asked')
})

async function begun(world: EngineWorld, sessionId: string): Promise<void> {
  await waitUntil(async () => (await world.events(sessionId)).some(({ event }) => event.type === 'turn_started'), {
    what: 'the turn to begin',
    timeout: 40_000,
  })
}

async function machineState(world: EngineWorld): Promise<string | undefined> {
  return (await world.api.call('machines.list', {})).find(({ kind }) => kind === 'ssh')?.state
}

/** SIGKILLs the runner's processes of a kind on the host. */
async function killed(there: SshHost, verb: string): Promise<void> {
  const found = (await processesUnder(there.sshd.home)).filter(({ command }) => command.includes(`runner.cjs ${verb}`))
  for (const { pid } of found) process.kill(pid, 'SIGKILL')
}

/** Everything that the agent wrote over there, as it lies on the disk. */
function journalOf(there: SshHost): string {
  return readFiles(join(there.sshd.home, '.local/state/skein'), /out\.\d+\.ndjson$/)
}

function readFiles(folder: string, named = /./): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && named.test(entry.name) && !entry.parentPath.includes('/versions/'))
    .map((entry) => {
      try {
        return readFileSync(join(entry.parentPath, entry.name), 'utf8')
      } catch {
        return ''
      }
    })
    .join('\n')
}

/** Each event once and in order, one end of the turn, and every word. */
async function isWhole(world: EngineWorld, sessionId: string, text: string): Promise<void> {
  const events = await world.events(sessionId)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1))
  expect(events.filter(({ event }) => event.type === 'turn_ended')).toHaveLength(1)
  expect(JSON.stringify(events)).toContain(text.trim())
}
