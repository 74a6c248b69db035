import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import type { SystemProcess } from '../system/processes.ts'

type Listening = RunnerResult<'ports.listening'>[number]

const run = promisify(execFile)

/** What listens on TCP: everything on the machine, or only what the given processes' members opened. */
export async function listeningPorts(
  members: Map<string, SystemProcess[]>,
  onlyMembers: boolean,
): Promise<Listening[]> {
  const owners = new Map<number, string>()
  for (const [id, processes] of members) for (const { pid } of processes) owners.set(pid, id)
  const ports = process.platform === 'linux' ? fromProc(owners) : await fromLsof()
  const named = ports.map((port) => {
    const owner = port.pid === undefined ? undefined : owners.get(port.pid)
    return owner === undefined ? port : { ...port, process: owner }
  })
  return onlyMembers ? named.filter((port) => port.process !== undefined) : named
}

/** Really tries the ports: what a container or another user holds shows in no list of ours. */
export async function freePorts({ from, to, count, taken }: RunnerParams<'ports.free'>): Promise<{ port: number }> {
  const refused = new Set(taken)
  for (let first = from; first + count - 1 <= to; ) {
    const blocked = await lastBlocked(first, count, refused)
    if (blocked === undefined) return { port: first }
    first = blocked + 1
  }
  throw new SkeinError('unavailable', `there are no ${count} successive free ports between ${from} and ${to}`, {
    next: 'Remove workspaces that are no longer needed, or widen the range.',
  })
}

/** The last port of the range that is not free; from the end, since the next try begins behind it. */
async function lastBlocked(first: number, count: number, refused: Set<number>): Promise<number | undefined> {
  for (let port = first + count - 1; port >= first; port--) {
    if (refused.has(port) || !(await canListen(port, '127.0.0.1')) || !(await canListen(port, '::'))) return port
  }
  return undefined
}

async function canListen(port: number, host: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has no such address; that is no sign of anybody else.
      resolve(error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')
    })
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function fromProc(owners: Map<number, string>): Listening[] {
  const sockets = new Map<string, number>()
  for (const pid of owners.keys()) for (const inode of socketsOf(pid)) sockets.set(inode, pid)
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => {
    return readLines(table).flatMap((line) => {
      const fields = line.trim().split(/\s+/)
      const [address, port] = (fields[1] ?? '').split(':')
      if (fields[3] !== LISTEN || address === undefined || port === undefined) return []
      const pid = sockets.get(fields[9] ?? '')
      return { port: Number.parseInt(port, 16), address: addressOf(address), ...(pid === undefined ? {} : { pid }) }
    })
  })
}

const LISTEN = '0A'

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').slice(1)
  } catch {
    return []
  }
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

/** The kernel prints addresses as 32-bit words in host order. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => [...Buffer.from(word, 'hex')].reverse())
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.every((byte) => byte === 0)) return '::'
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return '::1'
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  return groups.join(':')
}

async function fromLsof(): Promise<Listening[]> {
  const { stdout } = await run('lsof', ['-nP', '-iTCP', '-sTCP:LISTEN', '-Fpn']).catch(() => ({ stdout: '' }))
  let pid: number | undefined
  return stdout.split('\n').flatMap((line) => {
    if (line.startsWith('p')) pid = Number(line.slice(1))
    const found = /^n(.*):(\d+)$/.exec(line)
    if (!found) return []
    const address = found[1] === '*' ? '::' : (found[1] ?? '').replace(/^\[|\]$/g, '')
    return { port: Number(found[2]), address, ...(pid === undefined ? {} : { pid }) }
  })
}
