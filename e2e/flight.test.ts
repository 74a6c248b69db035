import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { textOf } from '@skein/plugin-api'
import { flightScriptsPlugin } from '@skein/plugin-flight-scripts'
import {
  claudeExecutable,
  commitAll,
  longText,
  processesUnder,
  type ScriptFunction,
  streamsLong,
  waitUntil,
  writesFile,
} from '@skein/testkit'
import { expect, it } from 'vitest'
import { EngineWorld, key } from './engine-world.ts'

const TOOLS = [dirname(claudeExecutable()), dirname(process.execPath), '$PATH'].join(':')

const SCRIPTS = {
  provision: `#!/usr/bin/env zsh
set -e
name=ws-\${FLIGHT_BRANCH//\\//-}-$$
print "making $name"
print "FLIGHT_OUTPUT: workspace=$name"
print $name >> MACHINES/.provisioned
mkdir -p MACHINES/$name
for file in .profile .zprofile .bash_profile; do print 'export PATH=${TOOLS}' > MACHINES/$name/$file; done
print "[user]\\n\\tname = There\\n\\temail = there@example.com" > MACHINES/$name/.gitconfig
git clone --quiet . MACHINES/$name/repo
git -C MACHINES/$name/repo checkout --quiet -B $FLIGHT_BRANCH
while [[ -e MACHINES/.wait ]] { sleep 0.05 }
print "it is there"
print $name
`,
  connect: `#!/usr/bin/env zsh
[[ $# -eq 1 ]] || exit 64
[[ ! -e MACHINES/.booting ]] || { rm MACHINES/.booting; print -u2 "connection refused"; exit 255 }
export HOME=MACHINES/$FLIGHT_WORKSPACE
cd $HOME/repo
print "Welcome to $FLIGHT_WORKSPACE"
exec sh -c "$1"
`,
  teardown: `#!/usr/bin/env zsh
print $FLIGHT_WORKSPACE >> MACHINES/.torn-down
for environment in $(grep -lz "^HOME=MACHINES/$FLIGHT_WORKSPACE$" /proc/[0-9]*/environ 2>/dev/null); do
  kill -9 \${\${environment#/proc/}%/environ}
done
rm -rf MACHINES/$FLIGHT_WORKSPACE
`,
  list: '#!/usr/bin/env zsh\nls MACHINES\n',
}

/** Real agents on a machine that is busy with other tests. */
const PATIENCE = 120_000

