import { isJSONRPCRequest, type McpServer } from '@modelcontextprotocol/server'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import type { SkeinApi } from '@skein/protocol'
import { Caller } from './caller.ts'
import type { McpWorld } from './define.ts'
import { refuseUnknown } from './resources.ts'
import { createServer } from './server.ts'
import { ResourceWatch } from './watch.ts'

export interface McpOptions {
  api: SkeinApi
  env: NodeJS.ProcessEnv
  cwd: string
  onError(error: Error): void
}

/** Serves MCP on stdin and stdout, in the protocol's revisions of before and since 2026, until stdin ends. */
export async function serveMcp({ api, env, cwd, onError }: McpOptions): Promise<void> {
  const world: McpWorld = { api, caller: new Caller(api, env, cwd), env, cwd }
  const transport = new StdioServerTransport()
  const ended = Promise.withResolvers<void>()
  const watches: ResourceWatch[] = []
  const handle = serveStdio(
    ({ era }) => {
      const { server, watch } = watchedServer(world, era === 'legacy')
      watches.push(watch)
      return server
    },
    { transport, onerror: onError },
  )
  const { onmessage, onclose } = transport
  transport.onmessage = (message) => {
    // The SDK answers this one by itself, and tells nobody.
    if (isJSONRPCRequest(message) && message.method === 'subscriptions/listen')
      for (const watch of watches) watch.start()
    onmessage?.(message)
  }
  transport.onclose = () => {
    onclose?.()
    ended.resolve()
  }
  try {
    await ended.promise
  } finally {
    for (const watch of watches) watch[Symbol.dispose]()
    await handle.close()
  }
}

/** A server, and who tells its client of changes. Clients of before 2026 ask it for that; later ones the SDK. */
function watchedServer(world: McpWorld, legacy: boolean): { server: McpServer; watch: ResourceWatch } {
  const server = createServer(world, true)
  const wanted = legacy ? new Set<string>() : undefined
  const watch = new ResourceWatch(world.api, world.caller, server.server, wanted)
  if (wanted) {
    server.server.setRequestHandler('resources/subscribe', ({ params: { uri } }) => {
      refuseUnknown(uri)
      wanted.add(uri)
      watch.start()
      return {}
    })
    server.server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
      wanted.delete(uri)
      return {}
    })
  }
  return { server, watch }
}
