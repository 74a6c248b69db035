import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { SessionEnvironment, SkeinApi } from '@skein/protocol'
import { runServer, type ServeOptions as ServerOptions, type WebOptions } from '@skein/server'
import { openSkein, version, webAssets } from 'skein'
import type * as z from 'zod'
import { skeinHome } from './home.ts'
import { parseDuration } from './option-values.ts'

const IDLE_EXIT = '5m'

export interface ServeOptions {
  /** End when nothing runs and nobody is connected for a while (`SKEIN_SERVER_IDLE`, five minutes by default). */
  background?: boolean
  /** With the web app; what `skein up --detach` asks for comes as a `WebRequest` on stdin. */
  web?: boolean
}

/** How the web app is to be served: what a person said to `skein up`. */
export interface WebFlags {
  host: string
  port: number
  allowHost?: string[]
  tlsCert?: string
  tlsKey?: string
  tunnel?: boolean
}

/** What a detached server is told on its stdin, since neither argv nor its environment is a place for secrets. */
export interface WebRequest {
  web: WebFlags
  environment: z.input<typeof SessionEnvironment>
}

/** `skein serve`: the server in the foreground; the first command that needs one starts it with `--background`. */
export async function serve(options: ServeOptions, env: NodeJS.ProcessEnv): Promise<never> {
  if (options.web) {
    const request = JSON.parse(await text(process.stdin)) as WebRequest
    return runServer(await webServer(request, env, () => {}))
  }
  const home = skeinHome(env)
  return runServer({
    home,
    version,
    open: () => openSkein({ home, log: writeLog }),
    ...(options.background ? { idleExitMs: parseDuration(env.SKEIN_SERVER_IDLE ?? IDLE_EXIT) } : {}),
  })
}

/** A server with the web app, and with the demo project that it offers. */
export async function webServer(
  { web, environment }: WebRequest,
  env: NodeJS.ProcessEnv,
  onBuilding: () => void,
): Promise<ServerOptions> {
  const home = skeinHome(env)
  const { webDemo } = await import('./demo/web-demo.ts')
  const demo = webDemo(home, env)
  return {
    home,
    version,
    web: { ...webOptions(web, await webAssets(onBuilding)), mcp: (api) => mcpOverHttp(api) },
    open: async () => {
      await demo.resume()
      const engine = await openSkein({ home, log: writeLog, environment, demo })
      return {
        api: engine.api,
        busy: engine.busy,
        openPort: engine.openPort,
        tunnels: engine.tunnels,
        close: async () => {
          await engine.close()
          await demo[Symbol.asyncDispose]()
        },
      }
    },
  }
}

function webOptions({ host, port, allowHost = [], tlsCert, tlsKey, tunnel }: WebFlags, assets: string): WebOptions {
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') }
  return { host, port, allowHosts: allowHost, assets, ...(tls ? { tls } : {}), ...(tunnel ? { tunnel } : {}) }
}

/** Loaded when somebody speaks it. */
function mcpOverHttp(api: SkeinApi): (request: Request) => Promise<Response> {
  let handler: Promise<(request: Request) => Promise<Response>> | undefined
  return async (request) => {
    handler ??= import('./mcp/http.ts').then(({ mcpHandler }) => mcpHandler(api))
    return (await handler)(request)
  }
}

/** Warnings and errors go to the process's output, which a background server keeps in its home. */
function writeLog(level: string, message: string, fields?: Record<string, unknown>): void {
  if (level !== 'warn' && level !== 'error') return
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`)
}
