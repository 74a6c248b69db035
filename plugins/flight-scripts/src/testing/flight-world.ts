import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine, MachineProvider, MachineRecord, MachineSpec, ProviderContext } from '@skein/plugin-api'
import { commitAll, initRepository, type TemporaryFolder, temporaryFolder, waitUntil } from '@skein/testkit'
import { buildRunner } from '../../../../scripts/build-runner.ts'
import { createFlightProvider } from '../flight-provider.ts'

const PROVISION = `#!/usr/bin/env zsh
# Makes a "machine": a folder with a HOME and a clone of its own.
set -e
print "making a machine for $FLIGHT_BRANCH with $# arguments in $PWD"
print -u2 "this may take a while"
print "FLIGHT_OUTPUT: url=http://machine/?a=b"
print "FLIGHT_OUTPUT: colour=blue"
name="ws-\${FLIGHT_BRANCH//\\//-}-$$"
print $name >> MACHINES/.provisioned
mkdir -p MACHINES/$name/repo
if [[ -d .git ]]; then
  git clone --quiet . MACHINES/$name/repo
  git -C MACHINES/$name/repo checkout --quiet -B $FLIGHT_BRANCH
fi
print "FLIGHT_OUTPUT: repo_path=MACHINES/$name/repo"
WAIT
print "done"
print "  $name  "
print ""
`

const CONNECT = `#!/usr/bin/env zsh
# As ssh: the one argument is a command line for a shell on the machine, which begins in the repository.
print -r -- "$# $FLIGHT_WORKSPACE" >> MACHINES/.connected
export HOME=MACHINES/$FLIGHT_WORKSPACE
cd $HOME/repo || exit 255
[ $# -eq 0 ] && exec sh -i
print "Welcome to $FLIGHT_WORKSPACE"
exec sh -c "$1"
`

const TEARDOWN = `#!/usr/bin/env zsh
print $FLIGHT_WORKSPACE >> MACHINES/.torn-down
rm -rf MACHINES/$FLIGHT_WORKSPACE
`

const LIST = `#!/usr/bin/env zsh
ls MACHINES
print ""
`

export type Scripts = Partial<Record<'provision' | 'connect' | 'teardown' | 'list' | 'monitor', string | null>>

/** A project whose scripts make folders that are used as machines; a home of Skein's, and its provider. */
export class FlightWorld implements AsyncDisposable {
  readonly folder: TemporaryFolder
  readonly project: string
  /** A folder each. */
  readonly machines: string
  readonly home: string
  readonly progress: string[] = []
  readonly logged: string[] = []
  readonly provider: MachineProvider = createFlightProvider({ runnerIdleExitMs: 300 })
  readonly context: ProviderContext

  private constructor(folder: TemporaryFolder) {
    this.folder = folder
    this.project = join(folder.path, "it's a shop")
    this.machines = join(folder.path, 'machines')
    this.home = join(folder.path, 'home')
    this.context = this.contextWith(new AbortController().signal)
  }

  /** `null` leaves a script out. `MACHINES` stands for the folder of machines, `WAIT` for what provision waits for. */
  static async create(scripts: Scripts = {}, wait = ''): Promise<FlightWorld> {
    const world = new FlightWorld(await temporaryFolder('flight'))
    await mkdir(world.machines, { recursive: true })
    await mkdir(world.home, { recursive: true, mode: 0o700 })
    await mkdir(join(world.project, '.flight'), { recursive: true })
    const all = { provision: PROVISION, connect: CONNECT, teardown: TEARDOWN, list: LIST, ...scripts }
    for (const [name, text] of Object.entries(all)) if (text !== null) await world.write(name, text, wait)
    return world
  }

  /** Makes a repository of the project; most tests do without. */
  async commit(): Promise<void> {
    await initRepository(this.project)
    await commitAll(this.project, 'Provision machines')
  }

  async write(name: string, text: string, wait = ''): Promise<string> {
    const path = join(this.project, '.flight', name)
    await writeFile(path, text.replaceAll('WAIT', wait).replaceAll('MACHINES', this.machines))
    await chmod(path, 0o755)
    return path
  }

  contextWith(signal: AbortSignal): ProviderContext {
    return {
      home: this.home,
      runnerBundle: buildRunner,
      log: (message) => this.logged.push(message),
      progress: (line) => this.progress.push(line),
      signal,
    }
  }

  spec(key: string, change: Partial<MachineSpec> = {}): MachineSpec {
    const project = { id: 'p-1', name: 'shop', path: this.project }
    return {
      key,
      name: '',
      owner: 'o-1',
      settings: {},
      workspace: { name: key, branch: `skein/${key}`, project },
      ...change,
    }
  }

  make(key: string, change: Partial<MachineSpec> = {}): Promise<Machine> {
    return this.provider.create(this.spec(key, change), this.context)
  }

  async listed(): Promise<MachineRecord[]> {
    return Array.fromAsync(this.provider.list('o-1', this.context))
  }

  /** Names of the machines that exist. */
  async existing(): Promise<string[]> {
    return (await readdir(this.machines)).filter((name) => !name.startsWith('.'))
  }

  /** What a script noted down, a line each time. */
  async noted(what: 'provisioned' | 'connected' | 'torn-down' | string): Promise<string[]> {
    const text = await readFile(join(this.machines, `.${what}`), 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line !== '')
  }

  /** Until a line of a script was seen by the person who waits. */
  async seen(line: string): Promise<void> {
    await waitUntil(() => this.progress.includes(line), { what: line, explain: () => this.progress })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]()
  }
}
