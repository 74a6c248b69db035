import { SkeinError } from '@skein/plugin-api'
import { isExecutable } from './script-process.ts'
import type { FlightScript } from './scripts.ts'

/** An end of `connect` that came before the runner answered. */
export interface ConnectEnd {
  code: number | null
  signal: string | null
  stderr: string
  stdout: string
  /** The one argument that it was given. */
  command: string
}

/** Why a `connect` script ended too early, and what to do about it. */
export function explainConnect(end: ConnectEnd, script: FlightScript, workspace: string): SkeinError {
  const what = `connecting to ${workspace} with ${script.source}`
  const said = [end.stderr.trim(), end.stdout.trim()].filter((text) => text !== '').join('\n')
  const quoted = said === '' ? '' : `:\n${said.slice(-2000)}`
  if (script.path !== undefined && !isExecutable(script.path))
    return new SkeinError('invalid', `${what}: the script is not executable`, { next: `chmod +x ${script.path}` })
  if (/bad interpreter|: interpreter .* not found/i.test(end.stderr))
    return new SkeinError('missing', `${what}: what its first line names is not there${quoted}`, {
      next: 'Install it, or correct the first line (#!…) of the script.',
    })
  if ((end.code === 126 || end.code === 127) && tookForProgram(said, end.command))
    return new SkeinError(
      'invalid',
      `${what}: the script took its argument for the name of a program${quoted.slice(0, 600)}`,
      {
        next: 'Its one argument is a command line for a shell on the machine: `docker exec -i NAME sh -c "$1"`, not `docker exec NAME "$@"`.',
      },
    )
  if (end.code === 0)
    return new SkeinError('invalid', `${what}: the script ended well but ran nothing on the machine${quoted}`, {
      next: `It must hand its one argument to a shell on the machine and stay until that ends. Try: FLIGHT_WORKSPACE=${workspace} ${script.path ?? 'the command'} 'echo hello'`,
    })
  const how = end.signal ? `was ended by ${end.signal}` : `ended with exit ${end.code}`
  return new SkeinError('unavailable', `${what}: the script ${how} before it was connected${quoted}`, {
    next: `Try it by hand: FLIGHT_WORKSPACE=${workspace} ${script.path ?? 'the command'} 'echo hello'`,
    details: { exit: end.code },
  })
}

/** Whoever looks for a program of that name complains with its name. */
function tookForProgram(said: string, command: string): boolean {
  if (/OCI runtime exec failed|executable file not found/i.test(said)) return true
  const start = command.trimStart().slice(0, 12)
  return start !== '' && said.includes(start) && /no such file|not found|too long|permission denied/i.test(said)
}
