/** What `docker cp - CONTAINER:…` takes: an archive (ustar), with owners and modes of our choice. */
export interface ArchiveEntry {
  /** Relative; a folder's ends with `/`. */
  name: string
  mode: number
  uid: number
  gid: number
  content?: string
}

const BLOCK = 512

export function archive(entries: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)])
}

function blocksOf(entry: ArchiveEntry): Buffer[] {
  const content = Buffer.from(entry.content ?? '')
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  header.write(entry.name, 0, 100, 'utf8')
  octal(entry.mode, 100, 8)
  octal(entry.uid, 108, 8)
  octal(entry.gid, 116, 8)
  octal(content.length, 124, 12)
  octal(0, 136, 12)
  header.fill(' ', 148, 156)
  header.write(entry.name.endsWith('/') ? '5' : '0', 156)
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)
  return [header, content, padding]
}
