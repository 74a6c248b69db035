import { readdirSync, readFileSync } from 'node:fs'
import { glob, link, mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { SessionOptions } from '@skein/protocol'
import { dropPackets, type FoundProcess } from '@skein/testkit'
import { kill, type World } from '../world.ts'

/** One thing that goes wrong. */
export interface Fault {
  name: string
  /** It ends the agent too, which is then resumed. */
  endsAgent?: boolean
  /** Shortest and longest, in seconds, of what lasts. */
  lasts?: readonly [number, number]
  /** About how long it takes until all is back, in seconds; 1 unless given. */
  mends?: number
  /** False if there was nothing that it could hit. */
  strike(seconds: number): Promise<boolean>
}

/** A machine of one kind, and a computer from which it is used. */
export interface Place extends AsyncDisposable {
  world: World
  /** As `--on` takes it. */
  on: string
  environment: NonNullable<SessionOptions['environment']>
  faults: readonly Fault[]
  /** Where the runners' journals lie, as this computer's file system shows them: a pattern of folders. */
  journals: string
  /** What runs on the machine. */
  processes(): Promise<FoundProcess[]>
  /** What of a removed workspace is left there. */
  remains(workspacePath: string): Promise<unknown[]>
}

/** Whatever can go wrong everywhere: with the server here, and with the runner and its end of the link over there. */
export function commonFaults(world: World, processes: () => Promise<FoundProcess[]>): Fault[] {
  const running = async (verb: string) =>
    (await processes()).filter(({ command }) => command.includes(`runner.cjs ${verb}`)).map(({ pid }) => pid)
  return [
    { name: 'the far end of the link killed', strike: async () => killAll(await running('attach')) },
    { name: 'the runner killed', strike: async () => killAll(await running('serve')) },
    {
      name: 'the runner stopped',
      lasts: [1, 15],
      async strike(seconds) {
        const pids = await running('serve')
        for (const pid of pids) signal(pid, 'SIGSTOP')
        await pause(seconds * 1000)
        for (const pid of pids) signal(pid, 'SIGCONT')
        return pids.length > 0
      },
    },
    {
      name: 'the server killed',
      mends: 3,
      async strike() {
        const pid = await world.serverPid()
        return killAll(pid === undefined ? [] : [pid])
      },
    },
  ]
}

/** Nothing comes through to a port and nothing comes back. */
export function droppedPackets(port: number): Fault {
  return {
    name: 'all packets dropped',
    lasts: [1, 20],
    async strike(seconds) {
      await using _dropped = await dropPackets(port)
      await pause(seconds * 1000)
      return true
    },
  }
}

export function killAll(pids: readonly number[]): boolean {
  for (const pid of pids) kill(pid)
  return pids.length > 0
}

/** Processes of this computer, told by their command line and what else `/proc` says of them. */
export function processesWhere(fits: (command: string, pid: string) => boolean): FoundProcess[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return []
    const command = procFile(pid, 'cmdline').replaceAll('\0', ' ').trim()
    return command !== '' && fits(command, pid) ? [{ pid: Number(pid), command, cwd: '' }] : []
  })
}

/** Empty if the process has just ended. */
export function procFile(pid: string, file: string): string {
  try {
    return readFileSync(join('/proc', pid, file), 'utf8')
  } catch {
    return ''
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Gives every journal a second name as soon as it is there, since a runner deletes one that was read and has ended. */
export function keepJournals(place: Place): { folder: string; stop(): Promise<void> } {
  const folder = join(place.world.folder, 'kept-journals')
  let stopped = false
  const work = (async () => {
    await mkdir(folder, { recursive: true })
    while (!stopped) {
      for await (const path of glob(join(place.journals, 'out.*.ndjson')))
        await link(path, join(folder, `${basename(dirname(path))}.${basename(path)}`)).catch(() => undefined)
      await pause(50)
    }
  })()
  return {
    folder,
    stop: async () => {
      stopped = true
      await work
    },
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has just ended.
  }
}
