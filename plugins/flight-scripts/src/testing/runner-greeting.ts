import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import type { Machine } from '@skein/plugin-api'

/** Asks a runner something, over a stream that nobody else uses at the time. */
export async function ask(stream: Duplex, method: string, params: object): Promise<Record<string, unknown>> {
  stream.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`)
  const lines = createInterface({ input: stream })
  const [line] = await once(lines, 'line')
  lines.close()
  stream.resume()
  const answer = JSON.parse(line) as { result: Record<string, unknown> }
  return answer.result
}

/** Opens the way to a machine's runner, and has the runner say who it is. */
export async function greet(machine: Machine): Promise<{ stream: Duplex; hello: Record<string, unknown> }> {
  const stream = await machine.open({ runner: true })
  stream.on('error', () => {})
  return { stream, hello: await ask(stream, 'hello', { protocol: [1], client: 'test', clientVersion: '0' }) }
}
