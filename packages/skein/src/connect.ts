import { join, resolve } from 'node:path'
import { withReconnect } from '@skein/protocol'
import { createHttpClient } from '@skein/protocol/node'
import { Skein } from './skein.ts'

/** A server on another computer or port, with its token; or this computer's, by its home. */
export type ConnectTarget = { url: string; token: string } | { home: string }

/**
 * The same calls over a Skein server: its runs show in its app, and work on when this process dies.
 *
 * @example
 * await using skein = connect({ home: '/home/me/.skein' })
 * await skein.run({ prompt: 'Say hello' })
 */
export function connect(target: ConnectTarget): Skein {
  const http = 'home' in target ? { socketPath: join(resolve(target.home), 'server.sock') } : target
  const api = withReconnect(async () => createHttpClient(http))
  return new Skein(api, {
    keeps: true,
    hold: () => undefined,
    release: () => undefined,
    close: () => api[Symbol.asyncDispose](),
  })
}
