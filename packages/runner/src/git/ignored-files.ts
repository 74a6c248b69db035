import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { git } from './git.ts'

/**
 * Untracked files of a checkout that git ignores and that the patterns (gitignore syntax) name, sorted. A folder of which all
 * is meant stands for its content and ends with a slash.
 */
export async function ignoredAndWanted(
  at: string,
  patterns: readonly string[],
  scratch: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const file = join(scratch, 'patterns')
  await writeFile(file, patterns.map((pattern) => `${pattern}\n`).join(''))
  const [ignored, wanted] = await Promise.all([
    untracked(at, '--exclude-standard', signal),
    untracked(at, `--exclude-from=${file}`, signal),
  ])
  return inBoth(ignored, wanted)
}

async function untracked(at: string, exclude: string, signal?: AbortSignal): Promise<string[]> {
  const { stdout } = await git(['ls-files', '--others', '--ignored', '--directory', '-z', exclude], {
    doing: `looking for ignored files in ${at}`,
    at,
    signal,
  })
  const names = stdout
    .toString('utf8')
    .split('\0')
    .filter((name) => name !== '')
    .sort()
  // A folder that no pattern names, but all of whose files one does, is listed before these: they are enough.
  return names.filter((name, index) => !name.endsWith('/') || !names[index + 1]?.startsWith(name))
}

/** What two lists have in common, where a folder stands for all that is in it. */
export function inBoth(one: readonly string[], other: readonly string[]): string[] {
  return [...new Set([...coveredBy(one, other), ...coveredBy(other, one)])].sort()
}

function coveredBy(names: readonly string[], list: readonly string[]): string[] {
  const set = new Set(list)
  return names.filter((name) => {
    if (set.has(name)) return true
    for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) {
      if (set.has(name.slice(0, slash + 1))) return true
    }
    return false
  })
}
