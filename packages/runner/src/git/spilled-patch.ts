import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { binaryPatch } from './binary-patch.ts'
import { BEGINS_FILE, type PatchHeader, parseHeader } from './patch-sections.ts'

/** A piece of the patch of one file, cut at a character. */
interface Segment {
  file: number
  bytes: number
  /** UTF-16 units, as JavaScript counts. */
  characters: number
}

/** A patch on disk, and where its files and characters are. */
export interface SpilledPatch {
  files: { oldPath: string; path: string }[]
  segments: Segment[]
}

const PATCH = 'patch'
const OUTLINE = 'outline.json'
export const MOST_IN_PART = 512 * 1024
const SEGMENT = 128 * 1024

/**
 * Writes what git gave (`raw`) into a folder as UTF-8 that loses nothing: a file whose lines are not UTF-8 becomes a binary
 * patch of its two contents, which `blob` gives.
 */
export async function spill(folder: string, raw: string, blob: (id: string) => Promise<Buffer>): Promise<SpilledPatch> {
  const outline: SpilledPatch = { files: [], segments: [] }
  const out = await open(join(folder, PATCH), 'w')
  try {
    for await (const section of sectionsOf(raw)) await writeSection(out, outline, section, blob)
  } finally {
    await out.close()
  }
  await writeFile(join(folder, OUTLINE), JSON.stringify(outline))
  return outline
}

/** The outline of a patch that was spilled before; undefined when there is none. */
export async function spilled(folder: string): Promise<SpilledPatch | undefined> {
  const text = await readFile(join(folder, OUTLINE), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as SpilledPatch)
}

/** At most 512 KiB of the patch of some files (all when undefined), from a character on. */
export async function readPart(
  folder: string,
  { files, segments }: SpilledPatch,
  { paths, offset }: { paths: readonly string[] | undefined; offset: number },
): Promise<{ patch: string; eof: boolean }> {
  const wanted = new Set(files.flatMap((file, index) => (paths === undefined || isBelow(file, paths) ? [index] : [])))
  const file = await open(join(folder, PATCH), 'r')
  try {
    let patch = ''
    let bytes = 0
    let position = 0
    let skip = offset
    for (const segment of segments) {
      const start = position
      position += segment.bytes
      if (!wanted.has(segment.file)) continue
      if (skip >= segment.characters) {
        skip -= segment.characters
        continue
      }
      if (bytes + segment.bytes > MOST_IN_PART) return { patch, eof: false }
      const buffer = Buffer.alloc(segment.bytes)
      await file.read(buffer, 0, segment.bytes, start)
      patch += buffer.toString('utf8').slice(skip)
      bytes += segment.bytes
      skip = 0
    }
    return { patch, eof: true }
  } finally {
    await file.close()
  }
}

function isBelow({ oldPath, path }: { oldPath: string; path: string }, paths: readonly string[]): boolean {
  return paths.some((one) => {
    const folder = one.endsWith('/') ? one : `${one}/`
    return [oldPath, path].some((name) => name === one || name.startsWith(folder))
  })
}

interface Section {
  header: Buffer[]
  /** The lines after the header, read once. */
  body: AsyncGenerator<Buffer>
}

/** The parts of the patch, file by file; a body must be read to its end before the next part. */
async function* sectionsOf(raw: string): AsyncGenerator<Section> {
  const lines = linesOf(raw)
  let line = (await lines.next()).value
  while (line !== undefined) {
    const header: Buffer[] = [line]
    for (line = (await lines.next()).value; line !== undefined && isHeader(line); line = (await lines.next()).value) {
      header.push(line)
    }
    const body = async function* () {
      for (; line !== undefined && !begins(line, BEGINS_FILE); line = (await lines.next()).value) yield line
    }
    yield { header, body: body() }
  }
}

const BEGINS_CONTENT = ['--- ', 'GIT binary patch', 'Binary files ', 'diff --git '].map((text) => Buffer.from(text))

function isHeader(line: Buffer): boolean {
  return !BEGINS_CONTENT.some((text) => begins(line, text))
}

function begins(line: Buffer, text: Buffer): boolean {
  return line.subarray(0, text.length).equals(text)
}

/** Lines with their newline; a long line comes whole. */
async function* linesOf(path: string): AsyncGenerator<Buffer, undefined> {
  let rest: Buffer[] = []
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const bytes = chunk as Buffer
    let start = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      const line = bytes.subarray(start, end + 1)
      yield rest.length === 0 ? line : Buffer.concat([...rest, line])
      rest = []
      start = end + 1
    }
    if (start < bytes.length) rest.push(bytes.subarray(start))
  }
  if (rest.length > 0) yield Buffer.concat(rest)
  return undefined
}

async function writeSection(
  out: FileHandle,
  outline: SpilledPatch,
  section: Section,
  blob: (id: string) => Promise<Buffer>,
): Promise<void> {
  const header = parseHeader(section.header.map((line) => line.toString('utf8').replace(/\n$/, '')))
  outline.files.push({ oldPath: header.oldPath, path: header.path })
  const start = { bytes: (await out.stat()).size, segments: outline.segments.length }
  const writer = new SegmentWriter(out, outline, start.bytes)
  for (const line of section.header) await writer.write(line)
  for await (const line of section.body) {
    if (writer.lossless) await writer.write(line)
    if (!isUtf8(line)) writer.lossless = false
  }
  if (writer.lossless) return writer.end()
  await out.truncate(start.bytes)
  outline.segments.length = start.segments
  const replacement = new SegmentWriter(out, outline, start.bytes)
  for (const line of section.header) await replacement.write(line)
  await replacement.write(Buffer.from(await contentsAsPatch(header, blob)))
  await replacement.end()
}

async function contentsAsPatch({ before, after }: PatchHeader, blob: (id: string) => Promise<Buffer>): Promise<string> {
  const content = async (id: string | undefined) =>
    id === undefined || /^0+$/.test(id) ? Buffer.alloc(0) : await blob(id)
  return binaryPatch(await content(before), await content(after))
}

/** Writes lines in segments of bounded size, each cut at a character. */
class SegmentWriter {
  readonly #out: FileHandle
  readonly #outline: SpilledPatch
  #position: number
  #lines: Buffer[] = []
  #size = 0
  lossless = true

  constructor(out: FileHandle, outline: SpilledPatch, position: number) {
    this.#out = out
    this.#outline = outline
    this.#position = position
  }

  async write(line: Buffer): Promise<void> {
    this.#lines.push(line)
    this.#size += line.length
    if (this.#size >= SEGMENT) await this.end()
  }

  async end(): Promise<void> {
    const bytes = Buffer.concat(this.#lines)
    this.#lines = []
    this.#size = 0
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, cutAtCharacter(bytes, at + SEGMENT))
      await this.#out.write(part, 0, part.length, this.#position)
      this.#position += part.length
      at += part.length
      const file = this.#outline.files.length - 1
      this.#outline.segments.push({ file, bytes: part.length, characters: part.toString('utf8').length })
    }
  }
}

/** The last position up to `at` that is not inside a character's UTF-8. */
function cutAtCharacter(bytes: Buffer, at: number): number {
  let cut = Math.min(at, bytes.length)
  while (cut < bytes.length && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--
  return cut
}
