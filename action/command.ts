import { spawnSync } from 'node:child_process'

const LOG_TAIL = 12_000

/** Runs a command line in a shell, and shows what it prints; `log` is the end of that. */
export function runCommand(command: string): { ok: boolean; log: string } {
  console.log(`::group::${command}`)
  const { status, stdout, stderr } = spawnSync(command, { shell: true, encoding: 'utf8', maxBuffer: 2 ** 28 })
  process.stdout.write(stdout + stderr)
  console.log('::endgroup::')
  return { ok: status === 0, log: (stdout + stderr).slice(-LOG_TAIL) }
}
