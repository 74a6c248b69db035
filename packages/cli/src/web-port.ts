import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'

/** Where the web app is looked for, unless it is taken. */
const FIRST_PORT = 7533
const TRIES = 50

/**
 * Starts something at the port that the web app had last, so that bookmarks and open pages find it again; else at the first free one.
 *
 * @param start throws `conflict` with `details.errno` EADDRINUSE when somebody else took the port meanwhile
 */
export async function atPort<T>(
  { home, host, asked }: { home: string; host: string; asked: number | undefined },
  start: (port: number) => Promise<T>,
): Promise<T> {
  if (asked !== undefined) return start(asked)
  const kept = keptPort(home)
  const candidates = [...(kept === undefined ? [] : [kept]), ...Array.from({ length: TRIES }, (_, n) => FIRST_PORT + n)]
  for (const port of candidates) {
    if (!(await isFree(port, host))) continue
    try {
      return await start(port)
    } catch (error) {
      if (!(error instanceof SkeinError && error.details?.errno === 'EADDRINUSE')) throw error
    }
  }
  throw new SkeinError('unavailable', `no port from ${FIRST_PORT} to ${FIRST_PORT + TRIES - 1} is free on ${host}`, {
    next: 'Name one: skein up --port N',
  })
}

export function keepPort(home: string, url: string): void {
  const { port } = new URL(url)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  writeFileSync(portFile(home), `${port}\n`, { mode: 0o600 })
}

function keptPort(home: string): number | undefined {
  const file = portFile(home)
  const port = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN
  return port >= 1 && port <= 65_535 ? port : undefined
}

const portFile = (home: string) => join(home, 'web-port')

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
