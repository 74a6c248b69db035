import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { seededRandom } from '../kill.ts'
import { GIT_ENV, git, initRepository } from './git.ts'

/** Raise it when what is generated changes: the cached repository of the old form is then not used again. */
const FORM = 1

/**
 * A repository of many files with sizes as in real ones (half under 1.5 kB, some of 100 kB), in some thousand folders. It is made
 * once and cached under `skein-fixtures` in the system's temporary folder, the one thing of the testkit that stays behind; each
 * call clones it with hard links.
 */
export async function largeRepository(dir: string, files = 50_000): Promise<string> {
  const cached = await cachedRepository(files)
  await mkdir(dirname(dir), { recursive: true })
  await git(dirname(dir), ['clone', '--quiet', '--local', '--template=', cached, dir])
  await git(dir, ['remote', 'remove', 'origin'])
  return dir
}

async function cachedRepository(files: number): Promise<string> {
  const version = createHash('sha256').update(`${FORM}/${files}`).digest('hex').slice(0, 12)
  const cache = join(tmpdir(), 'skein-fixtures', version)
  if (existsSync(cache)) return cache
  await mkdir(dirname(cache), { recursive: true })
  const draft = await mkdtemp(join(dirname(cache), 'draft-'))
  try {
    await initRepository(draft)
    await git(draft, ['fast-import', '--quiet'], { input: Readable.from(importStream(files)) })
    // Two tests may have made it at once: the first to rename wins, the other's draft is thrown away.
    await rename(draft, cache).catch((error: unknown) => {
      if (!existsSync(cache)) throw error
    })
    return cache
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** One commit as `git fast-import` reads it. */
function* importStream(files: number): Generator<Buffer> {
  const random = seededRandom(files)
  const lines = vocabulary(random)
  const who = `${GIT_ENV.GIT_AUTHOR_NAME} <${GIT_ENV.GIT_AUTHOR_EMAIL}> 1767268800 +0000`
  const message = `A repository of ${files} files\n`
  yield Buffer.from(`commit refs/heads/main\ncommitter ${who}\ndata ${message.length}\n${message}`)
  for (let n = 0; n < files; n++) {
    const content = Buffer.from(source(n, random, lines))
    yield Buffer.from(`M 100644 inline ${pathOf(n)}\ndata ${content.length}\n`)
    yield content
    yield Buffer.from('\n')
  }
}

function pathOf(n: number): string {
  const extension = ['ts', 'ts', 'ts', 'tsx', 'css', 'json', 'md'][n % 7]
  const area = String(n % 97).padStart(2, '0')
  return `packages/area-${area}/src/feature-${Math.floor(n / 97) % 41}/file-${n}.${extension}`
}

/** Sizes are log-normal: a median of 1.5 kB, a mean of about 3 kB, at most 100 kB. */
function source(n: number, random: () => number, lines: string[]): string {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const size = Math.min(100_000, 1_500 * Math.exp(1.2 * normal))
  let content = `// file ${n}\n`
  while (content.length < size) content += lines[Math.floor(random() * lines.length)]
  return content
}

function vocabulary(random: () => number): string[] {
  const words = 'account batch cache draft event frame group handle index journal key lease merge node offset'.split(
    ' ',
  )
  const word = () => words[Math.floor(random() * words.length)]
  return Array.from(
    { length: 4_000 },
    (_, n) => `  const ${word()}${n} = ${word()}.${word()}(${word()}, '${word()}-${n}')\n`,
  )
}
