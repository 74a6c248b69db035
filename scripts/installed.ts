import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/*
 * Exits with 0 if everything that package-lock.json asks for on this platform is in node_modules, in that version. The launcher
 * asks, so that a lock file that is merely newer makes nobody install again. Imports nothing that would have to be installed.
 */

interface Locked {
  readonly version?: string
  readonly link?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
}

function isInstalled(root: string): boolean {
  // npm writes it when all else is in place.
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  return Object.entries(packages)
    .filter(([path]) => path.includes('node_modules/'))
    .every(([path, locked]) => isThere(join(root, path), locked) || (locked.optional === true && !isForUs(locked)))
}

function isThere(folder: string, { link, version }: Locked): boolean {
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest)) return false
  return link === true || (JSON.parse(readFileSync(manifest, 'utf8')) as Locked).version === version
}

/**
 * An optional package is missed only if it names our platform and no libc: of those for a certain libc npm picks one, and those
 * that name no platform may belong to one that is not for us.
 */
function isForUs({ os, cpu, libc }: Locked): boolean {
  if (libc !== undefined || (os === undefined && cpu === undefined)) return false
  return allows(os, process.platform) && allows(cpu, process.arch)
}

function allows(list: readonly string[] | undefined, ours: string): boolean {
  if (list === undefined) return true
  return list.includes(`!${ours}`) ? false : list.includes(ours) || list.every((each) => each.startsWith('!'))
}

process.exitCode = isInstalled(join(import.meta.dirname, '..')) ? 0 : 1
