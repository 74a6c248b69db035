import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { replaceFile } from '../system/durable.ts'

/** Which version the daemon is and where it listens: so that whoever joins it need not load what it takes to ask. */
export interface Serving {
  sha256: string
  socket: string
}

const fileOf = (dir: string) => join(dir, 'serving.json')

export function writeServing(dir: string, serving: Serving): void {
  replaceFile(fileOf(dir), JSON.stringify(serving))
}

/** A stream to the daemon if it is of the version `sha256`; undefined when it is not, or nobody answers. */
export async function joinServing(dir: string, sha256: string): Promise<Socket | undefined> {
  try {
    const serving = JSON.parse(readFileSync(fileOf(dir), 'utf8')) as Serving
    return serving.sha256 === sha256 ? await open(serving.socket) : undefined
  } catch {
    return undefined
  }
}

/** A stream to whoever listens there; undefined while nobody does. */
export function open(socket: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const stream = connect(socket)
    stream.once('connect', () => resolve(stream))
    stream.once('error', () => {
      stream.destroy()
      resolve(undefined)
    })
  })
}
