import { text } from 'node:stream/consumers'
import { RpcPeer, type RunnerResult, socketPath } from '@skein/protocol'
import { open } from '../daemon/serving.ts'

const KNOWN = new Set(['protocol', 'host', 'path', 'username'])

/**
 * `runner credential get`: git's credential helper protocol on stdin and stdout, answered by whoever is connected to the daemon.
 * What git wants to have stored or erased is not ours to keep.
 */
export async function answerGit(dir: string, verb: string | undefined): Promise<void> {
  if (verb !== 'get') return
  const wanted = Object.fromEntries(
    (await text(process.stdin)).split('\n').flatMap((line) => {
      const [name = '', value] = line.split(/=(.*)/s)
      return value !== undefined && KNOWN.has(name) ? [[name, value]] : []
    }),
  )
  const stream = await open(socketPath(dir))
  if (!stream || wanted.protocol === undefined || wanted.host === undefined) return
  const peer = new RpcPeer(stream)
  try {
    const found = (await peer.request('credential.get', wanted)) as RunnerResult<'credential.get'>
    if (found.password === undefined) return
    const lines = [
      ...(found.username === undefined ? [] : [`username=${found.username}`]),
      `password=${found.password}`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  } finally {
    peer.close()
  }
}
