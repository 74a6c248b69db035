import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { claudeExecutable, commitAll, processesUnder, type ScriptFunction } from '@skein/testkit'
import { key } from '../engine-world.ts'
import { World } from '../world.ts'
import { commonFaults, killAll, type Place } from './place.ts'

/** Folders of this computer as machines; `MACHINES` is where they are. What carries the link, as `ssh` would, is two of `cat`. */
const SCRIPTS = {
  provision: `#!/bin/sh
set -e
name=ws-$$
echo "FLIGHT_OUTPUT: workspace=$name"
mkdir -p MACHINES/$name
for file in .profile .zprofile .bash_profile; do echo 'export PATH=TOOLS:$PATH' > MACHINES/$name/$file; done
printf '[user]\\n\\tname = There\\n\\temail = there@example.com\\n' > MACHINES/$name/.gitconfig
git clone --quiet . MACHINES/$name/repo
git -C MACHINES/$name/repo checkout --quiet -B "$FLIGHT_BRANCH"
echo $name
`,
  connect: `#!/bin/sh
[ $# -eq 1 ] || exit 64
export HOME=MACHINES/$FLIGHT_WORKSPACE IS_SANDBOX=1
cd $HOME/repo && cat | sh -c "$1" | cat
`,
  teardown: `#!/bin/sh
for environment in $(grep -lz "^HOME=MACHINES/$FLIGHT_WORKSPACE$" /proc/[0-9]*/environ 2>/dev/null); do
  pid=\${environment#/proc/}
  kill -9 "\${pid%/environ}"
done
rm -rf MACHINES/$FLIGHT_WORKSPACE
`,
  list: '#!/bin/sh\nls MACHINES\n',
}

export async function flightPlace(script: ScriptFunction): Promise<Place> {
  const world = await World.create(script)
  const machines = join(world.folder, 'machines')
  const tools = [dirname(claudeExecutable()), dirname(process.execPath)].join(':')
  await mkdir(machines)
  await mkdir(join(world.repo, '.flight'))
  for (const [name, text] of Object.entries(SCRIPTS)) {
    const path = join(world.repo, '.flight', name)
    await writeFile(path, text.replaceAll('MACHINES', machines).replaceAll('TOOLS', tools))
    await chmod(path, 0o755)
  }
  await commitAll(world.repo, 'Provision machines')
  const project = await world.api.call('projects.open', { key: key(), path: world.repo })
  await world.api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
  const processes = () => processesUnder(machines)
  const carriers = async () => (await processes()).filter(({ command }) => command === 'cat')
  return {
    world,
    on: 'flight',
    environment: world.environment,
    faults: [
      { name: 'connect killed', strike: async () => killAll((await carriers()).map(({ pid }) => pid)) },
      ...commonFaults(world, processes),
    ],
    journals: join(machines, '*/.local/state/skein/*/s/*'),
    processes,
    remains: () => readdir(machines),
    async [Symbol.asyncDispose]() {
      const server = await world.serverPid()
      if (server !== undefined) killAll([server])
      killAll((await processes()).map(({ pid }) => pid))
      await world[Symbol.asyncDispose]()
    },
  }
}
