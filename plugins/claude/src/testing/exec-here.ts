import { execFile } from 'node:child_process'
import type { ProbeExec } from '@skein/plugin-api'

/** Runs a command on this computer, with this environment or the given one. */
export function execIn(env: Record<string, string | undefined>): ProbeExec {
  return ([command = '', ...args], options) =>
    new Promise((resolve) => {
      execFile(command, args, { env, timeout: options?.timeoutMs ?? 10_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
        resolve({ code, stdout, stderr })
      })
    })
}

export const execHere: ProbeExec = execIn(process.env)
