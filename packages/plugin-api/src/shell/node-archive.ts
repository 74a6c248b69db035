import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import { SkeinError } from '@skein/protocol'
import type { NodePackage } from './node-release.ts'

const DEFAULT_REGISTRY = 'https://registry.npmjs.org'
const FETCH_MS = 300_000
const BLOCK = 512

/** A Node's package on this computer, its hash verified, and what its executable must be when it was unpacked. */
export interface NodeArchive {
  path: string
  size: number
  executable: { size: number; sha256: string }
}

/** The package from `<home>/node`, fetched from the registry that npm is configured with if it is not there. */
export async function nodeArchive(home: string, node: NodePackage, signal?: AbortSignal): Promise<NodeArchive> {
  const folder = join(home, 'node')
  const path = join(folder, `${node.name}-${node.version}.tgz`)
  const notes = `${path}.json`
  try {
    const executable = JSON.parse(await readFile(notes, 'utf8')) as NodeArchive['executable'] & { sha512: string }
    if (executable.sha512 === node.sha512) return { path, size: (await stat(path)).size, executable }
  } catch {
    // Not fetched yet.
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await download(await npmRegistry(), node, temporary, signal)
    const hash = createHash('sha256')
    let size = 0
    for await (const part of nodeExecutable(temporary)) {
      hash.update(part)
      size += part.length
    }
    const executable = { size, sha256: hash.digest('hex') }
    await rename(temporary, path)
    await writeFile(notes, JSON.stringify({ ...executable, sha512: node.sha512 }), { mode: 0o600 })
    return { path, size: (await stat(path)).size, executable }
  } finally {
    await rm(temporary, { force: true })
  }
}

/** The bytes of `package/bin/node` in a package's tarball. */
export async function* nodeExecutable(archive: string): AsyncGenerator<Buffer> {
  const source = createReadStream(archive)
  const unzipped = createGunzip()
  source.on('error', (error) => unzipped.destroy(error))
  let held: Buffer = Buffer.alloc(0)
  // Of the entry under way: bytes of it and of its padding that are still to come.
  let wanted = 0
  let skipped = 0
  try {
    for await (const bytes of source.pipe(unzipped) as AsyncIterable<Buffer>) {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
      for (;;) {
        if (wanted > 0) {
          const part = held.subarray(0, wanted)
          held = held.subarray(part.length)
          wanted -= part.length
          if (part.length > 0) yield part
          if (wanted === 0) return
          break
        }
        const skip = Math.min(skipped, held.length)
        held = held.subarray(skip)
        skipped -= skip
        if (skipped > 0 || held.length < BLOCK) break
        const name = text(held, 0, 100)
        const size = Number.parseInt(text(held, 124, 12), 8) || 0
        held = held.subarray(BLOCK)
        if (name === 'package/bin/node') wanted = size
        else skipped = Math.ceil(size / BLOCK) * BLOCK
      }
    }
  } finally {
    source.destroy()
    unzipped.destroy()
  }
  throw new SkeinError('invalid', `unpacking ${archive}: there is no whole package/bin/node in it`, {
    next: 'Remove the file and try again.',
  })
}

const text = (bytes: Buffer, from: number, length: number) =>
  bytes.toString('latin1', from, from + length).replace(/\0.*$/s, '')

async function download(registry: string, node: NodePackage, to: string, signal?: AbortSignal): Promise<void> {
  const { url, headers } = withoutCredentials(`${registry}/${node.name}/-/${node.name}-${node.version}.tgz`)
  const doing = `fetching ${node.name} ${node.version} from ${new URL(url).host}`
  const hash = createHash('sha512')
  try {
    const limits = [AbortSignal.timeout(FETCH_MS), ...(signal ? [signal] : [])]
    const response = await fetch(url, { headers, signal: AbortSignal.any(limits) })
    if (!response.ok || response.body === null) throw new Error(`it answered ${response.status}`)
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
    await pipeline(
      body,
      async function* (parts: AsyncIterable<Buffer>) {
        for await (const part of parts) {
          hash.update(part)
          yield part
        }
      },
      createWriteStream(to, { mode: 0o600 }),
    )
  } catch (error) {
    if (signal?.aborted) throw new SkeinError('cancelled', `${doing}: cancelled`, { cause: error })
    const { message, cause } = error as Error
    const why = cause instanceof Error ? `${message}: ${cause.message}` : message
    throw new SkeinError('unavailable', `${doing}: ${why}`, { cause: error })
  }
  if (hash.digest('base64') !== node.sha512)
    throw new SkeinError('invalid', `${doing}: what came has another hash than the one Skein was released with`, {
      next: 'Check which registry npm uses: npm config get registry',
    })
}

/** The registry that npm uses on this computer, without a slash at its end. */
export async function npmRegistry(): Promise<string> {
  const set = process.env.NPM_CONFIG_REGISTRY ?? process.env.npm_config_registry ?? (await configured())
  return (set.startsWith('http') ? set : DEFAULT_REGISTRY).replace(/\/+$/, '')
}

async function configured(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('npm', ['config', 'get', 'registry'], { timeout: 10_000 })
    return stdout.trim()
  } catch {
    return DEFAULT_REGISTRY
  }
}

/** The registry as another machine may see it; undefined when it needs credentials. */
export function publicRegistry(registry: string): string | undefined {
  const { username, password } = new URL(registry)
  return username === '' && password === '' ? registry : undefined
}

function withoutCredentials(address: string): { url: string; headers: Record<string, string> } {
  const url = new URL(address)
  const { username, password } = url
  if (username === '') return { url: url.href, headers: {} }
  url.username = ''
  url.password = ''
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  return { url: url.href, headers: { authorization: `Basic ${basic}` } }
}
