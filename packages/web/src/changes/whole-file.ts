import type { FileContents, FileDiffLoadedFiles, FileDiffMetadata } from '@pierre/diffs'
import type { SkeinApi } from '@skein/protocol'
import { visibleCharacters } from '../comments/visible-characters.ts'
import type { LoadedChanges } from './load-changes.ts'

/** Both sides of a changed file, whole: for unchanged lines that the patch left out. */
export async function loadWholeFile(
  api: Pick<SkeinApi, 'call'>,
  workspaceId: string,
  { base, tree }: LoadedChanges,
  diff: FileDiffMetadata,
): Promise<FileDiffLoadedFiles> {
  const read = async (name: string, at: string): Promise<FileContents> => {
    const file = await api.call('workspaces.file', { workspaceId, path: name, at })
    if (!file) throw new Error(`${name} is not there at ${at}`)
    const bytes = Uint8Array.from(atob(file.base64), (character) => character.charCodeAt(0))
    const contents = visibleCharacters(new TextDecoder().decode(bytes))
    return { name, contents, cacheKey: `${at}\n${name}` }
  }
  const [oldFile, newFile] = await Promise.all([read(diff.prevName ?? diff.name, base), read(diff.name, tree)])
  return { oldFile, newFile }
}
