import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { daemonEnvironment, PROXY_VARIABLES } from '@skein/plugin-api'

/** How a script is started: in a login shell, so that it has the PATH that the person's own shell gives. */
export interface ScriptProcess {
  argv: [string, ...string[]]
  env: Record<string, string>
  cwd: string
}

/** What scripts need of the environment beyond what every process gets: where things are, never a credential. */
const ALSO_PASSED = [
  'TERM',
  ...PROXY_VARIABLES,
  'AWS_PROFILE',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_CONFIG_FILE',
  'CODER_URL',
  'CODER_CONFIG_DIR',
  'KUBECONFIG',
]

/** `command` is shell text; `args` are its `$1`, `$2`, … */
export function scriptProcess(
  command: string,
  args: readonly string[],
  at: { cwd: string; variables?: Record<string, string> },
  from: Record<string, string | undefined> = process.env,
): ScriptProcess {
  const env = daemonEnvironment(from)
  for (const name of ALSO_PASSED) {
    const value = from[name]
    if (value !== undefined) env[name] = value
  }
  const shell = shellOn(env.PATH)
  return {
    argv: [shell, '-l', '-c', command, ...(args.length === 0 ? [] : ['_', ...args])],
    env: { ...env, ...at.variables },
    cwd: at.cwd,
  }
}

/** zsh, as Flight uses it; bash or sh where there is none. */
export function shellOn(path: string | undefined): string {
  return onPath('zsh', path) ?? onPath('bash', path) ?? '/bin/sh'
}

function onPath(program: string, path = '/usr/bin:/bin'): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, program))
    .find(isExecutable)
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** One word for a POSIX shell. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
