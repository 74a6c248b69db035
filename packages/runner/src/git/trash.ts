import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { kindAt } from './linked-work-tree.ts'

const PREFIX = '.skein-trash-'
const NAME = /^\.skein-trash-[0-9a-f-]{36}$/

/**
 * Folders are taken away by one rename and deleted behind, one after the other, at a low priority. What a dead process
 * left lies in the same trash folder and goes with the next sweep.
 */
export class Trash implements AsyncDisposable {
  readonly #waiting = new Set<string>()
  #work: Promise<void> = Promise.resolve()
  #running: ChildProcess | undefined
  #ended = false

  /** A name in the trash for something to be renamed to; `delete` it afterwards. */
  async place(folder: string): Promise<string> {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw SkeinError.from(error, `making the trash ${folder}`)
    })
    return join(folder, `${PREFIX}${randomUUID()}`)
  }

  /** Renames a folder into the trash, or beside itself where the trash is on another disk. False: it was not there. */
  async take(path: string, folder: string): Promise<boolean> {
    const kind = await kindAt(path)
    if (kind === 'none') return false
    const place = await this.place(folder)
    try {
      await rename(path, place)
      this.delete(place)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ENOENT') return false
      if (code !== 'EXDEV') throw SkeinError.from(error, `moving ${path} into the trash`)
      const beside = join(dirname(path), `${PREFIX}${randomUUID()}`)
      await rename(path, beside)
      this.delete(beside)
    }
    return true
  }

  /** Deletes it behind. */
  delete(path: string): void {
    if (this.#ended || this.#waiting.has(path)) return
    this.#waiting.add(path)
    this.#work = this.#work.then(async () => {
      if (!this.#ended) await this.#remove(path)
      this.#waiting.delete(path)
    })
  }

  /** Deletes what was left in a folder by processes that ended before they were done. */
  async sweep(folder: string): Promise<void> {
    for (const name of await readdir(folder).catch(() => [])) if (NAME.test(name)) this.delete(join(folder, name))
  }

  /** Resolves once everything asked for so far is gone. */
  async settled(): Promise<void> {
    await this.#work
  }

  /** Ends the deletion; the rest goes with the next sweep. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#running?.kill()
    await this.#work
  }

  async #remove(path: string): Promise<void> {
    if (await this.#run('rm', ['-rf', '--', path])) return
    // A folder without the write bit (Go's module cache) keeps its files.
    if (this.#ended) return
    await this.#run('chmod', ['-R', 'u+rwX', '--', path])
    await this.#run('rm', ['-rf', '--', path])
  }

  async #run(command: string, args: readonly string[]): Promise<boolean> {
    // Low and not idle: under load an idle process never comes to run, and the disk fills.
    const ways = [['ionice', '-c2', '-n7', 'nice', '-n5', command], ['nice', '-n5', command], [command]]
    for (const [first = command, ...rest] of process.platform === 'linux' ? ways : ways.slice(1)) {
      const code = await this.#exit(first, [...rest, ...args])
      if (code !== 'missing') return code === 0
    }
    return false
  }

  #exit(command: string, args: readonly string[]): Promise<number | null | 'missing'> {
    return new Promise((resolve) => {
      const child = spawn(command, args, { stdio: 'ignore', cwd: '/' })
      this.#running = child
      child.on('error', () => resolve('missing'))
      child.on('exit', (code) => resolve(code))
    })
  }
}
