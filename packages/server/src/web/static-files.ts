import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import { SkeinError } from '@skein/protocol'

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}
const COMPRESSED = new Set(['.css', '.html', '.js', '.json', '.mjs', '.svg', '.txt', '.wasm', '.webmanifest'])
const SMALLEST_COMPRESSED = 1024
const compress = promisify(brotliCompress)

interface StaticFile {
  path: string
  etag: string
  type: string
  /** Its name has a hash of its content. */
  immutable: boolean
  compressible: boolean
  compressed?: Promise<Buffer<ArrayBuffer>>
}

/**
 * The built files of the web app. Only files that were found in its folder are served, each at its own path, so that no path
 * leads anywhere else. Any other path that a person may have in the address bar is the app's page.
 */
export class StaticFiles {
  readonly #folder: string
  #files: ReadonlyMap<string, StaticFile>
  #builtAt: number

  constructor(folder: string) {
    this.#folder = folder
    this.#builtAt = this.#pageTime()
    this.#files = filesIn(folder)
    if (!this.#files.has('/index.html'))
      throw new SkeinError('missing', `${folder} holds no web app`, { next: 'Build it: npm run build:web' })
  }

  async answer(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url)
    const file = this.#found(pathname, request.headers.get('sec-fetch-dest'))
    if (!file) return undefined
    const headers = new Headers({
      'content-type': file.type,
      etag: file.etag,
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    })
    if (request.headers.get('if-none-match') === file.etag) return new Response(null, { status: 304, headers })
    const bytes = readFileSync(file.path)
    if (!file.compressible || bytes.length < SMALLEST_COMPRESSED) return new Response(bytes, { headers })
    headers.set('vary', 'accept-encoding')
    if (!/\bbr\b/.test(request.headers.get('accept-encoding') ?? '')) return new Response(bytes, { headers })
    file.compressed ??= compress(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
    headers.set('content-encoding', 'br')
    return new Response(await file.compressed, { headers })
  }

  #found(pathname: string, destination: string | null): StaticFile | undefined {
    this.#reread()
    const file = this.#files.get(pathname)
    if (file) return file
    // What a page loads and is not there must not be answered with a page.
    const asked = destination === null || destination === 'document' || destination === 'empty'
    if (!asked || extname(pathname) !== '' || pathname.startsWith('/v1/')) return undefined
    return this.#files.get('/index.html')
  }

  /** A checkout may be built again under a server that runs. */
  #reread(): void {
    const builtAt = this.#pageTime()
    if (builtAt === this.#builtAt || builtAt === 0) return
    this.#files = filesIn(this.#folder)
    this.#builtAt = builtAt
  }

  #pageTime(): number {
    return statSync(join(this.#folder, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  }
}

function filesIn(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    // Not what a link leads to: it may lead out of the folder.
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const { mtimeMs, size } = statSync(path)
    const url = path.slice(folder.length).replaceAll('\\', '/')
    const extension = extname(entry.name)
    files.set(url, {
      path,
      etag: `"${createHash('sha256').update(`${url} ${mtimeMs} ${size}`).digest('base64url').slice(0, 22)}"`,
      type: TYPES[extension] ?? 'application/octet-stream',
      immutable: /^\/assets\/.+-[\w-]{8}\.\w+$/.test(url),
      compressible: COMPRESSED.has(extension),
    })
  }
  const index = files.get('/index.html')
  if (index) files.set('/', index)
  return files
}
