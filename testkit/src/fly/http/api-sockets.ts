import { once } from 'node:events'
import { chmod, mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'

/** The API as machines have it at `/.fly/api`: a Unix socket, good for their own app without a token. One for each app. */
export class ApiSockets {
  readonly #folder: string
  readonly #handle: (app: string, request: IncomingMessage, response: ServerResponse) => void
  readonly #servers = new Map<string, Promise<Server>>()

  constructor(folder: string, handle: (app: string, request: IncomingMessage, response: ServerResponse) => void) {
    this.#folder = folder
    this.#handle = handle
  }

  /** The folder that the socket is in, on this computer. */
  async folderOf(app: string): Promise<string> {
    const folder = join(this.#folder, app)
    const server = this.#servers.get(app) ?? this.#listen(app, folder)
    this.#servers.set(app, server)
    await server
    return folder
  }

  async close(): Promise<void> {
    for (const starting of this.#servers.values()) {
      const server = await starting
      server.closeAllConnections()
      server.close()
    }
  }

  async #listen(app: string, folder: string): Promise<Server> {
    await mkdir(folder, { recursive: true })
    const server = createServer((request, response) => this.#handle(app, request, response))
    const socket = join(folder, 'api')
    server.listen(socket)
    await once(server, 'listening')
    // A machine's process need not be root.
    await chmod(socket, 0o777)
    return server
  }
}
