/** A Unix socket's path may have 104 bytes on macOS and 108 on Linux; the rest is room for the name it is bound under first. */
const LONGEST = 90

/**
 * Where the runner of a state folder (absolute path) listens: inside of it, or, where that path is too long for a socket, in
 * `socketFallbackFolder()`. `runner start` prints it too.
 */
export function socketPath(dir: string): string {
  const folder = dir.replace(/\/+$/, '')
  const inside = `${folder}/sock`
  if (new TextEncoder().encode(inside).length <= LONGEST) return inside
  return `${socketFallbackFolder()}/${fingerprint(folder)}.sock`
}

/** The folder for sockets of state folders with long paths. It must be 0700, no link, and ours; whoever uses it verifies that. */
export function socketFallbackFolder(): string {
  // As node's os.tmpdir(), which a browser that loads this package has not.
  const temporary = process.env.TMPDIR || process.env.TMP || process.env.TEMP || '/tmp'
  return `${temporary.replace(/\/+$/, '')}/skein-${process.getuid?.() ?? 0}`
}

/** FNV-1a, 64 bits: names a folder, guards nothing. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text))
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  return hash.toString(16).padStart(16, '0')
}
