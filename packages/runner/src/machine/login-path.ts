import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { readRecord, replaceFile } from '../system/durable.ts'

const LIMIT_MS = 3000
const REFRESH_AFTER_MS = 5000
const MARK = '__skein_path__'

const run = promisify(execFile)

/**
 * The user's PATH as a login shell sets it: what a command over ssh gets often lacks the places that nvm, pyenv and others add.
 * Asked once in the background and remembered, so that only a machine's very first client may wait for it.
 */
export function loginPath(dir: string): Promise<string> {
  const file = join(dir, 'login-path.json')
  const shell = process.env.SHELL ?? '/bin/sh'
  const remembered = readRecord(file, z.object({ shell: z.string(), path: z.string() }))
  const asking = async () => {
    const path = await ask(shell)
    if (path !== undefined) remember(file, shell, path)
    return path ?? process.env.PATH ?? ''
  }
  if (remembered?.shell !== shell) return asking()
  // For the next runner.
  setTimeout(() => void asking(), REFRESH_AFTER_MS).unref()
  return Promise.resolve(remembered.path)
}

function remember(file: string, shell: string, path: string): void {
  try {
    replaceFile(file, JSON.stringify({ shell, path }))
  } catch {
    // On a full disk it is asked again the next time.
  }
}

async function ask(shell: string): Promise<string | undefined> {
  try {
    const command = `printf '${MARK}%s${MARK}' "$PATH"`
    const { stdout } = await run(shell, ['-lc', command], { timeout: LIMIT_MS, killSignal: 'SIGKILL', cwd: homedir() })
    // A profile may print things of its own around it.
    return stdout.split(MARK)[1]
  } catch {
    return undefined
  }
}
