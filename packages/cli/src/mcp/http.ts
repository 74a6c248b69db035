import { createMcpHandler } from '@modelcontextprotocol/server'
import type { SkeinApi } from '@skein/protocol'
import { Caller } from './caller.ts'
import { createServer } from './server.ts'

/** MCP over HTTP, at a server that is up: the same tools; agents get what the server gives to those of the web app. */
export function mcpHandler(api: SkeinApi): (request: Request) => Promise<Response> {
  const world = { api, caller: new Caller(api, {}, undefined) }
  // A client asks again and again, so nothing is kept between two requests.
  const handler = createMcpHandler(() => createServer(world, false))
  return (request) => handler.fetch(request)
}
