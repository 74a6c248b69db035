import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineAddress } from './engine.ts'
import { installedEngines } from './find.ts'

/**
 * Keeps, below `<home>/docker`, that this engine made a container for this installation: written before a container is, so that what is on
 * another host or context is found again by who knows nothing but the home.
 */
export async function rememberEngine(home: string, address: EngineAddress): Promise<void> {
  const folder = folderOf(home)
  const text = JSON.stringify(address)
  const file = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`)
  if (existsSync(file)) return
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = `${file}.${randomBytes(4).toString('hex')}`
  await writeFile(temporary, text, { mode: 0o600, flush: true })
  await rename(temporary, file)
}

/** Those that ever made one, and those that are installed and perhaps did. */
export async function knownEngines(home: string): Promise<{ used: EngineAddress[]; installed: EngineAddress[] }> {
  const folder = folderOf(home)
  const names = await readdir(folder).catch(() => [])
  const used = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as EngineAddress),
  )
  const isUsed = ({ program }: EngineAddress) =>
    used.some((address) => address.program === program && !address.host && !address.context)
  return { used, installed: installedEngines().filter((address) => !isUsed(address)) }
}

function folderOf(home: string): string {
  return join(home, 'docker', 'engines')
}
