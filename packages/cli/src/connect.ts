import { type SkeinApi, withReconnect } from '@skein/protocol'
import { connectIfRunning, connectOrStart } from '@skein/server/connect'
import { keepFlyToken } from './fly-token.ts'
import { skeinHome } from './home.ts'
import { mainPath } from './main-path.ts'
import { version } from './version.ts'

/** The server's end of Skein on this computer; it is started in the background when there is none, and again when it dies. */
export function connectToServer(env: NodeJS.ProcessEnv, onNotice: (message: string) => void): SkeinApi {
  keepFlyToken(process.argv, env, skeinHome(env))
  return withReconnect((signal) =>
    connectOrStart({
      home: skeinHome(env),
      version: version(),
      spawn: { command: process.execPath, args: [...process.execArgv, mainPath, 'serve', '--background'], env },
      signal,
      onNotice,
    }),
  )
}

/** The server if one runs. */
export function connectToRunningServer(env: NodeJS.ProcessEnv): Promise<SkeinApi | undefined> {
  return connectIfRunning({ home: skeinHome(env) })
}
