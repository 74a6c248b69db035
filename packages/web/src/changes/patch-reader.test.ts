import { describe, expect, it } from 'vitest'
import { PatchReader } from './patch-reader.ts'

const section = (name: string, lines: number) =>
  `diff --git a/${name} b/${name}\n--- a/${name}\n+++ b/${name}\n@@ -1,0 +1,${lines} @@\n${Array.from(
    { length: lines },
    (_, index) => `+diff --git line ${index}\n`,
  ).join('')}`

const sections = [section('one.ts', 3), section('two words.ts', 1), section('three.ts', 40)]
const patch = sections.join('')

function read(parts: string[]): string[] {
  const reader = new PatchReader()
  return [...parts.flatMap((part) => reader.push(part)), ...reader.end()]
}

describe('a patch that arrives in parts', () => {
  it('is cut into its files wherever the parts end', () => {
    for (let size = 1; size < patch.length; size += 7) {
      const parts: string[] = []
      for (let at = 0; at < patch.length; at += size) parts.push(patch.slice(at, at + size))
      expect(read(parts), `parts of ${size}`).toEqual(sections)
    }
  })

  it('gives each file as soon as the next one begins', () => {
    const reader = new PatchReader()
    expect(reader.push(sections[0] ?? '')).toEqual([])
    expect(reader.push((sections[1] ?? '').slice(0, 30))).toEqual([sections[0]])
    expect(reader.push((sections[1] ?? '').slice(30))).toEqual([])
    expect(reader.end()).toEqual([sections[1]])
  })

  it('has no files when it is empty', () => {
    expect(read([''])).toEqual([])
    expect(read([])).toEqual([])
  })
})
