import { SkeinError } from '@skein/protocol'
import { EXIT_LOCK_HELD } from './lock.ts'
import { type ServeOptions, type Server, serve } from './serve.ts'

/**
 * The main path of a server process: serves until it is idle, is asked to stop, or gets SIGTERM or SIGINT; then exits. What
 * prevents the start is printed as `{"error": …}`, one line, which `connectOrStart` reads.
 */
export async function runServer(options: ServeOptions): Promise<never> {
  let server: Server
  try {
    server = await serve(options)
  } catch (thrown) {
    const error = SkeinError.from(thrown, `starting the server of ${options.home}`)
    if (error.details?.lock === 'held') process.exit(EXIT_LOCK_HELD)
    console.error(JSON.stringify({ error: error.toBody() }))
    process.exit(1)
  }
  process.on('SIGTERM', () => void server.stop('signal'))
  process.on('SIGINT', () => void server.stop('signal'))
  await server.stopped
  process.exit(0)
}
