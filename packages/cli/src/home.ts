import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where Skein keeps its state on this computer: `$SKEIN_HOME`, or `~/.skein`. */
export function skeinHome(env: NodeJS.ProcessEnv): string {
  return env.SKEIN_HOME ? resolve(env.SKEIN_HOME) : join(homedir(), '.skein')
}
