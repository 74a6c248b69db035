import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import type { EngineContext } from '../context.ts'

const LIMIT_MS = 5000

/** What a service's port says: `null` when it is well, else what is wrong. */
export async function askHealth(
  context: EngineContext,
  machineId: string,
  port: number,
  path: string | null,
): Promise<null | { listens: boolean; problem: string }> {
  const limit = AbortSignal.any([AbortSignal.timeout(LIMIT_MS), context.signal])
  let stream: Duplex
  try {
    const machine = await context.machines.machine(machineId)
    stream = await machine.open({ port }, limit)
  } catch {
    return { listens: false, problem: `nothing answers on port ${port}` }
  }
  try {
    if (path === null) return null
    const status = await get(stream, port, path, limit)
    return status < 400 ? null : { listens: true, problem: `${path} answers ${status}` }
  } catch (error) {
    const why = limit.aborted ? `no answer within ${LIMIT_MS / 1000} seconds` : String(error)
    return { listens: true, problem: `${path}: ${why}` }
  } finally {
    stream.destroy()
  }
}

function get(stream: Duplex, port: number, path: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => stream,
      path,
      headers: { host: `localhost:${port}`, connection: 'close', accept: '*/*' },
      signal,
    })
    asked.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('error', reject)
    asked.end()
  })
}
