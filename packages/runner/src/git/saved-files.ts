import { copyFile, lstat, mkdir, readlink, rename, rm, rmdir, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOf } from './file-names.ts'

/** Copies of files that are about to be written over; `putBack` makes the checkout as it was. */
export interface SavedFiles {
  putBack(): Promise<void>
}

/** Saves the files and links that will change or go, into a folder. New ones are only remembered. */
export async function saveFiles(
  at: string,
  { changing, added }: { changing: readonly string[]; added: readonly string[] },
  folder: string,
): Promise<SavedFiles> {
  await mkdir(folder, { recursive: true })
  // Beyond sparse patterns a file that is tracked need not be there.
  const isThere = await Promise.all(changing.map((name) => lstat(placeOf(at, name)).then(Boolean, () => false)))
  const places = changing.filter((_, index) => isThere[index]).map((name) => placeOf(at, name))
  for (const [number, place] of places.entries()) await copyOne(place, join(folder, String(number)))
  return {
    async putBack() {
      for (const name of added) await takeAway(at, name)
      for (const [number, place] of places.entries()) {
        await mkdir(place.subarray(0, place.lastIndexOf(0x2f)), { recursive: true })
        await rm(place, { force: true })
        // The copy has to stay on its disk until the checkout has one.
        const beside = Buffer.concat([place, Buffer.from('.skein-saved')])
        await copyOne(join(folder, String(number)), beside)
        await rename(beside, place)
      }
    },
  }
}

function placeOf(at: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${at}/`), bytesOf(name)])
}

async function copyOne(from: Buffer | string, to: Buffer | string): Promise<void> {
  const stats = await lstat(from)
  if (stats.isSymbolicLink()) return symlink(await readlink(from, 'buffer'), to)
  await copyFile(from, to)
  await utimes(to, stats.atime, stats.mtime)
}

/** A new file, and the folders that were made for it. */
async function takeAway(at: string, name: string): Promise<void> {
  const place = placeOf(at, name)
  await rm(place, { force: true }).catch(() => {})
  for (let slash = place.lastIndexOf(0x2f); slash > at.length; slash = place.lastIndexOf(0x2f, slash - 1)) {
    const isEmpty = await rmdir(place.subarray(0, slash)).then(
      () => true,
      () => false,
    )
    if (!isEmpty) return
  }
}
