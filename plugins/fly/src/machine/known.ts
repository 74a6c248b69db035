import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { keyHash } from './names.ts'

/** How an app is reached: what a list needs, and no secret. */
export const AppPlace = z.object({
  app: z.string(),
  api: z.string().optional(),
  logs: z.string().optional(),
  tokenFile: z.string().optional(),
})
export interface AppPlace {
  app: string
  api?: string | undefined
  logs?: string | undefined
  tokenFile?: string | undefined
}

/**
 * Keeps, below `<home>/fly`, which apps machines were made in, and for which keys volumes were, before they are: who knows nothing but the
 * home finds them all again, and knows a volume that is just being made from one that was left behind.
 */
export async function rememberApp(home: string, place: AppPlace): Promise<void> {
  await keep(join(home, 'fly', 'apps'), `${place.app}.json`, JSON.stringify(AppPlace.parse(place)))
}

export async function knownApps(home: string): Promise<AppPlace[]> {
  const folder = join(home, 'fly', 'apps')
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'))
  return Promise.all(names.map(async (name) => AppPlace.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))))
}

/** Volumes have no metadata, and names too short for a key. */
export async function rememberKey(home: string, key: string): Promise<void> {
  await keep(join(home, 'fly', 'keys'), keyHash(key), key)
}

/** The key whose volume this is by its name. */
export async function keyOfVolume(home: string, name: string): Promise<string | undefined> {
  const hash = name.split('_').at(-1) ?? ''
  if (!/^[0-9a-f]+$/.test(hash)) return undefined
  return readFile(join(home, 'fly', 'keys', hash), 'utf8').catch(() => undefined)
}

export async function forgetKey(home: string, key: string): Promise<void> {
  await rm(join(home, 'fly', 'keys', keyHash(key)), { force: true })
}

async function keep(folder: string, name: string, text: string): Promise<void> {
  const file = join(folder, name)
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = `${file}.${randomBytes(4).toString('hex')}.new`
  await writeFile(temporary, text, { mode: 0o600, flush: true })
  await rename(temporary, file)
}
