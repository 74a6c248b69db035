// What a server process needs. To connect to one: `@skein/server/connect`, which loads no web server.
export { type ServerPaths, serverPaths } from './home.ts'
export type { OpenPort } from './previews/proxy.ts'
export { runServer } from './run-server.ts'
export { type Served, type ServeOptions, type Server, type StopReason, serve } from './serve.ts'
export type { WebOptions } from './web/web.ts'
