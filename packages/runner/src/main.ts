import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import manifest from '../package.json' with { type: 'json' }
import { announce, attach } from './daemon/attach.ts'
import { DISK_FULL_STATUS } from './daemon/exit-status.ts'
import { joinPort } from './machine/join-port.ts'
import { closeInherited } from './system/descriptors.ts'

// Everything else is loaded by the verb that needs it: `attach` is what a reconnection waits for.

const USAGE = `usage: runner start|serve|attach --dir DIR [--idle-exit-ms N]
       runner port N
       runner credential --dir DIR get
       runner version

  start    starts the daemon of DIR in the background, if none answers; prints {"socket","pid"}
  serve    is the daemon of DIR, in the foreground
  attach   as start, then joins stdin and stdout to the daemon's socket; a daemon of an older version is upgraded first
  port     joins stdin and stdout to a port of this machine's loopback
  credential  is git's credential helper, answered by whoever is connected to the daemon of DIR
  version  prints the SHA-256 of this file

  attach and port take --announce MARK: their first line is then "MARK ready {…}", or "MARK error {…}"`

const SCRIPT = fileURLToPath(import.meta.url)

/** SHA-256 of the bundle; `source` when this is none. */
function ownHash(): string {
  if (!SCRIPT.endsWith('.cjs')) return 'source'
  const folder = basename(dirname(SCRIPT))
  // Where versions stand side by side, the folder is the hash, and was checked when it was made.
  return /^[0-9a-f]{64}$/.test(folder) ? folder : createHash('sha256').update(readFileSync(SCRIPT)).digest('hex')
}

const OPTIONS = {
  dir: { type: 'string' },
  'idle-exit-ms': { type: 'string' },
  'disk-warn-bytes': { type: 'string' },
  'disk-stop-bytes': { type: 'string' },
  'disk-check-ms': { type: 'string' },
} as const
type Settings = Partial<Record<keyof typeof OPTIONS, string>>

async function main(): Promise<void> {
  closeInherited()
  const [verb, ...rest] = process.argv.slice(2)
  if (verb === 'version') {
    console.log(ownHash())
    return
  }
  if (verb === 'terminals') {
    const { hostTerminals } = await import('./machine/terminal-host.ts')
    hostTerminals()
    return
  }
  const options = { ...OPTIONS, announce: { type: 'string' } } as const
  const { values, positionals } = parseArgs({
    args: rest,
    options,
    allowPositionals: verb === 'port' || verb === 'credential',
  })
  const { announce: mark, ...settings } = values
  if (verb === 'port') {
    await announcing(mark, () => joinPort(Number(positionals[0]), mark))
    process.exit()
  }
  if (verb === 'credential' && settings.dir !== undefined) {
    const { answerGit } = await import('./machine/credential-helper.ts')
    await answerGit(resolve(settings.dir), positionals[0])
    process.exit()
  }
  if (settings.dir === undefined || !['start', 'serve', 'attach'].includes(verb ?? '')) {
    console.error(USAGE)
    process.exitCode = 2
    return
  }
  const dir = resolve(settings.dir)
  const flags = Object.entries(settings).flatMap(([name, value]) => (name === 'dir' ? [] : [`--${name}=${value}`]))
  if (verb === 'serve') return await serve(dir, settings, flags)
  if (verb === 'attach') {
    await announcing(mark, () => attach(dir, { script: SCRIPT, sha256: ownHash() }, flags, mark))
  } else {
    const { ensureDaemon } = await import('./daemon/launch.ts')
    const { socket, pid } = await ensureDaemon(dir, SCRIPT, flags)
    console.log(JSON.stringify({ socket, pid }))
  }
  // A pipe of ours to a daemon we just started does not exist; only its handle keeps us.
  process.exit()
}

async function serve(dir: string, settings: Settings, flags: string[]): Promise<void> {
  const [{ Daemon }, { DISK_THRESHOLDS }, { writeServing }, { removeOldVersions }, { SkeinError, socketPath }] =
    await Promise.all([
      import('./daemon/daemon.ts'),
      import('./machine/disk-guard.ts'),
      import('./daemon/serving.ts'),
      import('./daemon/versions.ts'),
      import('@skein/protocol'),
    ])
  const number = (name: keyof typeof OPTIONS, otherwise: number) => Number(settings[name] ?? otherwise)
  const sha256 = ownHash()
  const daemon = await Daemon.start({
    dir,
    script: SCRIPT,
    version: manifest.version,
    sha256,
    idleExitMs: settings['idle-exit-ms'] === undefined ? undefined : Number(settings['idle-exit-ms']),
    flags,
    disk: {
      warnBytes: number('disk-warn-bytes', DISK_THRESHOLDS.warnBytes),
      stopBytes: number('disk-stop-bytes', DISK_THRESHOLDS.stopBytes),
      checkMs: number('disk-check-ms', DISK_THRESHOLDS.checkMs),
    },
    log: (message) => console.error(`${new Date().toISOString()} ${message}`),
    onEnd: () => process.exit(0),
  })
  if (!(daemon instanceof Daemon)) {
    throw new SkeinError('conflict', `process ${daemon.heldBy} is the runner of ${dir}`, {
      next: 'Use it, or end it first.',
    })
  }
  process.on('unhandledRejection', (reason) => {
    console.error(new Date().toISOString(), 'a defect: nobody looked after', reason)
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void daemon.end())
  process.on('SIGHUP', () => {})
  writeServing(dir, { sha256, socket: socketPath(dir) })
  removeOldVersions(dir, sha256)
}

/** Whoever waits for the announcement must hear of a failure the same way. */
async function announcing(mark: string | undefined, join: () => Promise<void>): Promise<void> {
  try {
    await join()
  } catch (error) {
    if (mark !== undefined) {
      const { SkeinError } = await import('@skein/protocol')
      await announce(mark, 'error', SkeinError.from(error, 'runner').toBody())
    }
    throw error
  }
}

main().catch(async (error: unknown) => {
  const { SkeinError } = await import('@skein/protocol')
  const { code, message, next } = SkeinError.from(error, 'runner')
  console.error(next === undefined ? message : `${message}\n${next}`)
  // The log may be on the disk that is full: the exit status is what is left to say it with.
  process.exit(code === 'disk_full' ? DISK_FULL_STATUS : 1)
})
