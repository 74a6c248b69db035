import { chownSync, mkdirSync, writeSync } from 'node:fs'
import { uptime } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { exitMarker } from '../logs/marker.ts'
import { abandoned } from './dead-man.ts'
import { Dialler } from './dial.ts'
import { everyone } from './everyone.ts'
import { readLease } from './lease-file.ts'
import { Commands } from './run.ts'
import { DoorServer } from './server.ts'
import { type DoorSettings, doorSettings } from './settings.ts'

// The door: what runs on a Fly machine as long as the machine does. Its end is the machine's.

const log = (line: string): void => {
  console.error(`skein door: ${line}`)
}
const now = (): number => uptime() * 1000

async function main(): Promise<void> {
  let settings: DoorSettings
  try {
    settings = doorSettings(process.env)
  } catch (error) {
    log(error instanceof Error ? error.message : String(error))
    process.exit(2)
  }
  let ending = false
  const end = async (reason: string, code: number, forward: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (ending) return
    ending = true
    await endAll(settings, commands, forward).catch((error: unknown) => log(String(error)))
    finish(settings, reason, code)
  }
  const crashed = (error: unknown): void => {
    log(error instanceof Error ? (error.stack ?? error.message) : String(error))
    void end('crashed', 1)
  }
  process.on('uncaughtException', crashed)
  process.on('unhandledRejection', crashed)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end('stopped', 0, signal))
  process.on('SIGHUP', () => undefined)
  prepare(settings)
  const commands = new Commands(settings)
  const server = new DoorServer(settings, commands, { log, now })
  const { dial } = settings
  if (dial) new Dialler({ ...settings, dial }, server, log).start()
  else log(`ready on port ${await server.listen(settings.port)}`)
  setInterval(() => {
    const why = abandoned({
      now: now(),
      clients: server.clients,
      lastClientAt: server.lastClientAt,
      lease: readLease(settings.runnerFolder),
      graceMs: settings.graceMs,
      atRest: settings.mount !== undefined && everyone(settings.user)?.length === 0,
    })
    if (why === undefined || ending) return
    log(why === 'lease' ? 'nobody renewed the lease; ending' : 'nobody has come for a while; ending')
    void end(why, 0)
  }, settings.lookMs)
}

/** A new volume belongs to root. */
function prepare({ home, mount, user }: DoorSettings): void {
  for (const folder of [...(mount ? [mount] : []), home]) {
    mkdirSync(folder, { recursive: true })
    if (user) chownSync(folder, user.uid, user.gid)
  }
}

/** Whatever runs is asked to end, and gets the time to. */
async function endAll({ user, endMs }: DoorSettings, commands: Commands, signal: NodeJS.Signals): Promise<void> {
  commands.end(signal)
  const deadline = Date.now() + endMs
  for (const pid of everyone(user) ?? []) tell(pid, signal)
  while (Date.now() < deadline && (commands.running > 0 || (everyone(user)?.length ?? 0) > 0)) await sleep(50)
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}

/** The last line on the console says how it ended. */
function finish({ nonce }: DoorSettings, reason: string, code: number): never {
  try {
    writeSync(1, `${exitMarker(nonce, { reason, code })}\n`)
  } catch {
    // Nobody reads the console.
  }
  process.exit(code)
}

void main()
