import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DEFAULT_BASE, type ImageOptions } from './build.ts'
import { dockerfile } from './dockerfile.ts'
import { PACKAGES, type Program, type ProgramName } from './programs.ts'

/** What an image would be made of, told without an engine, and without fetching anything: another text is another image. */
export function imageRecipe(
  options: Pick<ImageOptions, 'from' | 'debootstrap' | 'debian' | 'node' | 'claude' | 'platform'>,
): string {
  const { from = DEFAULT_BASE, debootstrap = false, debian, platform = '' } = options
  const programs = (Object.keys(PACKAGES) as ProgramName[]).flatMap((name): Program[] => {
    const own = name === 'npm' ? undefined : options[name]
    if (name === 'npm' && options.node) return []
    const sha256 = own ? createHash('sha256').update(readFileSync(own)).digest('hex') : PACKAGES[name]
    return [{ name, file: name, archive: !own, sha256 }]
  })
  const base = debootstrap ? 'debootstrap' : from
  const text = dockerfile({ from: base, programs, ...(debian ? { debian } : {}) })
  return [platform, text, ...programs.map(({ sha256 }) => sha256)].join('\n')
}