/** A repository whose scripts make folders of this computer that are used as machines. */
async function flightWorld(script: ScriptFunction) {
  const world = await EngineWorld.create(script, () => ({ plugins: [flightScriptsPlugin] }))
  const machines = join(world.folder, 'machines')
  await mkdir(machines)
  await mkdir(join(world.repo, '.flight'))
  for (const [name, text] of Object.entries(SCRIPTS)) {
    const path = join(world.repo, '.flight', name)
    await writeFile(path, text.replaceAll('MACHINES', machines))
    await chmod(path, 0o755)
  }
  await commitAll(world.repo, 'Provision machines')
  const project = await world.project()
  await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
  return {
    world,
    at: (name: string) => join(machines, name),
    noted: async (what: string) =>
      (await readFile(join(machines, `.${what}`), 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    existing: async () => (await readdir(machines)).filter((name) => !name.startsWith('.')),
    remove: (workspaceId: string) =>
      world.api.call('workspaces.remove', { key: key(), workspaceId, confirm: true, keepBranch: false }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

it(
  'must match 14, 15: a message sent while the machine is provisioned, over a restart of the server, is delivered once and there',
  async () => {
    await using flight = await flightWorld(writesFile('made-there.txt', 'there\n'))
    const { world } = flight
    await writeFile(flight.at('.wait'), '')
    const { id } = await world.api.call('workspaces.create', {
      key: key(),
      projectId: (await world.project()).id,
      on: 'flight',
      session: { permissionMode: 'accept_edits', environment: world.environment },
    })
    await waitUntil(async () => (await flight.noted('provisioned')).length === 1, { what: 'the provisioning to begin' })
    const sessionId = (await world.api.call('workspaces.get', { workspace: id })).sessions[0]?.id ?? ''
    await world.prompt(sessionId, 'Write it.')
    await world.restart()
    await writeFile(flight.at('.booting'), '')
    await rm(flight.at('.wait'))

    const workspace = await world.ready(id)
    await world.turnsEnded(sessionId, 1)
    const [name = ''] = await flight.noted('provisioned')
    expect(existsSync(flight.at('.booting'))).toBe(false)
    expect(await flight.existing()).toEqual([name])
    expect(workspace.path).toBe(flight.at(`${name}/repo`))
    expect(await readFile(join(workspace.path, 'made-there.txt'), 'utf8')).toBe('there\n')
    expect(existsSync(join(world.repo, 'made-there.txt'))).toBe(false)
    expect(world.model.requests.length).toBeGreaterThan(0)
    const said = (await world.events(sessionId)).filter(({ event }) => event.type === 'user_message')
    expect(said).toHaveLength(1)

    await flight.remove(id)
    expect(await flight.noted('torn-down')).toEqual([name])
    expect(await flight.existing()).toEqual([])
  },
  PATIENCE,
)

it(
  'must be better 1: connect killed again and again while the agent streams: no event is lost or twice, and interrupt is heard',
  async () => {
    await using flight = await flightWorld(streamsLong(80, 25))
    const { world } = flight
    const workspace = await world.workspace({ on: 'flight', prompt: 'Say much.' })
    const sessionId = workspace.sessions[0]?.id ?? ''
    const [name = ''] = await flight.noted('provisioned')
    for (let kills = 0; kills < 3; kills++) {
      const carriers = await waitUntil(
        async () => {
          const all = await processesUnder(`FLIGHT_WORKSPACE=${name}`)
          const attached = all.filter(({ command }) => command.includes('attach'))
          return attached.length > 0 && attached
        },
        { what: 'a connection' },
      )
      for (const { pid } of carriers) process.kill(pid, 'SIGKILL')
    }
    await world.turnsEnded(sessionId, 1)
    const events = await world.events(sessionId)
    const said = events.flatMap(({ event }) => (event.type === 'agent_message' ? [textOf(event.content)] : []))
    expect(said.map((text) => text.trim())).toEqual([longText(80).trim()])
    expect(events.filter(({ event }) => event.type === 'turn_ended')).toHaveLength(1)

    await world.prompt(sessionId, 'Say more.')
    await waitUntil(
      async () => (await world.events(sessionId)).filter(({ event }) => event.type === 'turn_started').length === 2,
      {
        what: 'the second turn',
      },
    )
    await world.api.call('sessions.interrupt', { key: key(), sessionId })
    await world.turnsEnded(sessionId, 2)
    await flight.remove(workspace.id)
    expect(await processesUnder(flight.at(name))).toEqual([])
  },
  PATIENCE,
)

it(
  'must match 17, 18: what the repository’s monitor says is told of a workspace, here and there, the worst first',
  async () => {
    await using flight = await flightWorld(streamsLong(1, 1))
    const { world } = flight
    const monitor = join(world.repo, '.flight', 'monitor')
    const services = `[{"name":"web $FLIGHT_WORKSPACE","status":"up"},{"name":"db","status":"down","metrics":{"connections":0}}]`
    await writeFile(monitor, `#!/bin/sh\necho looking\ncat <<END\n${services}\nEND\n`)
    await chmod(monitor, 0o755)
    await commitAll(world.repo, 'Watch the services')
    const here = await world.workspace({})
    const ask = async (workspaceId: string) =>
      (await world.api.call('machines.monitor', { workspaceId })).monitored?.services.map(({ name, health }) => [
        name,
        health,
      ])
    expect(await ask(here.id)).toBeUndefined()
    const project = await world.project()
    await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
    expect(await ask(here.id)).toEqual([
      ['db', 'critical'],
      ['web ', 'healthy'],
    ])
    const there = await world.workspace({ on: 'flight' })
    const [name = ''] = await flight.noted('provisioned')
    expect(await ask(there.id)).toEqual([
      ['db', 'critical'],
      [`web ${name}`, 'healthy'],
    ])
    await expect(
      world.api.call('machines.add', { key: key(), kind: 'flight', name: 'fast', settings: { pool: 2 } }),
    ).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('cannot be made ahead: `provision`') })
    await flight.remove(there.id)
  },
  PATIENCE,
)

it('must be better 20: nothing of a repository’s scripts runs before they are trusted, also not after they have changed', async () => {
  await using flight = await flightWorld(streamsLong(1, 1))
  const { world } = flight
  await writeFile(join(world.repo, '.flight', 'provision'), `${SCRIPTS.provision}\n# As somebody else has it.\n`)
  await commitAll(world.repo, 'Provision in another way')
  const { id } = await world.project()
  const make = () => world.api.call('workspaces.create', { key: key(), projectId: id, on: 'flight' })
  await expect(make()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('which are not trusted'),
    details: { reason: 'needs_trust', projectId: id },
  })
  expect(await flight.noted('provisioned')).toEqual([])
  expect(await world.api.call('machines.list', {})).toHaveLength(1)
})
