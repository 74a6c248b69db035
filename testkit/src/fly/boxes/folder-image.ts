import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BoxSpec } from './box.ts'

/** An image where there is no docker: a folder that is copied over the root of a machine, and what runs there. */
export interface FolderImage {
  /** Content, at the paths that it has in the machine. */
  readonly root?: string
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly workdir?: string
  /** Its number; root unless given. */
  readonly user?: number
}

/** What runs in it. */
export function argvOf({ init }: BoxSpec, image: FolderImage): readonly string[] {
  if (init.exec !== undefined) return init.exec
  const entrypoint = init.entrypoint ?? image.entrypoint ?? []
  // As docker does: another entrypoint leaves the image's command out.
  const cmd = init.cmd ?? (init.entrypoint === undefined ? (image.cmd ?? []) : [])
  return [...entrypoint, ...cmd]
}

export function inFolder(workdir: string | undefined): string[] {
  return workdir === undefined ? [] : ['env', '-C', workdir]
}

/** As a tree of its own; resolves to its folder. */
export async function writeFiles(folder: string, { files }: BoxSpec): Promise<string> {
  for (const { path, content, mode } of files) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content, { mode: mode ?? 0o644 })
    await chmod(target, mode ?? 0o644)
  }
  return folder
}
