import type { FileDiffMetadata } from '@pierre/diffs'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { parseDiff } from './parse-diff.ts'
import { pathsOfSection } from './section-paths.ts'

/** One `@@` block of a file's patch. Lines count from 1. */
export interface PatchHunk {
  index: number
  oldStart: number
  oldCount: number
  newStart: number
  newCount: number
  /** Where it stands in the section's text. */
  from: number
  to: number
}

/** The patch of one file, as the server sent it. */
export interface FilePatch {
  path: string
  oldPath: string | undefined
  /** Names this content: both blobs, and the modes. Equal versions of a path are equal patches. */
  version: string
  text: string
  binary: boolean
}

export type Side = 'old' | 'new'

export function readFilePatch(text: string): FilePatch {
  const { path, oldPath } = pathsOfSection(text)
  const header = headerOf(text)
  const blobs = /^index (\S+)/m.exec(header)?.[1] ?? ''
  const modes = [...header.matchAll(/^(?:old mode|new mode|new file mode|deleted file mode) .+$/gm)].join(';')
  const binary = /^(?:GIT binary patch|Binary files .*)$/m.test(header)
  // The same blobs may be shown with more context, or without white space.
  return { path, oldPath, version: `${blobs};${modes};${text.length}`, text, binary }
}

/** The diff as the viewer takes it; ask only for files that are open. */
export function parseFilePatch(patch: FilePatch, cacheKey: string): FileDiffMetadata | undefined {
  const diff = parseDiff(visibleCharacters(patch.text), cacheKey)
  if (!diff) return undefined
  diff.name = patch.path
  if (patch.oldPath === undefined) delete diff.prevName
  else diff.prevName = patch.oldPath
  return diff
}

/** The hunks of a patch, by a look at their headers alone. */
export function hunksOf(patch: FilePatch): PatchHunk[] {
  if (patch.binary) return []
  const hunks: PatchHunk[] = []
  for (const match of patch.text.matchAll(/^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/gm)) {
    const last = hunks.at(-1)
    if (last) last.to = match.index
    hunks.push({
      index: hunks.length,
      oldStart: Number(match[1]),
      oldCount: Number(match[2] ?? 1),
      newStart: Number(match[3]),
      newCount: Number(match[4] ?? 1),
      from: match.index,
      to: patch.text.length,
    })
  }
  return hunks
}

/** The hunk that shows a line. */
export function hunkAt(hunks: readonly PatchHunk[], side: Side, line: number): PatchHunk | undefined {
  return hunks.find((hunk) => {
    const [start, count] = side === 'old' ? [hunk.oldStart, hunk.oldCount] : [hunk.newStart, hunk.newCount]
    return line >= start && line < start + count
  })
}

/**
 * A patch of some hunks alone. It says nothing of modes, and of a rename only when it must (`rename`), so that taking a hunk back
 * does not move the file back.
 */
export function patchOfHunks(patch: FilePatch, hunks: readonly PatchHunk[], { rename }: { rename: boolean }): string {
  const body = hunks.map((hunk) => patch.text.slice(hunk.from, hunk.to)).join('')
  const header = headerOf(patch.text)
  if (rename || (patch.oldPath === undefined && !/^(?:old|new) mode /m.test(header))) return header + body
  const names = header.match(/^(?:---|\+\+\+) .*$/gm) ?? []
  const after = names.find((name) => name.startsWith('+++'))?.slice('+++ '.length) ?? `b/${patch.path}`
  const before = after.replace(/^("?)b\//, '$1a/')
  return `diff --git ${before.trimEnd()} ${after.trimEnd()}\n--- ${before}\n+++ ${after}\n${body}`
}

/** The lines of one side, as far as the patch shows them: at `line - 1`, with holes. */
export function linesOfSide(patch: FilePatch, side: Side): (string | undefined)[] {
  const lines: (string | undefined)[] = []
  for (const hunk of hunksOf(patch)) {
    let at = side === 'old' ? hunk.oldStart : hunk.newStart
    const body = patch.text.slice(hunk.from, hunk.to).split('\n').slice(1)
    for (const line of body) {
      const sign = line[0]
      if (sign !== ' ' && sign !== (side === 'old' ? '-' : '+')) continue
      while (lines.length < at - 1) lines.push(undefined)
      lines[at - 1] = line.slice(1)
      at++
    }
  }
  return lines
}

function headerOf(text: string): string {
  const first = /^@@ /m.exec(text)
  return first ? text.slice(0, first.index) : text
}
