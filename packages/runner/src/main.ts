import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SkeinError } from '@skein/protocol'
import manifest from '../package.json' with { type: 'json' }
import { ensureDaemon, open } from './daemon/launch.ts'
import { DISK_THRESHOLDS } from './machine/disk-guard.ts'
import { closeInherited } from './system/descriptors.ts'

const USAGE = `usage: runner start|serve|attach --dir DIR [--idle-exit-ms N]
       runner version

  start    starts the daemon of DIR in the background, if none answers; prints {"socket","pid"}
  serve    is the daemon of DIR, in the foreground
  attach   as start, then joins stdin and stdout to the daemon's socket
  version  prints the SHA-256 of this file`

const SCRIPT = fileURLToPath(import.meta.url)

/** SHA-256 of the bundle; `source` when this is none. */
function ownHash(): string {
  return SCRIPT.endsWith('.cjs') ? createHash('sha256').update(readFileSync(SCRIPT)).digest('hex') : 'source'
}

const OPTIONS = {
  dir: { type: 'string' },
  'idle-exit-ms': { type: 'string' },
  'disk-warn-bytes': { type: 'string' },
  'disk-stop-bytes': { type: 'string' },
  'disk-check-ms': { type: 'string' },
} as const

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
  const { values } = parseArgs({ args: rest, options: OPTIONS })
  if (values.dir === undefined || !['start', 'serve', 'attach'].includes(verb ?? '')) {
    console.error(USAGE)
    process.exitCode = 2
    return
  }
  const dir = resolve(values.dir)
  const { dir: _dir, ...settings } = values
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
  if (verb === 'serve') return await serve(dir, values, flags)
  const daemon = await ensureDaemon(dir, SCRIPT, flags)
  if (verb === 'start') console.log(JSON.stringify(daemon))
  else await attach(daemon.socket)
  // A pipe of ours to a daemon we just started does not exist; only its handle keeps us.
  process.exit()
}

async function serve(
  dir: string,
  values: Partial<Record<keyof typeof OPTIONS, string>>,
  flags: string[],
): Promise<void> {
  // Loaded here, because the others do without most of it and are waited for.
  const { Daemon } = await import('./daemon/daemon.ts')
  const number = (name: keyof typeof OPTIONS, otherwise: number) => Number(values[name] ?? otherwise)
  const daemon = await Daemon.start({
    dir,
    script: SCRIPT,
    version: manifest.version,
    sha256: ownHash(),
    idleExitMs: values['idle-exit-ms'] === undefined ? undefined : Number(values['idle-exit-ms']),
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
}

async function attach(path: string): Promise<void> {
  const socket = await open(path)
  if (!socket)
    throw new SkeinError('unavailable', `attaching to ${path}: nothing listens there any more`, { next: 'Try again.' })
  // Either end's end is the end.
  await Promise.race([pipeline(process.stdin, socket), pipeline(socket, process.stdout)]).catch(() => {})
}

main().catch((error: unknown) => {
  const { message, next } = SkeinError.from(error, 'runner')
  console.error(next === undefined ? message : `${message}\n${next}`)
  process.exit(1)
})
