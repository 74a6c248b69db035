import { runServer } from '@skein/server'
import { openSkein, version } from 'skein'
import { skeinHome } from './home.ts'
import { parseDuration } from './option-values.ts'

const IDLE_EXIT = '5m'

export interface ServeOptions {
  /** End when nothing runs and nobody is connected for a while (`SKEIN_SERVER_IDLE`, five minutes by default). */
  background?: boolean
}

/** `skein serve`: the server in the foreground; the first command that needs one starts it with `--background`. */
export function serve(options: ServeOptions, env: NodeJS.ProcessEnv): Promise<never> {
  const home = skeinHome(env)
  return runServer({
    home,
    version,
    open: () => openSkein({ home, log: writeLog }),
    ...(options.background ? { idleExitMs: parseDuration(env.SKEIN_SERVER_IDLE ?? IDLE_EXIT) } : {}),
  })
}

/** Warnings and errors go to the process's output, which a background server keeps in its home. */
function writeLog(level: string, message: string, fields?: Record<string, unknown>): void {
  if (level !== 'warn' && level !== 'error') return
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`)
}
