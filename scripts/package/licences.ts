import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  name: string
  version: string
  license?: string
  dependencies?: Record<string, string>
}

/** What the licences of the packages that are bundled ask to have said, those of the web app included. */
export function licences(root: string, bundled: readonly string[]): string {
  const names = new Set(bundled)
  addDependencies(root, manifestOf(join(root, 'packages/web')), names)
  const parts = [...names].sort().map((name) => {
    const folder = join(root, 'node_modules', name)
    const { version, license = 'unknown' } = manifestOf(folder)
    const [file] = globSync('{LICEN[CS]E,licen[cs]e}*', { cwd: folder })
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : `${readFileSync(join(folder, file), 'utf8').trim()}\n`}`
  })
  return `Skein's bundles hold parts of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

function addDependencies(root: string, { dependencies = {} }: Manifest, names: Set<string>): void {
  for (const name of Object.keys(dependencies)) {
    const folder = join(root, 'node_modules', name)
    if (names.has(name) || name.startsWith('@skein/') || !existsSync(folder)) continue
    names.add(name)
    addDependencies(root, manifestOf(folder), names)
  }
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}
