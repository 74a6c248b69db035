import { readdir, readFile } from 'node:fs/promises'

export interface TreeProcess {
  /** On this computer. */
  readonly pid: number
  /** In its own namespace. */
  readonly inner: number
  readonly command: string
  /** Bytes that are its own: not those of files that it maps. */
  readonly memory: number
}

/** A process and all below it, parents first. */
export async function processTree(pid: number): Promise<TreeProcess[]> {
  const status = await read(`/proc/${pid}/status`)
  if (status === '' || /^State:\s+[ZX]/m.test(status)) return []
  const [command, children] = await Promise.all([read(`/proc/${pid}/cmdline`), childrenOf(pid)])
  const below = await Promise.all(children.map(processTree))
  const own: TreeProcess = {
    pid,
    inner: Number(/^NSpid:.*?(\d+)$/m.exec(status)?.[1] ?? pid),
    command: command.replaceAll('\0', ' ').trim(),
    memory: kilobytes(status, 'RssAnon') + kilobytes(status, 'RssShmem'),
  }
  return [own, ...below.flat()]
}

export async function childrenOf(pid: number): Promise<number[]> {
  const list = await read(`/proc/${pid}/task/${pid}/children`)
  return list.split(' ').filter(Boolean).map(Number)
}

/** The first process that was started with that variable, whatever namespaces it is in. */
export async function processWith(variable: string): Promise<number | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  for (const pid of pids.sort((a, b) => a - b))
    if ((await read(`/proc/${pid}/environ`)).split('\0').includes(variable)) return pid
  return undefined
}

/** Whether somebody accepts connections from other hosts there, in the network of that process. */
export async function listensOn(pid: number, port: number): Promise<boolean> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => read(`/proc/${pid}/net/${name}`)))
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return tables.some((table) =>
    table.split('\n').some((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/)
      const [address = '', localPort] = local.split(':')
      return state === '0A' && localPort === wanted && !isLoopback(address)
    }),
  )
}

function isLoopback(address: string): boolean {
  return address === '0100007F' || address === '00000000000000000000000001000000'
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024
}

/** A process may end between two looks. */
function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
