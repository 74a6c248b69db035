import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type * as z from 'zod'

/** Ends the name of a file that is being written; whoever finds one after a crash may delete it. */
export const UNFINISHED = '.tmp'

const unfinished = (path: string) => `${path}.${randomBytes(4).toString('hex')}${UNFINISHED}`

/** Replaces a file (0600) so that it holds the old or the new content, whatever dies: this process, or the machine. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = unfinished(path)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Replaces a file (0600) at once, safe against this process's death; after the machine's, it may be the old one. */
export function replaceFile(path: string, content: string, mode = 0o600): void {
  const temporary = unfinished(path)
  try {
    writeFileSync(temporary, content, { mode, flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** The file's content by its schema; undefined when there is none, or when it is not of that form. */
export function readRecord<S extends z.ZodType>(path: string, schema: S): z.output<S> | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
}
